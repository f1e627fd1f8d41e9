"""What a run may do: the account as people and lawful writes make it, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

Pair = tuple[str, str]  # opportunity, tag


@dataclass
class PlannedRun:
    """A plan, and pairs: those it asked for, those without a clear answer, those that are settled.

    Of a rollback, `undoes` is the run. `overtaken` are pairs that others changed, or took back, since.
    """

    plan: Plan
    undoes: PlannedRun | None = None
    asked: set[Pair] = field(default_factory=set)
    open: set[Pair] = field(default_factory=set)
    settled: set[Pair] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)  # opportunities that people changed since it was asked
    overtaken: set[Pair] = field(default_factory=set)
    taken_back: set[Pair] = field(default_factory=set)  # what rollbacks of it have settled since it was asked
    open_in_copies: set[Pair] = field(default_factory=set)

    def copied(self) -> PlannedRun:
        """Return it as a copy of its folder begins, of which no folder here knows."""
        sets = {name: value.copy() for name, value in vars(self).items() if isinstance(value, set)}
        return replace(self, undoes=None, **sets)

    @property
    def adds(self) -> bool:
        """Whether it adds tags: a plan here does not do both."""
        return self.plan.operations[0].action == "add"

    @property
    def left(self) -> set[Pair]:
        """What it may have to do yet."""
        return {(op.opportunity, op.tag) for op in self.plan.operations} - self.settled


@dataclass
class Model:
    """Tags and contact of every opportunity that is there; `blank` are the anonymized."""

    tags: dict[str, set[str]]
    contacts: dict[str, str]
    blank: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)  # from the key without the grant
    grant: bool = True
    runs: list[PlannedRun] = field(default_factory=list)
    came: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def touch(self, *opportunities: str) -> None:
        """People changed these."""
        for run in self.runs:
            run.touched.update(opportunities)

    def overtake(self, by: PlannedRun | None, pairs: set[Pair]) -> None:
        """A run, or people (None), changed these, or took them back."""
        for run in self.runs:
            if run is not by and (by is None or run is not by.undoes):
                run.overtaken |= pairs & run.asked

    def settle(self, run: PlannedRun, pairs: set[Pair]) -> None:
        """A run is through with these; what it had to do the other way round is found undone at least."""
        for other in self.runs:
            if other.adds != run.adds and other is not run.undoes:
                other.overtaken |= pairs & other.asked - run.settled
        if run.undoes:
            run.undoes.taken_back |= pairs - run.settled
        run.settled |= pairs

    def not_ours(self, undo: PlannedRun) -> set[Pair]:
        """Return what a rollback may find not to be its run's any more."""
        assert undo.undoes is not None
        others = [run for run in self.runs if run.undoes is undo.undoes and run is not undo]
        return undo.left & undo.undoes.overtaken.union(
            *(run.settled | run.open | run.open_in_copies for run in others)
        )

    def obstacle(self, run: PlannedRun, op: Operation) -> str:
        """Return why an operation must be left alone now; empty where it may be written."""
        if op.opportunity not in self.tags:
            return "gone"
        if self.contacts[op.opportunity] != op.contact and run.plan.kind != "rollback":
            return "moved"
        if op.opportunity in self.blank:
            return "anonymized"
        if op.opportunity in self.hidden and not self.grant:
            return "not to be seen"
        if (op.opportunity, op.tag) in run.open and op.opportunity in run.touched:
            return "a person stepped in"
        if run.plan.kind == "migrate" and op.action == "add" and not self._source(run, op):
            return "no source"
        return ""

    def _source(self, run: PlannedRun, op: Operation) -> bool:
        return any(
            op.tag in self.tags[o] and (o, op.tag) not in run.asked and o not in self.blank
            for o, contact in self.contacts.items()
            if contact == op.contact and o in self.tags
        )

    def write(self, run: PlannedRun, action: str, opportunity: str, tags: tuple[str, ...]) -> list[str]:
        """Return what is unlawful about a write that is about to be sent."""
        wanted = {(op.opportunity, op.tag): op for op in run.plan.operations if op.action == action}
        wrong = []
        for pair in ((opportunity, tag) for tag in tags):
            op = wanted.get(pair)
            if op is None or pair in run.settled:
                wrong.append(f"{action} {pair} is " + ("settled" if op else "not planned"))
            elif self.obstacle(run, op):
                wrong.append(f"{action} {pair}: {self.obstacle(run, op)}")
        return wrong
