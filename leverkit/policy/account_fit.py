"""Whether the rows of policy.csv are about the tags of an account: their names, and their evidence.

A spreadsheet can damage a name, save it in another code page, or sort one column alone. Then a decision
stands beside a tag that nobody decided on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from leverkit.analysis.texts.spelling_form import loose
from leverkit.errors import UsageError, did_you_mean
from leverkit.policy.decision import COUNTS, Decision
from leverkit.report.text import count
from leverkit.snapshot.gaps import WITH_HOLDINGS
from leverkit.storage.typed_date import days

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

Figures = tuple[int, ...]  # in the order of COUNTS
SHOWN = 3
NOTHING = "nothing is planned for"
LARGE = 20  # opportunities of a tag, from which its evidence is compared though the account has changed
FACTOR = 4  # how many times as many opportunities a tag has, seldom within the life of a policy

_FIGURES = f"""{WITH_HOLDINGS},
    every AS (
        SELECT tag, count(*) AS opportunities, count(DISTINCT contact) AS contacts
        FROM (SELECT contact, unnest(list_distinct(tags)) AS tag FROM opportunities) GROUP BY tag),
    siblings AS (
        SELECT tag, count(*) AS split_contacts, count(*) FILTER (lack > 0) AS inconsistent_contacts,
               sum(have_named) AS present, sum(lack) AS missing FROM holdings GROUP BY tag)
    SELECT tag, opportunities, contacts, coalesce(split_contacts, 0), coalesce(inconsistent_contacts, 0),
           coalesce(present, 0)::BIGINT, coalesce(missing, 0)::BIGINT
    FROM every LEFT JOIN siblings USING (tag)"""


def require_fit(rows: Sequence[Decision], snapshot: Snapshot, *, source: str, utf8: bool = True) -> None:
    """Raise UsageError where decided rows cannot be about the tags of the snapshot that they name."""
    if not utf8:
        require_known(rows, present_tags(snapshot), source=source)
    if any(row.is_decided and row.evidence.get("opportunities") is not None for row in rows):
        figures = {tag: tuple(rest) for tag, *rest in snapshot.sql(_FIGURES).fetchall()}
        require_own_evidence(rows, figures, source=source)


def require_fit_to(newer: Sequence[Decision], rows: Sequence[Decision], *, source: str, utf8: bool) -> None:
    """Raise UsageError where writing `newer` over these rows would spoil tags, or hide misplaced evidence."""
    if not utf8:
        require_known(rows, {row.tag for row in newer}, source=source)
    figures = {row.tag: found for row in newer if (found := _figures(row))}
    require_own_evidence(rows, figures, source=source)


def present_tags(snapshot: Snapshot) -> frozenset[str]:
    """Return the tags of a snapshot."""
    return frozenset(str(text) for (text,) in snapshot.sql("SELECT text FROM tags").fetchall())


def require_known(rows: Iterable[Decision], tags: Collection[str], *, source: str) -> None:
    """Raise UsageError where a file whose code page was guessed names tags that the account does not have."""
    strange = [row.tag for row in rows if not row.tag.isascii() and row.tag not in tags]
    if strange:
        number = count(len(strange), "tag is", "tags are")
        raise UsageError(
            f"{source}: the file is not UTF-8, and as Windows-1252 {number} not in the account "
            f"({some(strange)}): save it as CSV UTF-8"
        )


def require_own_evidence(
    rows: Sequence[Decision], figures: Mapping[str, Figures], *, source: str = ""
) -> None:
    """Raise UsageError naming the decided rows whose evidence is that of other tags.

    `figures` is the evidence of each tag by the account. Rows whose evidence is merely of another day fit.
    """
    strange = [row for row in misplaced(rows, figures) if row.is_decided]
    if not strange:
        return
    named = "; ".join(
        f"tag {row.tag!r} has {count(figures[row.tag][0], 'opportunity', 'opportunities')}, its row says "
        f"{row.evidence['opportunities']:,}"
        for row in strange[:SHOWN]
    )
    more = f"; and {len(strange) - SHOWN:,} more" if len(strange) > SHOWN else ""
    raise UsageError(
        f"{source or 'policy'}: the evidence in {count(len(strange), 'decided row')} is that of other tags, "
        f"so a column was probably sorted or moved alone: {named}{more}. Take the file from before that. "
        f"If the decisions are right, delete the columns {COUNTS[0]} to {COUNTS[-1]} and suggest again"
    )


def misplaced(rows: Sequence[Decision], figures: Mapping[str, Figures]) -> list[Decision]:
    """Return the rows whose evidence is that of other tags; none where the account merely has changed.

    Evidence of another tag is known by its equal figures, where more rows have those than have figures that
    no tag has; or else where most of the large tags have many times as many opportunities, or as few.
    """
    known = [(row, found) for row in rows if row.tag in figures and (found := _figures(row))]
    other = [(row, found) for row, found in known if found != figures[row.tag]]
    holders = Counter(figures.values())
    foreign = [(row, found) for row, found in other if holders[found]]
    sure = [
        row
        for row, found in foreign
        if holders[found] == 1 or _far(found[0], figures[row.tag][0], least=FACTOR + 1)
    ]
    if len(sure) > len(other) - len(foreign):
        return [row for row, _ in foreign]
    large = [(row, found[0], figures[row.tag][0]) for row, found in known if _is_large(found, row, figures)]
    far = [row for row, then, now in large if _far(then, now, least=LARGE)]
    return far if len(far) > max(2, len(large) // 2) else []


def _is_large(found: Figures, row: Decision, figures: Mapping[str, Figures]) -> bool:
    return max(found[0], figures[row.tag][0]) >= LARGE


def _far(one: int, other: int, *, least: int) -> bool:
    return max(one, other) >= least and max(one, other) > FACTOR * min(one, other)


def _figures(row: Decision) -> Figures | None:
    """Return the evidence of a row as numbers; None where a column is missing or spoilt."""
    values = [row.evidence.get(name) for name in COUNTS]
    whole = tuple(value for value in values if isinstance(value, int))
    return whole if len(whole) == len(COUNTS) else None


def nowhere(rows: Iterable[Decision], tags: Collection[str]) -> str:
    """Return in a sentence the contact tags that the account does not have; empty where it has all."""
    found = [row.tag for row in rows if row.standing == "contact" and row.tag not in tags]
    if not found:
        return ""
    hints = (nearest(tag, tags).removeprefix("; ") for tag in found[:SHOWN])
    named = [f"{tag!r} ({hint})" if hint else repr(tag) for tag, hint in zip(found, hints, strict=False)]
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    number = count(len(found), "contact tag is", "contact tags are")
    it = "it" if len(found) == 1 else "them"
    return f"{number} not in the snapshot, {NOTHING} {it}: {', '.join(named)}{more}"


def nearest(tag: str, tags: Collection[str]) -> str:
    """Return `; did you mean …?` for the tag that another spelling or form of a date may mean."""
    same = [text for text in tags if loose(text) == loose(tag)]
    same = same or [text for text in tags if days(tag) & days(text)]
    return did_you_mean(same[0], same) if same else did_you_mean(tag, tags)


def some(tags: Sequence[str]) -> str:
    """Return the first of some tags, quoted, and how many more there are."""
    more = f" and {len(tags) - SHOWN:,} more" if len(tags) > SHOWN else ""
    return ", ".join(map(repr, tags[:SHOWN])) + more
