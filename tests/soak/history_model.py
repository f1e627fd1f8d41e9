"""Whose every tagging is: a run's, a person's, or there from the start (a posting's among them).

People and the effects of requests change the model; it knows nothing of plans' outcomes or journals. What
leverkit read is kept too, as a write is wrong only where the reading before it contradicts it; a reading that
a process had no time to note, as it died, counts as none.

Two limits (docs/reliability.md), on lost answers and on the time between reading and writing: what a person
adds between the reading for a request and the note of what became of it counts as the run's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

Pair = tuple[str, str]  # opportunity, tag
PERSON = "a person"


@dataclass
class PlannedRun:
    """A run folder's plan; for a rollback, `undoes` names the run.

    `effected` are the pairs that its requests changed, `absent` those that a reading of it, or of a rollback
    of it, saw missing since; `just_read` those that may be lost with the process.
    """

    name: str
    plan: Plan
    undoes: PlannedRun | None = None
    effected: set[Pair] = field(default_factory=set)
    absent: set[Pair] = field(default_factory=set)
    just_read: set[Pair] = field(default_factory=set)

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
    in_doubt: dict[Pair, PlannedRun] = field(default_factory=dict)  # additions whose answer may be lost
    reading: PlannedRun | None = None
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
                self._add(pair)
            else:
                self.owner.pop(pair, None)

    def _add(self, pair: Pair) -> None:
        """A person added a tag; in doubt it counts as the run's."""
        self.owner[pair] = PERSON
        if pair in self.in_doubt:
            self._claim(pair, self.in_doubt[pair])

    def _claim(self, pair: Pair, run: PlannedRun) -> None:
        self.owner[pair] = run.name
        run.effected.add(pair)
        run.absent.discard(pair)

    def begin_doubt(self, run: PlannedRun, ops: Iterable[int]) -> None:
        """A request with these operations may be sent from now on."""
        self.in_doubt |= {(op.opportunity, op.tag): run for op in self._additions(run, ops)}

    def end_doubt(self, run: PlannedRun, ops: Iterable[int]) -> None:
        """It is noted what became of these operations."""
        for op in self._additions(run, ops):
            self.in_doubt.pop((op.opportunity, op.tag), None)

    def _additions(self, run: PlannedRun, ops: Iterable[int]) -> list[Operation]:
        return [op for number in ops if (op := run.plan.operations[number]).action == "add"]

    def read(self, run: PlannedRun | None, item: dict[str, Any]) -> None:
        """Leverkit read an opportunity, while it worked on a run."""
        opportunity, tags = item["id"], frozenset(item["tags"])
        self.readings[opportunity] = Reading(
            item["contact"], tags, bool(item.get("isAnonymized")), self.changes
        )
        self.reading = run
        if run is not None:
            run.first.just_read |= {
                pair for pair in run.first.effected if pair[0] == opportunity and pair[1] not in tags
            }

    def keep_readings(self, *, died: bool = False) -> None:
        """The process had the time to note what it had read; `died`: it had not."""
        if self.reading is not None:
            first = self.reading.first
            first.absent |= set() if died else first.just_read
            first.just_read.clear()

    def unseen(self, run: PlannedRun, opportunity: str, added: Iterable[str]) -> None:
        """A run adds what a person added since it was read: nobody can tell the one from the other."""
        for pair in ((opportunity, tag) for tag in added):
            if self.changed.get(pair, 0) > self.readings[opportunity].changes:
                self._claim(pair, run)

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
            return "a person removed it again"
        owner = self.owner.get(pair)
        if op.action == "remove" and seen and owner != run.first.name and pair in run.first.absent:
            return f"it is {owner or 'an earlier'}'s, after a reading without it"
        if op.action == "remove" and pair not in run.first.effected:
            return "the run never put it there"
        return ""
