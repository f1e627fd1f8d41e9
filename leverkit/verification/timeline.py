"""Tells which changes the run saw in place and others undid later, by its journal and Lever's times."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from leverkit.api.models import Opportunity
from leverkit.migration.journal import Entry, Intent, Outcome, Undone
from leverkit.migration.run import Run
from leverkit.planning.operation import Operation


def changed_since(run: Run, now: Mapping[str, Opportunity], *, ahead_ms: int) -> set[tuple[str, str]]:
    """Return the planned (opportunity, tag) that the run saw in place and that were changed later.

    An opportunity that is gone counts as changed. `ahead_ms` is by how much Lever's clock is ahead of ours,
    estimated high rather than low. A journal that is damaged, or another
    plan's, has no entries here, so it explains nothing.
    """
    undone = {number: op for number, op in enumerate(run.plan.operations) if not _is_in_place(op, now)}
    if not undone:
        return set()
    timeline = ChangeTimeline(run, ahead_ms)
    return {
        (op.opportunity, op.tag)
        for number, op in undone.items()
        if run.state.outcome_name(number) in ("done", "no_op")
        and timeline.changed(number, op, now.get(op.opportunity))
    }


class ChangeTimeline:
    """When each operation ended, and what the run's later requests to its opportunity had read before."""

    def __init__(self, run: Run, ahead_ms: int) -> None:
        self._ended: dict[int, int] = {}  # ms since the epoch, by Lever's clock
        self._latest: dict[str, int] = {}
        self._intents: dict[str, list[Intent]] = {}
        self._undone: set[int] = set()  # by what the run read
        for entry in run.entries:
            if isinstance(entry.body, Outcome):
                at_ms = _ended_ms(entry, entry.body, ahead_ms)
                opportunity = run.plan.operations[entry.body.op].opportunity
                self._ended[entry.body.op] = at_ms
                self._latest[opportunity] = max(self._latest.get(opportunity, 0), at_ms)
            elif isinstance(entry.body, Undone):
                self._undone.update(entry.body.ops)
            elif isinstance(entry.body, Intent):
                self._intents.setdefault(entry.body.opportunity, []).append(entry.body)

    def changed(self, number: int, op: Operation, now: Opportunity | None) -> bool:
        """Return True if an operation was undone after it ended, and not by the run itself."""
        if now is None:
            return True
        if (now.updated_at or 0) > self._latest[op.opportunity]:
            return True
        ended = self._ended[number]
        if number in self._undone and (now.updated_at or 0) > ended:
            return True
        intents = self._intents.get(op.opportunity, ())
        return any((later.updated_at or 0) > ended and not op.is_in_effect(later.before) for later in intents)


def _ended_ms(entry: Entry, outcome: Outcome, ahead_ms: int) -> int:
    """Return the time by Lever's clock after which a change is somebody else's: the `updatedAt` read.

    It tells apart what happens within a second, which Lever's Date does not.
    """
    if outcome.updated_at is not msgspec.UNSET:
        return outcome.updated_at or 0
    return outcome.lever_ms or entry.at_ms + ahead_ms


def _is_in_place(op: Operation, now: Mapping[str, Opportunity]) -> bool:
    found = now.get(op.opportunity)
    return found is not None and op.is_in_effect(found.tags)
