"""Finds the copies that a rollback leaves because their tag was renamed, or merged into another, in Lever.

The tag is nowhere in the account any more, and another one appeared on most opportunities that the rollback
did not have to change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from leverkit.api.models import Opportunity
from leverkit.migration.run import Run
from leverkit.planning.operation import Operation
from leverkit.verification.verification import RENAMED, Count, PairCheck


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


def renames(run: Run, now: Mapping[str, Opportunity], counts: Iterable[Count]) -> list[Rename]:
    """Return the tags that a rollback found renamed: none for another plan."""
    if run.plan.kind != "rollback":
        return []
    nowhere = {count.tag for count in counts if not count.listed}
    untouched: dict[str, list[Operation]] = defaultdict(list)
    for number, op in enumerate(run.plan.operations):
        outcome = run.state.outcomes.get(number)
        if op.action == "remove" and op.tag in nowhere and not (outcome and outcome.effective):
            untouched[op.tag].append(op)
    found = (_rename(run, tag, ops, now) for tag, ops in untouched.items())
    return [rename for rename in found if rename is not None]


def listed_as_left(checked: Iterable[PairCheck], found: Iterable[Rename]) -> list[PairCheck]:
    """Return the pairs with the copies under their new tags as left."""
    left = {(opportunity, rename.new) for rename in found for opportunity in rename.opportunities}
    return [
        msgspec.structs.replace(pair, status="-", reported=RENAMED)
        if pair.status == "*" and (pair.opportunity, pair.tag) in left
        else pair
        for pair in checked
    ]


def _rename(run: Run, tag: str, ops: list[Operation], now: Mapping[str, Opportunity]) -> Rename | None:
    new = {
        op.opportunity: set(now[op.opportunity].tags) - set(run.plan.before[op.opportunity].tags)
        for op in ops
        if op.opportunity in now
    }
    frequent = Counter(each for tags in new.values() for each in sorted(tags)).most_common(1)
    if not frequent or 2 * frequent[0][1] <= len(new):
        return None
    appeared = frequent[0][0]
    where = frozenset(opportunity for opportunity, tags in new.items() if appeared in tags)
    return Rename(tag, appeared, where, len(new))
