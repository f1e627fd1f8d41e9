"""Finds the copies that a rollback leaves because their tag was renamed, or merged into another, in Lever.

The tag is nowhere in the account any more, and another one appeared on most opportunities that the rollback
did not have to change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from leverkit.api.contacts import read_contacts
from leverkit.api.models import Opportunity
from leverkit.errors import ApiError
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever


class Rename(msgspec.Struct, frozen=True):
    """A tag that is no longer there, the tag that appeared, and on which of `among` opportunities."""

    tag: str
    new: str
    opportunities: frozenset[str]
    among: int

    @property
    def note(self) -> str:
        """Return the rename in words."""
        where = f"{len(self.opportunities)} of {self.among}"
        return f"{self.tag!r} is no longer there; {self.new!r} appeared on {where}, and is left"


def renames(plan: Plan, untouched: Iterable[Operation], now: Mapping[str, Opportunity]) -> list[Rename]:
    """Return the renames by operations whose tag is nowhere in the account, not by us."""
    by_tag: dict[str, list[Operation]] = defaultdict(list)
    for op in untouched:
        by_tag[op.tag].append(op)
    found = (_rename(plan, tag, ops, now) for tag, ops in by_tag.items())
    return [rename for rename in found if rename is not None]


def left_by_renames(plan: Plan, lever: ReadOnlyLever, removals: Sequence[Operation]) -> dict[Operation, str]:
    """Return the removals whose copies are left under another name, with the rename in words.

    Empty where Lever does not tell its tags: `verify` needs them, and tells.
    """
    try:
        counts = lever.tag_counts() if removals else {}
    except ApiError:
        return {}
    suspects = [op for op in removals if not counts.get(op.tag)]
    contacts, ids = sorted({op.contact for op in suspects}), [op.opportunity for op in suspects]
    now = read_contacts(lever, contacts, opportunities=ids) if suspects else {}
    notes = {(id, each.tag): each.note for each in renames(plan, suspects, now) for id in each.opportunities}
    return {op: notes[key] for op in suspects if (key := (op.opportunity, op.tag)) in notes}


def _rename(plan: Plan, tag: str, ops: list[Operation], now: Mapping[str, Opportunity]) -> Rename | None:
    new = {
        op.opportunity: set(now[op.opportunity].tags) - set(plan.before[op.opportunity].tags)
        for op in ops
        if op.opportunity in now
    }
    frequent = Counter(each for tags in new.values() for each in sorted(tags)).most_common(1)
    if not frequent or 2 * frequent[0][1] <= len(new):
        return None
    appeared = frequent[0][0]
    where = frozenset(opportunity for opportunity, tags in new.items() if appeared in tags)
    return Rename(tag, appeared, where, len(new))
