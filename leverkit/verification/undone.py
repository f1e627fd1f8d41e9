"""Tells which changes of a run verifications read as undone, even where somebody has put them back since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from leverkit.api.models import Opportunity
from leverkit.migration.records import SeenUndone, VerificationRecord
from leverkit.migration.run import Run


def seen_undone(run: Run, readings: Iterable[Opportunity], at_ms: int) -> tuple[SeenUndone, ...]:
    """Return the changes of a run that are not in place in readings which began at `at_ms` (ms since epoch).

    A reading that is only late is as it was before our request, and shows nothing.
    """
    intents, operations = run.state.intents, run.plan.operations
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, intent in intents.items():
        numbers[intent.opportunity].append(number)
    undone = (
        operations[number]
        for now in readings
        for number in numbers.get(now.id, ())
        if not operations[number].is_in_effect(now.tags) and now.updated_at != intents[number].updated_at
    )
    return tuple(SeenUndone(op.opportunity, op.tag, at_ms) for op in undone)


def with_earlier(run: Run, found: Iterable[SeenUndone]) -> tuple[SeenUndone, ...]:
    """Return what was found with what verify.json has of earlier verifications; of each change the latest."""
    known = VerificationRecord.read(run.folder)
    earlier = known.undone if known is not None and known.plan_id == run.plan.plan_id else ()
    return tuple({(each.opportunity, each.tag): each for each in (*earlier, *found)}.values())
