"""Compares `GET /tags` with the counts that the plan predicts, and traces every difference to opportunities.

This check is independent of the listing of what the plan changes. A difference is a failure unless it can be
traced to opportunities that changed since the snapshot, by a known amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import DeletedOpportunity, Opportunity
from leverkit.planning.plan import Plan
from leverkit.verification.verification import Change, Count

# Kinds that Lever's count may leave out: whether it does is not documented (reference section 5).
KINDS: tuple[tuple[str, Callable[[Opportunity], bool]], ...] = (
    ("confidential", lambda opportunity: opportunity.confidentiality == "confidential"),
    ("archived", lambda opportunity: opportunity.archived is not None),
)


class ChangesElsewhere(msgspec.Struct, frozen=True):
    """The opportunities outside the plan that changed, or were deleted, since the snapshot."""

    changed: tuple[Opportunity, ...] = ()
    deleted: frozenset[str] = frozenset()


def check_tag_counts(plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> list[Count]:
    """Compare Lever's count of each of the plan's tags with the prediction.

    `now` holds the opportunities of the plan's contacts. Changes elsewhere are read only if a count differs.
    """
    if not plan.tag_counts:
        return []
    listed, expected = lever.tag_counts(), _expected(plan)
    counts = [_count(plan, tag, listed.get(tag, 0), expected, now) for tag in plan.tag_counts]
    if not any(count.unexplained for count in counts):
        return counts
    elsewhere = _elsewhere(plan, now, lever)
    traced = [_traced(count, plan, now, elsewhere) if count.unexplained else count for count in counts]
    return [_without_kind(count, plan, now, lever) if count.wrong else count for count in traced]


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


def _elsewhere(plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> ChangesElsewhere:
    since = plan.lever_ms or plan.taken_at
    found = {each.id: each for each in lever.opportunities(updated_at_start=since)}
    found |= {each.id: each for each in lever.opportunities(created_at_start=since)}
    pages = lever.pages("/opportunities/deleted", type=DeletedOpportunity, deleted_at_start=since)
    deleted = frozenset(each.id for page in pages for each in page.items)
    return ChangesElsewhere(tuple(each for name, each in found.items() if name not in now), deleted)


def _traced(count: Count, plan: Plan, now: Mapping[str, Opportunity], elsewhere: ChangesElsewhere) -> Count:
    """Add the changes elsewhere and a count of all holders: Lever's count may have lagged at the snapshot."""
    if count.tag not in plan.holders:
        return count
    had = set(plan.holders[count.tag])
    changes = tuple(_changes(count.tag, had, elsewhere))
    there = sum(count.tag in opportunity.tags for opportunity in now.values())
    stayed = len(had - now.keys()) + sum(change.by for change in changes)
    off = _at_snapshot(count, plan) - len(_held(count.tag, plan))
    return msgspec.structs.replace(count, others=changes, recount=there + stayed, off=off)


def _at_snapshot(count: Count, plan: Plan) -> int:
    """Return Lever's count at the snapshot: the prediction, less the plan."""
    change = sum(op.delta for op in plan.operations if op.tag == count.tag)
    return count.predicted - change


def _held(tag: str, plan: Plan) -> set[str]:
    """Return the ids of those who had a tag at the snapshot, by the listing."""
    return {*plan.holders[tag], *(each for each, known in plan.before.items() if tag in known.tags)}


def _without_kind(count: Count, plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> Count:
    """Add the kind that Lever's count leaves out, if that explains the count both now and at the snapshot.

    Reads every opportunity with the tag; they must be exactly those that should have it. So a write of
    ours to another opportunity is found here and not excused.
    """
    if count.tag not in plan.holders:
        return count
    found = {each.id: each for each in lever.opportunities(tag=count.tag) if count.tag in each.tags}
    should = set(plan.holders[count.tag]) - now.keys()
    should |= {each.id for each in now.values() if count.tag in each.tags}
    should ^= {change.opportunity for change in count.others}
    held = _held(count.tag, plan)
    if found.keys() != should or not held <= should:
        return count
    for name, kind in KINDS:
        rest = {each.id for each in found.values() if not kind(each)}
        if (len(rest), len(rest & held)) == (count.listed, _at_snapshot(count, plan)):
            return msgspec.structs.replace(count, left_out=name)
    return count


def _changes(tag: str, had: set[str], elsewhere: ChangesElsewhere) -> Iterator[Change]:
    yield from _by(tag, had, elsewhere.changed)
    yield from (Change(opportunity, -1) for opportunity in sorted(had & elsewhere.deleted))


def _by(tag: str, had: set[str], changed: Iterable[Opportunity]) -> Iterator[Change]:
    for opportunity in sorted(changed, key=lambda opportunity: opportunity.id):
        by = (tag in opportunity.tags) - (opportunity.id in had)
        if by:
            yield Change(opportunity.id, by)
