"""Deciding on tags one after the other, in policy.csv: what the review widget does, without Jupyter.

The file is the truth: every decision is written to it at once, in one step, under a lock, on top of what
stands there now. Where somebody else decided on the same tag meanwhile, theirs is shown and not overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.decision import SCOPES, Decision
from leverkit.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("undecided", "everything", "contact", "opportunity", "ignore")
ORDERS = ("at stake", "missing", "confidence", "tag")


@dataclass(frozen=True)
class View:
    """What of the policy is looked at: tags with `text` in them, of a scope, in an order, a page of them."""

    text: str = ""
    shown: str = "undecided"
    order: str = "at stake"
    page: int = 0
    size: int = 12


@dataclass(frozen=True)
class Page:
    """Decisions to show, of `total`; `page` of `pages` is counted from 0."""

    decisions: tuple[Decision, ...]
    total: int
    page: int
    pages: int


class Review:
    """Decisions in a policy file, as one person makes them; `by` is their name.

    `inconsistencies` of the audit (columns contact, tag, lack), where given, let `forecast` count people.
    Raises UsageError where the file cannot be read.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        by: str,
        inconsistencies: pd.DataFrame | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.path, self.by = Path(path), by
        self.policy = Policy.read(path)
        self._inconsistencies = inconsistencies
        self._now = now or (lambda: datetime.now(UTC))
        self._done: list[dict[str, tuple[Decision, Decision]]] = []

    def look(self, view: View) -> Page:
        """Return the page of decisions that a view shows; a page beyond the last is the last."""
        wanted = view.text.strip().casefold()
        rows = [
            row
            for row in self.policy.decisions
            if wanted in row.tag.casefold() and view.shown in ("everything", row.scope)
        ]
        rows.sort(key=lambda row: _order(row, view.order))
        pages = max(1, ceil(len(rows) / view.size))
        page = min(max(view.page, 0), pages - 1)
        return Page(tuple(rows[page * view.size : (page + 1) * view.size]), len(rows), page, pages)

    def decide(self, scopes: Mapping[str, str]) -> list[str]:
        """Decide on tags (tag to scope), in the file; return one line a decision of others that stands.

        Raises UsageError on an unknown tag or scope.
        """
        return self._change(lambda fresh: fresh.decide(self._open(fresh, scopes), by=self.by, at=self._now()))

    def accept(self, confidence: float) -> list[str]:
        """Decide all undecided tags as suggested, where the suggestion is at least so sure (0 to 1)."""
        return self.decide(self.acceptable(confidence))

    def acceptable(self, confidence: float) -> dict[str, str]:
        """Return what `accept` would decide."""
        return {
            row.tag: row.suggested_scope
            for row in self.policy.decisions
            if row.scope == "undecided"
            and row.suggested_scope != "undecided"
            and row.confidence >= confidence
        }

    def undo(self) -> list[str]:
        """Take back the last decision of this review, where nobody has changed it since."""
        if not self._done:
            return ["nothing to undo"]
        last = self._done.pop()

        def back(fresh: Policy) -> Policy:
            return fresh.replaced(
                {
                    row.tag: last[row.tag][0]
                    for row in fresh.decisions
                    if row.tag in last and row == last[row.tag][1]
                }
            )

        heard = self._change(back)
        self._done.pop()
        return heard

    def refresh(self) -> list[str]:
        """Read the file again; return one line a decision that others made or changed."""
        fresh = Policy.read(self.path)
        heard = self._heard(fresh)
        self.policy = fresh
        return heard

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of tags by scope."""
        scopes = list(self.policy.scopes.values())
        return {scope: scopes.count(scope) for scope in SCOPES}

    @property
    def forecast(self) -> str:
        """Say what a plan would do with these decisions."""
        copied = [row for row in self.policy.decisions if row.scope == "contact"]
        operations = sum(int(row.evidence.get("missing") or 0) for row in copied)
        counts = self.counts
        people = ""
        if (facts := self._inconsistencies) is not None:
            touched = facts[facts["tag"].isin([row.tag for row in copied])]["contact"].nunique()
            people = f" to opportunities of {touched:,} people"
        return (
            f"{counts['undecided']:,} of {sum(counts.values()):,} tags undecided. The plan would add "
            f"{operations:,} tags{people}, and remove none."
        )

    def _open(self, fresh: Policy, scopes: Mapping[str, str]) -> dict[str, str]:
        """Return of these decisions those that are not on a row that somebody else changed meanwhile."""
        known, now = _by_tag(self.policy), _by_tag(fresh)
        return {
            tag: scope
            for tag, scope in scopes.items()
            if tag not in now or tag not in known or _said(known[tag]) == _said(now[tag])
        }

    def _change(self, change: Callable[[Policy], Policy]) -> list[str]:
        with _alone(self.path):
            fresh = Policy.read(self.path)
            heard = self._heard(fresh)
            after = change(fresh)
            after.overwrite(self.path)
        before, self.policy = _by_tag(fresh), after
        self._done.append(
            {row.tag: (before[row.tag], row) for row in after.decisions if row != before[row.tag]}
        )
        return heard

    def _heard(self, fresh: Policy) -> list[str]:
        known = _by_tag(self.policy)
        return [
            f"{row.decided_by or 'somebody'} decided meanwhile: {row.tag!r} is {row.scope}"
            for row in fresh.decisions
            if row.tag in known and _said(known[row.tag]) != _said(row)
        ]


def _by_tag(policy: Policy) -> dict[str, Decision]:
    return {row.tag: row for row in policy.decisions}


def _said(row: Decision) -> tuple[str, str, str]:
    return row.scope, row.decided_by, row.decided_at


def _order(row: Decision, order: str) -> tuple[float, str]:
    if order == "confidence":
        return -row.confidence, row.tag
    if order == "tag":
        return 0.0, row.tag.casefold()
    value = row.evidence.get(order.replace(" ", "_"))
    posting = bool(row.evidence.get("posting_tag"))
    return (1.0 if posting else 0.0) - (0.0 if posting else float(value or 0)), row.tag


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the policy file's lock: between reading it and writing it, no other review writes."""
    import fcntl  # not on Windows, where importing this must still work

    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
