"""Names, among the changes outside a plan, those that other plans of ours made, as the ledger tells."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from leverkit.errors import LeverkitError
from leverkit.history.merge_table import Mark
from leverkit.migration.run import Run
from leverkit.verification.verification import Change, Count, PairCheck, Verification

Marks = Mapping[tuple[str, str], Mark]


def with_our_plans(run: Run, found: Verification) -> Verification:
    """Return a verification in which changes outside the plan have the id of our plan that made them."""
    pairs = {(pair.opportunity, pair.tag) for pair in found.checked if pair.status == "*"}
    pairs |= {(change.opportunity, count.tag) for count in found.counts for change in count.others}
    known: Marks = {}
    with suppress(LeverkitError):  # a damaged ledger names nothing
        if pairs and (ledger := run.find_ledger()):
            with ledger:
                known = dict(ledger.marks({opportunity for opportunity, _ in pairs}))
    own = run.plan.short
    marks = {pair: mark for pair, mark in known.items() if mark.run and mark.run != own}
    return msgspec.structs.replace(
        found,
        checked=tuple(_pair(pair, found, marks) for pair in found.checked),
        counts=tuple(_count(count, marks) for count in found.counts),
    )


def _pair(pair: PairCheck, found: Verification, marks: Marks) -> PairCheck:
    is_there = pair.tag in found.after.get(pair.opportunity, ())
    plan_id = _plan_of(marks.get((pair.opportunity, pair.tag)), added=is_there)
    if pair.status != "*" or not plan_id:
        return pair
    return msgspec.structs.replace(pair, reported=f"plan {plan_id}")


def _count(count: Count, marks: Marks) -> Count:
    others = tuple(_change(change, marks.get((change.opportunity, count.tag))) for change in count.others)
    return msgspec.structs.replace(count, others=others)


def _change(change: Change, mark: Mark | None) -> Change:
    return msgspec.structs.replace(change, plan_id=_plan_of(mark, added=change.by > 0))


def _plan_of(mark: Mark | None, *, added: bool) -> str:
    """Return which plan of ours made it so; empty where that is not known."""
    return mark.run if mark is not None and mark.kind == ("added by us" if added else "taken back") else ""
