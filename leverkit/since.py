"""What a run saw in place, and what is otherwise now because it was changed later: not the run's failure.

The journal says what was seen and when. It is not believed alone: Lever bumps `updatedAt` with every
change of a tag (reference section 3.5), so an older one says that nobody changed what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from leverkit.api.models import Opportunity
from leverkit.errors import Refused, UsageError
from leverkit.migration.journal import Entry, Intent, Outcome, belongs, fold, read
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan


def since(run: Path, plan: Plan, now: Mapping[str, Opportunity], *, ahead_ms: int) -> set[tuple[str, str]]:
    """Return the planned (opportunity, tag) that were in place when the run looked, and were changed later.

    `ahead_ms` is by how much Lever's clock is ahead of ours, rather too much than too little. Gone is
    changed, too. A journal that is damaged or another plan's tells nothing.
    """
    undone = {number: op for number, op in enumerate(plan.operations) if not _stands(op, now)}
    if not undone:
        return set()  # nothing to tell, so no journal to read
    try:
        entries = read(run / "journal.sqlite")
    except (Refused, UsageError):  # for `status` to tell; what was read at Lever stands without it
        return set()
    if not belongs(entries, plan.plan_id, plan.account):
        return set()
    standing, story = fold(entries), _Story(plan, entries, ahead_ms)
    return {
        (op.opportunity, op.tag)
        for number, op in undone.items()
        if standing.name(number) in ("done", "no_op") and story.changed(number, op, now.get(op.opportunity))
    }


class _Story:
    """When each operation ended, and what the run's later requests to the same opportunity read first."""

    def __init__(self, plan: Plan, entries: Collection[Entry], ahead_ms: int) -> None:
        self._ended: dict[int, int] = {}  # by Lever's clock
        self._latest: dict[str, int] = {}
        self._read: dict[str, list[Intent]] = {}
        for entry in entries:
            if isinstance(entry.body, Outcome):
                self._ended[entry.body.op] = entry.at_ms + ahead_ms
                self._latest[plan.operations[entry.body.op].opportunity] = entry.at_ms + ahead_ms
            elif isinstance(entry.body, Intent):
                self._read.setdefault(entry.body.opportunity, []).append(entry.body)

    def changed(self, number: int, op: Operation, now: Opportunity | None) -> bool:
        """Say whether an operation was undone by a change later than its end and not the run's own."""
        if now is None:
            return True
        if (now.updated_at or 0) > self._latest[op.opportunity]:
            return True
        ended = self._ended[number]
        read = self._read.get(op.opportunity, ())
        return any((each.updated_at or 0) > ended and not op.is_so(each.before) for each in read)


def _stands(op: Operation, now: Mapping[str, Opportunity]) -> bool:
    found = now.get(op.opportunity)
    return found is not None and op.is_so(found.tags)
