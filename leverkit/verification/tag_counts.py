"""Compares `GET /tags` with the counts that the plan predicts, and traces every difference to opportunities.

This check is independent of the listing of what the plan changes. A difference is a failure unless it can be
traced to opportunities that changed since the snapshot, by a known amount, or that the key cannot see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from leverkit.api.models import DeletedOpportunity, Opportunity
from leverkit.planning.operation import by_opportunity, deltas
from leverkit.planning.plan import Plan
from leverkit.verification.verification import UNSEEN, Change, Count

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

# Kinds that Lever's count may leave out: whether it does is not documented (reference section 5).
KINDS: tuple[tuple[str, Callable[[Opportunity], bool]], ...] = (
    ("confidential", lambda opportunity: opportunity.confidentiality == "confidential"),
    ("archived", lambda opportunity: opportunity.archived is not None),
)
LOOKED_UP = 100  # opportunities per tag that are read by id to tell whether the key can see them
TagHolders = Mapping[str, Collection[str]]


class ChangesElsewhere(msgspec.Struct, frozen=True):
    """The opportunities outside the plan that changed, or were deleted, since the snapshot."""

    changed: tuple[Opportunity, ...] = ()
    deleted: frozenset[str] = frozenset()


def check_tag_counts(
    plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever
) -> tuple[list[Count], Sequence[Opportunity]]:
    """Compare Lever's count of each of the plan's tags with the prediction.

    `now` holds the opportunities of the plan's contacts. Changes elsewhere are read only if a count differs.
    Returns the counts, and those of `now` that looked otherwise in these readings.
    """
    if not plan.tag_counts:
        return [], ()
    listed, check = lever.tag_counts(), _Check(plan, now, lever)
    counts = [check.count(tag, listed.get(tag, 0)) for tag in plan.tag_counts]
    counts = [check.traced(count) if count.unexplained else count for count in counts]
    counts = [check.with_reading(count) if count.wrong else count for count in counts]
    return counts, check.newer


class _Check:
    """The opportunities of a plan by their tags, each passed through once: plans have many of both."""

    def __init__(self, plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> None:
        self._plan, self._now, self._lever = plan, now, lever
        self._held = _by_tag((id, known.tags) for id, known in plan.before.items())
        self._expected = _by_tag(_expected(plan))
        self._seen = _by_tag((opportunity.id, opportunity.tags) for opportunity in now.values())
        self.newer: list[Opportunity] = []
        self._deltas = deltas(plan.operations)

    def _list(self, **filters: Any) -> dict[str, Opportunity]:
        found = {each.id: each for each in self._lever.opportunities(**filters)}
        self._note(found.values())
        return found

    def _is_there(self, opportunity: str) -> bool:
        found = self._lever.find_opportunity(opportunity)
        self._note(() if found is None else (found,))
        return found is not None

    def _note(self, read: Iterable[Opportunity]) -> None:
        self.newer += [each for each in read if each.id in self._now and each != self._now[each.id]]

    @cached_property
    def _elsewhere(self) -> ChangesElsewhere:
        lever, since = self._lever, self._plan.lever_ms or self._plan.taken_at
        found = self._list(updated_at_start=since) | self._list(created_at_start=since)
        pages = lever.pages("/opportunities/deleted", type=DeletedOpportunity, deleted_at_start=since)
        deleted = frozenset(each.id for page in pages for each in page.items)
        return ChangesElsewhere(tuple(each for name, each in found.items() if name not in self._now), deleted)

    @cached_property
    def _changed(self) -> TagHolders:
        return _by_tag((opportunity.id, opportunity.tags) for opportunity in self._elsewhere.changed)

    @cached_property
    def _changed_ids(self) -> set[str]:
        return {opportunity.id for opportunity in self._elsewhere.changed}

    @cached_property
    def _new_ids(self) -> set[str]:
        """Return the opportunities of the plan's contacts that are not in the plan."""
        return self._now.keys() - self._plan.before.keys()

    def count(self, tag: str, listed: int) -> Count:
        """Return a tag's count with the difference that the plan's contacts account for."""
        had = self._new_ids.intersection(self._plan.holders.get(tag, ())) if self._new_ids else ()
        explained = len(self._seen.get(tag, ())) - len(self._expected.get(tag, ())) - len(had)
        return Count(tag, self._plan.tag_counts[tag], listed, explained)

    def traced(self, count: Count) -> Count:
        """Add the changes elsewhere and a count of all holders: Lever's may have lagged at the snapshot."""
        if count.tag not in self._plan.holders:
            return count
        had = set(self._plan.holders[count.tag])
        changes = tuple(self._changes(count.tag, had))
        stayed = len(had - self._now.keys()) + sum(change.by for change in changes)
        recount = len(self._seen.get(count.tag, ())) + stayed
        off = self._at_snapshot(count) - len(self._holders_before(count.tag))
        return msgspec.structs.replace(count, others=changes, recount=recount, off=off)

    def with_reading(self, count: Count) -> Count:
        """Add the kind that Lever's count leaves out, if that explains it both now and at the snapshot.

        Reads every opportunity with the tag; they must be exactly those that should have it, or those of
        them that the key can see. So a write of ours to another opportunity is found here and not excused.
        """
        if count.tag not in self._plan.holders:
            return count
        found = {id: each for id, each in self._list(tag=count.tag).items() if count.tag in each.tags}
        should = set(self._plan.holders[count.tag]) - self._now.keys()
        should |= set(self._seen.get(count.tag, ()))
        should ^= {change.opportunity for change in count.others}
        left_out = self._kind(count, found, should) or self._unseen(count, found, should)
        return msgspec.structs.replace(count, left_out=left_out)

    def _kind(self, count: Count, found: Mapping[str, Opportunity], should: set[str]) -> str:
        held = self._holders_before(count.tag)
        if found.keys() != should or not held <= should:
            return ""
        for name, kind in KINDS:
            rest = {each.id for each in found.values() if not kind(each)}
            if (len(rest), len(rest & held)) == (count.listed, self._at_snapshot(count)):
                return name
        return ""

    def _unseen(self, count: Count, found: Mapping[str, Opportunity], should: set[str]) -> str:
        """Return UNSEEN if Lever counts opportunities that a key could not, or cannot, see.

        Those are confidential ones that were counted at the snapshot but not listed, and what is hidden now;
        without the grant they are any number, as such a key never sees them.
        """
        never_listed = found.keys() - should
        known = all(found[each].confidentiality == "confidential" for each in never_listed)
        had = {*self._expected.get(count.tag, ()), *self._held.get(count.tag, ())}
        hidden = (had - self._now.keys() - self._elsewhere.deleted) | (should - found.keys())
        if not known or len(never_listed) > max(count.off, 0) or len(hidden) > LOOKED_UP:
            return ""
        if any(map(self._is_there, sorted(hidden))):
            return ""
        uncounted = count.listed - len(found)
        few = uncounted <= len(hidden) or not self._lever.sees_confidential()
        return UNSEEN if uncounted >= 0 and few else ""

    def _at_snapshot(self, count: Count) -> int:
        """Return Lever's count at the snapshot: the prediction, less the plan."""
        return count.predicted - self._deltas[count.tag]

    def _holders_before(self, tag: str) -> set[str]:
        """Return the ids of those who had a tag at the snapshot, by the listing."""
        return {*self._plan.holders[tag], *self._held.get(tag, ())}

    def _changes(self, tag: str, had: set[str]) -> Iterable[Change]:
        have = set(self._changed.get(tag, ()))
        came, left = have - had, (had & self._changed_ids) - have
        yield from (Change(each, 1 if each in came else -1) for each in sorted(came | left))
        yield from (Change(each, -1) for each in sorted(had & self._elsewhere.deleted))


def _by_tag(tags: Iterable[tuple[str, Iterable[str]]]) -> TagHolders:
    """Return the ids of the opportunities that have each tag."""
    found: dict[str, list[str]] = defaultdict(list)
    for opportunity, held in tags:
        for tag in dict.fromkeys(held):
            found[tag].append(opportunity)
    return found


def _expected(plan: Plan) -> Iterator[tuple[str, set[str]]]:
    """Yield the opportunities of the plan's contacts with the tags that they should have."""
    planned = by_opportunity(plan.operations)
    for opportunity, known in plan.before.items():
        tags = set(known.tags)
        for op in planned.get(opportunity, ()):
            (tags.add if op.action == "add" else tags.discard)(op.tag)
        yield opportunity, tags
