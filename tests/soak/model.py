"""What a run may do, in sixty lines: the account as people and lawful writes make it, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

Pair = tuple[str, str]  # opportunity, tag


@dataclass
class PlannedRun:
    """A plan, and pairs: those it asked for, those without a clear answer, those that are settled."""

    plan: Plan
    asked: set[Pair] = field(default_factory=set)
    open: set[Pair] = field(default_factory=set)
    settled: set[Pair] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)  # opportunities that people changed since it was asked


@dataclass
class Model:
    """Tags and contact of every opportunity that is there; `blank` are the anonymized."""

    tags: dict[str, set[str]]
    contacts: dict[str, str]
    blank: set[str] = field(default_factory=set)
    runs: list[PlannedRun] = field(default_factory=list)
    came: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def touch(self, *opportunities: str) -> None:
        """People changed these."""
        for run in self.runs:
            run.touched.update(opportunities)

    def obstacle(self, run: PlannedRun, op: Operation) -> str:
        """Return why an operation must be left alone now; empty where it may be written."""
        if op.opportunity not in self.tags:
            return "gone"
        if self.contacts[op.opportunity] != op.contact and run.plan.kind != "rollback":
            return "moved"
        if op.opportunity in self.blank:
            return "anonymized"
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
