"""Decide on tags one by one in policy.csv: the review widget without Jupyter.

Every decision is written to the file at once, atomically, under a lock, on top of what the file holds now.
Where somebody else decided on the same tag meanwhile, their decision is shown and not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.policy.decision import FAMILY, SUGGESTION, Decision
from leverkit.policy.policy import Policy
from leverkit.policy.policy_file import overwritten_decisions
from leverkit.policy.questions import Item, items, left, questions
from leverkit.report.text import count

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("undecided", "everything", "contact", "opportunity", "ignore")
ORDERS = ("at stake", "missing", "confidence", "tag")


@dataclass(frozen=True)
class View:
    """What of the policy is shown: one page of the tags that contain `text`, of a scope, in an order."""

    text: str = ""
    shown: str = "undecided"
    order: str = "at stake"
    page: int = 0
    size: int = 12


@dataclass(frozen=True)
class Page:
    """Items to show, of `total` tags; `page` of `pages` is counted from 0."""

    items: tuple[Item, ...]
    total: int
    page: int
    pages: int

    @property
    def decisions(self) -> list[Decision]:
        """Return the decisions on the page, those of families too."""
        return [row for item in self.items for row in item.decisions]


class Review:
    """Decisions of one person in a policy file; `by` is their name.

    `gains` is a frame (contact, tag, adds) of what a plan would add for each tag: `forecast` counts with it.
    Raises UsageError where the file cannot be read.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        by: str,
        gains: pd.DataFrame | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.path, self.by = Path(path), by
        self.policy = Policy.read(path)
        self._gains = gains
        self._now = now or (lambda: datetime.now(UTC))
        self._done: list[dict[str, tuple[Decision, Decision]]] = []

    def look(self, view: View) -> Page:
        """Return the page of decisions that a view shows; a page beyond the last is the last."""
        wanted = view.text.strip().casefold()
        rows = [row for row in self.policy.decisions if wanted in row.tag.casefold() and _shown(row, view)]
        found = sorted(items(rows), key=lambda item: _order(item, view.order))
        pages = max(1, ceil(len(found) / view.size))
        page = min(max(view.page, 0), pages - 1)
        return Page(tuple(found[page * view.size : (page + 1) * view.size]), len(rows), page, pages)

    def decide(self, scopes: Mapping[str, str], *, decided_with: str = "") -> list[str]:
        """Decide on tags (tag to scope) in the file; return one line per decision of others that stands.

        `decided_with` is `family` or `suggestion` where tags are decided at once. Raises UsageError on an
        unknown tag or scope.
        """

        def decided(fresh: Policy) -> Policy:
            own = self._unchanged(fresh, scopes)
            return fresh.decide(own, by=self.by, at=self._now(), decided_with=decided_with)

        return self._change(decided)

    def decide_family(self, tags: Collection[str], scope: str) -> list[str]:
        """Decide on tags of a family at once; return as `decide`.

        What somebody else decided on a tag's own row stays. `contact` leaves out tags of postings.
        """
        rows = _by_tag(self.policy)
        posted = [tag for tag in tags if scope == "contact" and tag in rows and rows[tag].from_posting]
        others = [row for tag in tags if (row := rows.get(tag)) and row.is_own and row.decided_by != self.by]
        kept = [row.tag for row in others if row.scope != scope]
        lines = self.decide(dict.fromkeys({*tags}.difference(posted, kept), scope), decided_with=FAMILY)
        if kept:
            lines.append(f"{count(len(kept), 'tag')} not changed: somebody else decided on its own row")
        if posted:
            what = f"{count(len(posted), 'tag')} of postings not decided"
            lines.append(f"{what}: such a tag is about one opportunity")
        return lines

    def note(self, tag: str, text: str) -> list[str]:
        """Write a note on a tag into the file; return as `decide`. Raises UsageError on an unknown tag."""

        def noted(fresh: Policy) -> Policy:
            rows = _by_tag(fresh)
            if tag not in rows:
                raise UsageError(f"no such tag in the policy: {tag!r}")
            return fresh.replaced({tag: replace(rows[tag], note=text)})

        return self._change(noted)

    def accept(self, confidence: float) -> list[str]:
        """Decide all undecided tags as suggested, where the confidence is at least this (0 to 1)."""
        return self.decide(self.acceptable(confidence), decided_with=SUGGESTION)

    def acceptable(self, confidence: float) -> dict[str, str]:
        """Return the decisions that `accept` would make."""
        return self.policy.acceptable(confidence)

    def undo(self) -> list[str]:
        """Take back the last decision of this review unless somebody has changed it since."""
        if not self._done:
            return ["nothing to undo"]
        last = self._done[-1]

        def restored(fresh: Policy) -> Policy:
            return fresh.replaced(
                {
                    row.tag: last[row.tag][0]
                    for row in fresh.decisions
                    if row.tag in last and row == last[row.tag][1]
                }
            )

        changes = self._change(restored)
        del self._done[-2:]  # only now, as a file that cannot be written leaves it to be undone
        return changes

    def refresh(self) -> list[str]:
        """Read the file again; return one line per decision that others made or changed."""
        fresh = Policy.read(self.path)
        changes = self._changes_of_others(fresh)
        self.policy = fresh
        return changes

    @property
    def left(self) -> str:
        """Return how much is left to decide, and what to decide first."""
        asked = "; ".join(map(str, questions(self.policy.decisions)))
        return f"{left(self.policy.decisions)}." + (f" These settle most: {asked}." if asked else "")

    @property
    def forecast(self) -> str:
        """Return what is decided and what a plan would do with it, in two sentences."""
        copied = [row for row in self.policy.decisions if row.standing == "contact"]
        people = ""
        if (gains := self._gains) is not None:
            mine = gains[gains["tag"].isin([row.tag for row in copied])]
            adds = int(mine["adds"].sum())
            people = f" to opportunities of {count(mine['contact'].nunique(), 'person', 'people')}"
        else:
            adds = sum(int(row.evidence.get("missing") or 0) for row in copied)
        return (
            f"{self.policy.summary()}. The plan would add {count(adds, 'tagging')}{people}, and remove none."
        )

    def _unchanged(self, fresh: Policy, scopes: Mapping[str, str]) -> dict[str, str]:
        """Return those of the decisions whose rows nobody else changed meanwhile."""
        known, now = _by_tag(self.policy), _by_tag(fresh)
        return {
            tag: scope
            for tag, scope in scopes.items()
            if tag not in now or tag not in known or known[tag].decision == now[tag].decision
        }

    def _change(self, change: Callable[[Policy], Policy]) -> list[str]:
        fresh, after = Policy.edit(self.path, change)
        changes = self._changes_of_others(fresh)
        before, self.policy = _by_tag(fresh), after
        self._done.append(
            {row.tag: (before[row.tag], row) for row in after.decisions if row != before[row.tag]}
        )
        return changes

    def _changes_of_others(self, fresh: Policy) -> list[str]:
        known = _by_tag(self.policy)
        changed = [
            row for row in fresh.decisions if row.tag in known and known[row.tag].decision != row.decision
        ]
        overwritten = {lost.tag: str(lost) for lost in overwritten_decisions(self.path, changed)}
        return [overwritten.get(row.tag) or _line(row) for row in changed]


def _by_tag(policy: Policy) -> dict[str, Decision]:
    return {row.tag: row for row in policy.decisions}


def _line(row: Decision) -> str:
    return f"{row.decided_by or 'somebody'} decided meanwhile: {row.tag!r} is {row.scope}"


def _shown(row: Decision, view: View) -> bool:
    """Return True if a view shows a row; `undecided` shows the rows that need a decision."""
    return row.needs_decision if view.shown == "undecided" else view.shown in ("everything", row.standing)


def _order(item: Item, order: str) -> tuple[bool, float, str]:
    """Return a sort key: by a number those of postings come last, and the largest number first."""
    name = item.name.casefold()
    if order == "tag":
        return False, 0.0, name
    if order == "confidence":
        return False, -max(row.confidence or 0.0 for row in item.decisions), name
    return item.from_postings, -item.total(order.replace(" ", "_")), name
