"""Tells which changes of a run are still its own, from the run folders that know of it.

What a rollback took back already, what another run changed and what somebody undid is no longer the run's:
the same tag, if it is there again, is a person's or another run's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from math import inf
from pathlib import Path

import msgspec

from leverkit.api.auth import same_host
from leverkit.errors import LeverkitError, Refused
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import since
from leverkit.history.tables import SHORT
from leverkit.migration.journal import Entry, Intent, Outcome, Undone, last_entry_ms
from leverkit.migration.records import JournalLost, VerificationRecord
from leverkit.migration.run import Run
from leverkit.migration.run_state import RunState
from leverkit.planning.operation import Operation
from leverkit.planning.plan_document import Kind
from leverkit.planning.run_folder import JOURNAL, was_begun
from leverkit.report.text import count
from leverkit.storage import files

RELATED = "related.json"  # folders, not beside this one, of the run that it takes back and of its rollbacks
_SEEN = ("done", "no_op", "drifted", "gone")
_Pair = tuple[str, str]


class PlanHead(msgspec.Struct, frozen=True):
    """What plan.json says of a plan's kind; of a rollback, `policy_digest` is the plan that it takes back."""

    plan_id: str
    kind: Kind
    host: str
    policy_digest: str

    def undoes(self, plan_id: str) -> bool:
        """Return True if this is a rollback of that plan."""
        return self.kind == "rollback" and self.policy_digest == plan_id

    @classmethod
    def read(cls, folder: Path) -> PlanHead | None:
        """Read it from a run folder; None where there is no plan that can be read."""
        return files.read_json(folder / "plan.json", cls)


def relate(run: Path, undo: Path) -> None:
    """Note in two run folders where the other one is, unless they are beside each other."""
    if run.resolve().parent == undo.resolve().parent:
        return
    for folder, other in ((run, undo), (undo, run)):
        noted = sorted({*_noted(folder), str(other.resolve())})
        files.write_atomic(folder / RELATED, msgspec.json.encode(noted) + b"\n")


def related(folder: Path) -> Iterator[tuple[Path, PlanHead]]:
    """Yield the folders with a plan that are beside a run folder, or noted in it, without itself."""
    beside = [folder.parent / path.parent.name for path in folder.absolute().parent.glob("*/plan.json")]
    found = {other.resolve(): other for other in (*map(Path, _noted(folder)), *beside)}
    found.pop(folder.resolve(), None)
    for other in sorted(found.values()):
        head = PlanHead.read(other)
        if head is not None:
            yield other, head


def is_being_undone(run: Run) -> bool:
    """Return True if a rollback of a run was begun."""
    return any(head.undoes(run.plan.plan_id) and was_begun(folder) for folder, head in related(run.folder))


def no_longer_ours(run: Run, *, undo: Run | None = None) -> dict[int, str]:
    """Return why operations of a run are no longer its own, by their positions.

    `undo` is a rollback that is being carried out: it and its copies are no evidence.
    Raises Refused where a rollback of this run cannot be read, as it may have taken everything back.
    """
    evidence = _Evidence(run)
    evidence.read_verification()
    evidence.read_run(run)
    if ledger := run.find_ledger():
        with ledger:
            evidence.read_ledger(ledger, undo)
    for folder, head in related(run.folder):
        # By its host, not its account: an opportunity's id is its account's own, and a copy's elsewhere.
        other_plan = same_host(head.host, run.plan.host) and head.plan_id != run.plan.plan_id
        if not other_plan or not was_begun(folder):
            continue
        undoes = head.undoes(run.plan.plan_id)
        try:
            if not undoes and last_entry_ms(folder / JOURNAL) <= evidence.began_ms:
                continue  # a large run beside this one takes long to read
            other = Run.open(folder)
        except LeverkitError as error:
            if undoes:
                raise Refused(f"a rollback of this run cannot be read: {error}") from None
            continue
        if undo is None or not _is_copy(other, undo):
            evidence.read_run(other)
    return evidence.found


def _is_copy(other: Run, run: Run) -> bool:
    """Return True if a folder is a run's own or a copy of it, no further than the run is."""
    same = other.plan.plan_id == run.plan.plan_id
    return same and other.entries == run.entries[: len(other.entries)]


def overtaken(undo: Run) -> dict[int, str]:
    """Return why open operations of a rollback are no longer its run's to undo, by their positions.

    Raises Refused where it has requested nothing yet: it is better planned again.
    """
    if undo.plan.kind != "rollback":
        return {}
    plan, state = undo.plan, undo.state
    is_open = {
        (op.opportunity, op.tag): number
        for number, op in enumerate(plan.operations)
        if not state.is_settled(number)
    }
    runs = [folder for folder, head in related(undo.folder) if is_open and head.plan_id == plan.policy_digest]
    found = {} if runs else _by_ledger(undo, is_open)
    for run in map(_open, runs):
        taken, ops = no_longer_ours(run, undo=undo), run.plan.operations
        lost = {is_open.get((ops[n].opportunity, ops[n].tag)): why for n, why in taken.items()}
        found |= {number: why for number, why in lost.items() if number is not None}
    if found and not state.intents:
        changes = count(len(found), "change is", "changes are")
        raise Refused(
            f"{changes} not the run's any more since this rollback was planned (first: "
            f"{found[min(found)]}); nothing was written. Plan again: "
            f"leverkit rollback {runs[0] if runs else 'RUN'} -o a new folder"
        )
    return found


def _by_ledger(undo: Run, pairs: Mapping[_Pair, int]) -> dict[int, str]:
    """Return what the ledger tells, where the run was moved, packed or removed since."""
    own = {undo.plan.policy_digest[:SHORT], undo.plan.short}
    with undo.find_ledger() or nullcontext() as ledger:
        if ledger is None or not ledger.has_followed(undo.plan.policy_digest):
            return {}
        marks = ledger.marks({id for id, _ in pairs})
        return {pairs[pair]: since(mark) for pair, mark in marks if pair in pairs and mark.run not in own}


def _open(folder: Path) -> Run:
    """Open a run; where its journal was lost, as its result.json has it."""
    try:
        return Run.open(folder)
    except JournalLost:
        return Run.recorded(folder)


class _Evidence:
    """What is known of a run's changes after they were requested; `found` holds those that were undone.

    A change may have been found in place only long after its request, whose answer was lost: so what others
    saw or did in between counts too.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.found: dict[int, str] = {}
        self._made: dict[_Pair, int] = {}  # positions of what may be ours
        self._by_opportunity: dict[str, list[int]] = {}
        self._sent = _sent(run)
        for number in self._sent:
            op = run.plan.operations[number]
            self._made[op.opportunity, op.tag] = number
            self._by_opportunity.setdefault(op.opportunity, []).append(number)

    @property
    def began_ms(self) -> float:
        """Return when the first of the changes was requested (ms since the epoch)."""
        return min((entry.at_ms for entry in self._sent.values()), default=inf)

    def read_verification(self) -> None:
        """Note what verifications did not find in place."""
        record = VerificationRecord.read(self._run.folder)
        if record is None or record.plan_id != self._run.plan.plan_id:
            return
        for pair in record.undone:
            number = self._made.get((pair.opportunity, pair.tag))
            if number is not None and pair.at_ms > self._sent[number].at_ms:
                self._note(number, "a verification did not find it in place")

    def read_ledger(self, ledger: Ledger, undo: Run | None) -> None:
        """Note what the ledger knows of later changes, if it has followed this run's journal."""
        plan = self._run.plan
        if not ledger.has_followed(plan.plan_id):
            return
        own = {plan.short, undo.plan.short if undo else ""}
        for pair, mark in ledger.marks(self._by_opportunity):
            number = self._made.get(pair)
            if number is None or (mark.run and mark.run in own):
                continue
            outcome = self._run.state.outcomes.get(number)
            ended_ms = (outcome.lever_ms if outcome else None) or self._sent[number].at_ms
            if mark.at_ms > ended_ms:
                self._note(number, since(mark))

    def read_run(self, other: Run) -> None:
        """Note what a journal shows: of the run itself, of a rollback of it, of any other run."""
        own = other is self._run
        undoes = other.plan.kind == "rollback" and other.plan.policy_digest == self._run.plan.plan_id
        name = f"the rollback in {other.folder}" if undoes else f"the run in {other.folder}"
        covered = self._seq_at(other.plan.snapshot_digest) if undoes else 0
        sent = _sent(other)
        for entry in other.entries:
            if isinstance(entry.body, Intent):
                self._read_intent(entry.body, entry.at_ms, "this run" if own else name)
            elif isinstance(entry.body, Undone) and own:
                self._read_undone(entry.body, entry.seq)
            elif isinstance(entry.body, Outcome) and not own:
                op, request = other.plan.operations[entry.body.op], sent.get(entry.body.op)
                sent_ms = request.at_ms if request else 0
                self._read_outcome(op, entry.body, entry.at_ms, sent_ms, name, covered)
        if undoes:
            self._read_open(other.plan.operations, other.state, name)

    def _read_intent(self, intent: Intent, at_ms: int, name: str) -> None:
        """Note changes that a later request did not find, unless it read the opportunity as it was before."""
        for number in self._by_opportunity.get(intent.opportunity, ()):
            op, ours = self._run.plan.operations[number], self._run.state.intents[number]
            is_later = at_ms > self._sent[number].at_ms and intent.updated_at != ours.updated_at
            if is_later and not op.is_in_effect(intent.before):
                self._note(number, f"somebody had undone it when {name} read it")

    def _read_undone(self, undone: Undone, seq: int) -> None:
        for number in undone.ops:
            if number in self._sent and seq > self._sent[number].seq:
                self._note(number, "somebody had undone it when this run read it")

    def _read_outcome(
        self, op: Operation, outcome: Outcome, at_ms: int, sent_ms: int, name: str, covered: int
    ) -> None:
        number = self._made.get((op.opportunity, op.tag))
        if number is None:
            return
        ours = self._sent[number]
        is_later = at_ms > ours.at_ms
        if covered and outcome.outcome in _SEEN and (is_later or ours.seq <= covered):
            self._note(number, f"{name} has dealt with it already")
        elif op.action != self._run.plan.operations[number].action:
            if is_later and (outcome.effective or outcome.outcome == "no_op"):
                self._note(number, f"{name} changed it, or found it undone, since")
        elif outcome.effective and sent_ms > ours.at_ms:  # which had read it without our change
            self._note(number, f"{name} made the same change after this run's request")

    def _read_open(self, operations: tuple[Operation, ...], state: RunState, name: str) -> None:
        for position, op in enumerate(operations):
            number = self._made.get((op.opportunity, op.tag))
            if number is not None and state.outcome_name(position) == "unknown":
                self._note(number, f"{name} was interrupted here: apply that one again")

    def _seq_at(self, head: str) -> int:
        """Return how many entries the journal had when a rollback was planned; 1 if it is not known."""
        return next((entry.seq for entry in self._run.entries if entry.chain == head), 1)

    def _note(self, number: int, why: str) -> None:
        self.found.setdefault(number, why)


def _sent(run: Run) -> dict[int, Entry]:
    """Return the entry of the last request of each operation."""
    requests = [(entry, entry.body) for entry in run.entries]
    return {op: entry for entry, body in requests if isinstance(body, Intent) for op in body.ops}


def _noted(folder: Path) -> list[str]:
    return files.read_json(folder / RELATED, list[str]) or []
