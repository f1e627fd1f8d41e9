"""A policy as one table for people: what waits for a decision first, with short reasons that unfold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leverkit.policy.decision import Decision, Value
from leverkit.policy.suggestion import BECAUSE
from leverkit.report.html import Html, table
from leverkit.report.text import count, share

SHOWN = 20  # rows before the table unfolds
_REASON = Html("<details><summary>{}</summary>{}</details>")


def policy_table(decisions: Sequence[Decision], source: str) -> Html:
    """Return the tags with gaps as markup: undecided ones first, in the order of the file `source`."""
    import pandas as pd

    rows = [row for row in decisions if row.evidence.get("missing") != 0 and not row.from_posting]
    rows.sort(key=lambda row: not row.needs_decision)
    postings = sum(row.from_posting for row in decisions)
    rest = len(decisions) - len(rows) - postings
    caption = (
        f"{count(len(rows), 'tag')} with gaps: undecided ones first, then by the taggings at stake, most "
        f"first. Not shown: {count(postings, 'tag')} from postings, {count(rest, 'tag')} without a gap."
    )
    columns = ["Tag", "Decided", "Suggested", "Gaps", "People", "At stake", "Why"]
    frame = pd.DataFrame(map(_cells, rows), columns=columns)
    return table(frame, limit=SHOWN, caption=caption, rows=Path(source) if source else None)


def scope_table(decisions: Sequence[Decision], caption: str) -> Html:
    """Return how many tags are suggested and decided as what, the most first."""
    import pandas as pd

    numbers = Counter(
        ("–" if row.confidence is None else row.suggested_scope, _decided(row)) for row in decisions
    )
    rows = [(*pair, number) for pair, number in numbers.most_common()]
    return table(pd.DataFrame(rows, columns=["Suggested", "Decided", "Tags"]), caption=caption)


def _decided(row: Decision) -> str:
    if row.scope != row.standing:
        return "not yet, near-duplicate"
    return "–" if row.scope == "undecided" else row.scope


def _cells(row: Decision) -> tuple[object, ...]:
    decided = _decided(row)
    suggested = "–" if row.confidence is None else f"{row.suggested_scope}, {share(row.confidence)}"
    figures = [row.evidence.get(name) for name in ("missing", "inconsistent_contacts", "at_stake")]
    return row.tag, decided, suggested, *map(_whole, figures), reason(row.reason)


def _whole(value: Value) -> int | None:
    return round(value) if isinstance(value, int | float) else None


def reason(text: str) -> Html:
    """Return a reason as markup: the short one, which unfolds to the long one."""
    short, _, long = text.partition(BECAUSE)
    return _REASON.format(short, long) if long else Html("{}").format(short)
