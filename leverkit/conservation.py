"""Conservation of tags: `GET /tags` against the prediction, every difference traced to an opportunity.

An oracle beside the listing of what the plan touched. A difference that reading cannot trace to
an opportunity which changed since the snapshot, by a known amount, is a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from leverkit.client import ReadOnlyLever
from leverkit.planfile import Plan
from leverkit.records import DeletedOpportunity, Opportunity
from leverkit.verification import Change, Count


class Elsewhere(msgspec.Struct, frozen=True):
    """What happened since the snapshot to opportunities that are not the plan's."""

    changed: tuple[Opportunity, ...] = ()
    deleted: frozenset[str] = frozenset()


def conservation(plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> list[Count]:
    """Compare Lever's count of each of the plan's tags with the prediction.

    `now` is what the plan's contacts have. Reads what changed elsewhere only where a count differs.
    """
    if not plan.tag_counts:
        return []
    listed, expected = lever.tag_counts(), _expected(plan)
    counts = [_count(plan, tag, listed.get(tag, 0), expected, now) for tag in plan.tag_counts]
    if not any(count.unexplained for count in counts):
        return counts
    elsewhere = _elsewhere(plan, now, lever)
    return [_traced(count, plan, now, elsewhere) if count.unexplained else count for count in counts]


def _count(
    plan: Plan, tag: str, listed: int, expected: Mapping[str, set[str]], now: Mapping[str, Opportunity]
) -> Count:
    meant = sum(tag in tags for tags in expected.values())
    seen = sum(tag in now[opportunity].tags for opportunity in plan.before if opportunity in now)
    had = set(plan.holders.get(tag, ()))
    came = sum((tag in new.tags) - (new.id in had) for new in now.values() if new.id not in plan.before)
    return Count(tag, plan.tag_counts[tag], listed, seen - meant + came)


def _expected(plan: Plan) -> dict[str, set[str]]:
    """Return the tags that each opportunity of the plan's contacts should have."""
    tags = {opportunity: set(known.tags) for opportunity, known in plan.before.items()}
    for operation in plan.operations:
        if operation.action == "add":
            tags[operation.opportunity].add(operation.tag)
        else:
            tags[operation.opportunity].discard(operation.tag)
    return tags


def _elsewhere(plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> Elsewhere:
    found = {each.id: each for each in lever.opportunities(updated_at_start=plan.taken_at)}
    found |= {each.id: each for each in lever.opportunities(created_at_start=plan.taken_at)}
    pages = lever.pages("/opportunities/deleted", type=DeletedOpportunity, deleted_at_start=plan.taken_at)
    deleted = frozenset(each.id for page in pages for each in page.items)
    return Elsewhere(tuple(each for name, each in found.items() if name not in now), deleted)


def _traced(count: Count, plan: Plan, now: Mapping[str, Opportunity], elsewhere: Elsewhere) -> Count:
    """Name the changes elsewhere; and count every holder, in case Lever's count at the snapshot was late."""
    if count.tag not in plan.holders:
        return count
    had = set(plan.holders[count.tag])
    changes = tuple(_changes(count.tag, had, elsewhere))
    there = sum(count.tag in opportunity.tags for opportunity in now.values())
    stayed = len(had - now.keys()) + sum(change.by for change in changes)
    return msgspec.structs.replace(count, others=changes, recount=there + stayed)


def _changes(tag: str, had: set[str], elsewhere: Elsewhere) -> Iterator[Change]:
    yield from _by(tag, had, elsewhere.changed)
    yield from (Change(opportunity, -1) for opportunity in sorted(had & elsewhere.deleted))


def _by(tag: str, had: set[str], changed: Iterable[Opportunity]) -> Iterator[Change]:
    for opportunity in sorted(changed, key=lambda each: each.id):
        by = (tag in opportunity.tags) - (opportunity.id in had)
        if by:
            yield Change(opportunity.id, by)
