"""Whose every tagging is: a run's, a person's, or there from the start (a posting's among them).

People and the effects of requests change the model; it knows nothing of plans' outcomes or journals. What
leverkit read is kept too, as a write is wrong only where the reading before it contradicts it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

Pair = tuple[str, str]  # opportunity, tag
PERSON = "a person"


@dataclass
class PlannedRun:
    """A run folder's plan; for a rollback, `undoes` names the run.

    `effected` are the pairs that its requests changed, `absent` those that a reading of it, or of a rollback
    of it, saw missing since.
    """

    name: str
    plan: Plan
    undoes: PlannedRun | None = None
    effected: set[Pair] = field(default_factory=set)
    absent: set[Pair] = field(default_factory=set)

    @property
    def first(self) -> PlannedRun:
        """Return the run that put the tags there."""
        return self.undoes or self


@dataclass
class Reading:
    """An opportunity as leverkit read it last, and the number of people's changes until then."""

    contact: str
    tags: frozenset[str]
    anonymized: bool
    changes: int


@dataclass
class Model:
    """The owner of each pair that has one, and the number of the latest change of a pair by a person."""

    owner: dict[Pair, str] = field(default_factory=dict)
    changed: dict[Pair, int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)  # opportunities that people changed otherwise
    lost: set[Pair] = field(default_factory=set)
    readings: dict[str, Reading] = field(default_factory=dict)
    changes: int = 0

    def person(self, opportunity: str, before: Iterable[str], after: Iterable[str]) -> None:
        """A person changed an opportunity, perhaps its tags."""
        self.changes += 1
        self.touched[opportunity] = self.changes
        for tag in set(before) ^ set(after):
            pair = (opportunity, tag)
            self.changed[pair] = self.changes
            self.lost.discard(pair)
            if tag in after:
                self.owner[pair] = PERSON
            else:
                self.owner.pop(pair, None)

    def read(self, run: PlannedRun | None, reading: Reading, opportunity: str) -> None:
        """Leverkit read an opportunity, while it worked on a run."""
        self.readings[opportunity] = reading
        if run is not None:
            gone = {
                pair for pair in run.first.effected if pair[0] == opportunity and pair[1] not in reading.tags
            }
            run.first.absent |= gone

    def effect(self, run: PlannedRun, opportunity: str, before: set[str], after: set[str]) -> None:
        """A request of a run had this effect."""
        for tag in after - before:
            self.owner[opportunity, tag] = run.name
            run.first.absent.discard((opportunity, tag))
        for tag in before - after:
            self.owner.pop((opportunity, tag), None)
            run.first.absent.add((opportunity, tag))
        run.effected |= {(opportunity, tag) for tag in before ^ after}

    def wrong(self, run: PlannedRun, action: str, opportunity: str, tags: Iterable[str]) -> list[str]:
        """Return what is wrong about a write that is about to be sent."""
        planned = {(op.opportunity, op.tag): op for op in run.plan.operations if op.action == action}
        found = []
        for tag in tags:
            operation = planned.get((opportunity, tag))
            why = "not planned" if operation is None else self._obstacle(run, operation)
            if why:
                found.append(f"{run.name}: {action} {tag!r} on {opportunity}: {why}")
        return found

    def _obstacle(self, run: PlannedRun, op: Operation) -> str:
        pair = (op.opportunity, op.tag)
        reading = self.readings.get(op.opportunity)
        if reading is None:
            return "never read"
        if reading.anonymized:
            return "anonymized"
        if run.undoes is None and reading.contact != op.contact:
            return "read as another contact's"
        if op.is_in_effect(reading.tags):
            return "read as being so already"
        seen = self.changed.get(pair, 0) <= reading.changes  # what a person did just now, nobody can know
        if op.action == "add" and seen and pair in run.effected and pair in self.changed:
            return "a person took it off again"
        owner = self.owner.get(pair)
        if op.action == "remove" and seen and owner != run.first.name and pair in run.first.absent:
            return f"it is {owner or 'an earlier'}'s, after a reading without it"
        if op.action == "remove" and pair not in run.first.effected:
            return "the run never put it there"
        return ""
