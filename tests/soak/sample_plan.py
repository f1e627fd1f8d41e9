"""The plan on which the proofs run: 25 writing requests, additions and removals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from support.plan_factory import migration

from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan

REQUESTS, ADDS = 25, 15


def mixed(emulated: Any, lever: Any, requests: int = REQUESTS, getting: int = ADDS) -> Plan:
    """A plan of so many writing requests: some opportunities get tags, then the others lose one."""
    plan = migration(emulated, lever)
    adding = sorted({op.opportunity for op in plan.operations})[:getting]
    adds = [op for op in plan.operations if op.opportunity in adding]
    contacts = emulated.state()["contacts"]
    losing = [o for o in sorted(contacts) if contacts[o] not in {op.contact for op in adds}][
        : requests - getting
    ]
    for opportunity in losing:
        emulated.add_tags(opportunity, ["old"])
    removes = [Operation(contacts[o], o, "remove", "old", "old") for o in losing]
    everything = {o.id: o for o in lever.opportunities()}
    touched = {op.contact for op in [*adds, *removes]}
    before = {o.id: OpportunityState(o.contact, o.tags) for o in everything.values() if o.contact in touched}
    return Plan(
        kind="migrate",
        account=plan.account,
        operations=tuple(sorted([*adds, *removes])),
        before=before,
        brakes=plan.brakes,
    )


def reset(emulated: Any, plan: Plan) -> None:
    """Give the account the tags it had before the plan, and let everything go right again."""
    emulated.clear_faults()
    for op in plan.operations:
        (emulated.remove_tags if op.action == "add" else emulated.add_tags)(op.opportunity, [op.tag])
    emulated.clear_log()


@dataclass(kw_only=True)
class World:
    """An account and a plan for it; each case has a run folder of its own."""

    emulated: Any
    plan: Plan
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def reset(self) -> Path:
        """Give the account the tags it had, and return a new run folder."""
        reset(self.emulated, self.plan)
        run = self.folder / str(next(self.numbers))
        self.plan.write(run)
        return run
