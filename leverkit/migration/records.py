"""What the files of a run know of its journal: its length and its end.

result.json, verify.json and replay.json are written after the journal. So where it has less than they
know, it was lost, or restored from an older copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from leverkit.errors import Refused
from leverkit.migration.journal import Body, Entry, Intent, Outcome, OutcomeName, WriteResponse
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.storage import files

RESULT = "result.json"
FILES = (RESULT, "verify.json", "replay.json")
SINCE = "changed since"  # reported of a planned change that the run saw in place, and Lever says is newer
FINAL: tuple[OutcomeName, ...] = ("done", "no_op", "drifted", "gone")  # an operation with one keeps it


class JournalLost(Refused):
    """Other files of a run know more than its journal."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries the journal had when a file was written, the end of its chain, and the outcomes.

    A file of an older leverkit has `entries` 0.
    """

    file: str = ""
    plan_id: str
    entries: int = 0
    head: str = ""
    counts: dict[str, int] = {}

    def is_ahead(self, entries: Sequence[Entry], counts: Callable[[], dict[str, int]]) -> bool:
        """Return True if a journal of these entries, with these outcomes, lacks what the file knows."""
        if self.entries:
            return len(entries) < self.entries or entries[self.entries - 1].chain != self.head
        return any(self.counts.get(name, 0) > counts()[name] for name in FINAL if self.counts.get(name))


def read_records(folder: Path, plan_id: str) -> tuple[Record, ...]:
    """Return what the files of a run know; one that is missing, damaged or another plan's knows none."""
    return tuple(
        msgspec.structs.replace(record, file=name)
        for name in FILES
        if (record := files.read_json(folder / name, Record)) and record.plan_id == plan_id
    )


class SeenUndone(msgspec.Struct, frozen=True):
    """A change of the run that a verification did not find in place, and when its reading began (ms)."""

    opportunity: str
    tag: str
    at_ms: int


class VerificationRecord(Record, frozen=True, kw_only=True):
    """What verify.json says of a run: how much was verified, when reading began, and what was found.

    It was read after the journal had `entries` entries. `undone` is of all verifications: what was put back
    since is no longer the run's.
    """

    wave: str
    began_ms: int
    exit_code: int
    summary: str
    undone: tuple[SeenUndone, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> VerificationRecord | None:
        """Read the record of a run folder; None where there is none that can be used."""
        return files.read_json(folder / "verify.json", cls)

    def is_after_writes(self, entries: Sequence[Entry]) -> bool:
        """Return True if the reading began after the last write in a journal.

        The number of its entry tells, as clocks may differ; a file of an older leverkit has times only.
        """
        last = next((entry for entry in reversed(entries) if isinstance(entry.body, WriteResponse)), None)
        if last is None:
            return True
        return last.seq <= self.entries if self.head else last.at_ms < self.began_ms


class _Exception(msgspec.Struct, frozen=True):
    operation: Operation
    outcome: str
    evidence: str = ""


class RecordedResult(msgspec.Struct, frozen=True):
    """What result.json says of a run: the operations that are not done, and which changes are its own."""

    plan_id: str
    counts: dict[str, int]
    exceptions: tuple[_Exception, ...]
    head: str = ""
    effective: tuple[tuple[int, int], ...] | None = None


def recorded_entries(folder: Path, plan: Plan) -> list[Entry]:
    """Return entries of a journal that give the outcomes of result.json.

    Raises Refused where it is missing, another plan's, or does not tell which changes are the run's.
    """
    found = files.read_json(folder / RESULT, RecordedResult)
    if found is None or found.plan_id != plan.plan_id:
        raise Refused(f"{folder}: no {RESULT} of this plan can be read, so nothing is known of what was done")
    if found.effective is None and found.counts.get("no_op"):
        raise Refused(
            f"{folder / RESULT} does not tell which of the tags were there before the run. Nothing was "
            "planned: it might remove a person's. Bring journal.sqlite back from a copy of the folder"
        )
    bodies = enumerate(_bodies(plan, found), 1)
    # The run wrote after its snapshot, it is not known when: what others did since then counts as later.
    return [Entry(seq, plan.taken_at, body, bytes.fromhex(found.head)) for seq, body in bodies]


def _bodies(plan: Plan, found: RecordedResult) -> Iterator[Body]:
    rest = {(e.operation.opportunity, e.operation.action, e.operation.tag): e for e in found.exceptions}
    ours = {n for first, last in found.effective or () for n in range(first, last + 1)}
    for number, op in enumerate(plan.operations):
        ended = rest.get((op.opportunity, op.action, op.tag))
        if ended is None:
            effective = found.effective is None or number in ours
            if effective:
                yield _intent(plan, number)
            yield Outcome(number, "done" if effective else "no_op", effective, f"by {RESULT}")
        elif ended.outcome == "unknown":
            yield _intent(plan, number)
        elif ended.outcome != "pending":
            name = msgspec.convert(ended.outcome, OutcomeName)
            yield Outcome(number, name, number in ours, ended.evidence)


def _intent(plan: Plan, number: int) -> Intent:
    op = plan.operations[number]
    return Intent((number,), op.opportunity, op.action, (op.tag,), plan.before[op.opportunity].tags)


def spans(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending numbers as first and last of each unbroken row of them."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
