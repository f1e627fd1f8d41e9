"""A run folder, opened once and handed on: its plan, its journal, and the state that follows from both.

A command opens a run once. Only what writes reads again, under the lock: see `apply`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from leverkit.api.account import Account
from leverkit.errors import LeverkitError, Refused, UsageError
from leverkit.history.catch_up import take_runs
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import decided_since
from leverkit.history.reading import Pair, RunWrites, Write, shown_until
from leverkit.migration.journal import GENESIS, Entry, Intent, Outcome, SessionEnded, belongs_to, read
from leverkit.migration.records import JournalLost, Record, read_records, recorded_entries
from leverkit.migration.run_state import RunState, replay_entries
from leverkit.planning.plan import Plan
from leverkit.planning.run_folder import JOURNAL, journal_head, lock_file
from leverkit.planning.waves import Wave, wave_of
from leverkit.settings import find_account_folder
from leverkit.storage import files

SAME_ACCOUNT = "same_account.json"  # a person's confirmation that a doubtful account is the plan's
OUTCOMES = ("done", "no_op", "drifted", "gone", "failed", "unknown", "pending")


@dataclass(frozen=True)
class Run:
    """A run folder as it was when it was opened.

    `entries` are those of the journal; () where there is none. `journal_error` is why it could not be used.
    """

    folder: Path
    plan: Plan
    entries: tuple[Entry, ...] = ()
    journal_error: Refused | UsageError | None = None
    _waves: dict[str, Wave] = field(default_factory=dict, repr=False, compare=False)  # those resolved so far

    @classmethod
    def open(cls, folder: Path | str, *, require_journal: bool = True) -> Run:
        """Read the plan and the journal of a run folder.

        Raises UsageError where there is no plan, Refused where it was edited, and both as `require_journal`
        does unless that is False.
        """
        run = cls.planned(folder)
        try:
            known = read_records(run.folder, run.plan.plan_id)  # before the journal, which may be growing
            entries = read(run.journal_file)
            if not belongs_to(entries, run.plan.plan_id, run.plan.account):
                raise Refused(f"{run.folder}: {JOURNAL} belongs to another plan or account")
            opened = run.at(entries)
            opened.check_records(known)
            return opened
        except (Refused, UsageError) as error:
            if require_journal:
                raise
            return replace(run, journal_error=error)

    @classmethod
    def planned(cls, folder: Path | str) -> Run:
        """Read the plan alone, as for a run that is to be written to: its journal is read under the lock."""
        return cls(Path(folder), Plan.read(folder))

    @classmethod
    def recorded(cls, folder: Path | str) -> Run:
        """Open a run whose journal was lost, with the outcomes that result.json has of it.

        Raises UsageError where there is no plan, Refused where result.json does not tell what was done.
        """
        run = cls.planned(folder)
        return run.at(recorded_entries(run.folder, run.plan))

    def check_records(self, known: Iterable[Record]) -> None:
        """Raise Refused where the files of the run know more than its journal: some of it was lost."""
        ahead = [record.file for record in known if record.is_ahead(self.entries, lambda: self.counts)]
        if ahead:
            raise JournalLost(
                f"{self.folder}: {ahead[0]} knows of more than {JOURNAL}, which was lost or restored from an "
                "older copy. Nothing was written. Bring the latest journal back from a copy of the folder; "
                f"where there is none, `leverkit rollback {shlex.quote(str(self.folder))} -o UNDO "
                "--from-result` plans the undoing of what result.json knows"
            )

    def require_account(self, account: Account, *, same_account: bool = False) -> None:
        """Raise Refused unless this is the account of the plan; a person's confirmation of it is recorded."""
        plan = self.plan
        confirmed = account.require_same(
            plan.account,
            plan.account_ids,
            plan.host,
            what="the plan",
            else_="pull and plan for this account",
            same_account=same_account,
        )
        if confirmed:
            files.write_json(self.folder / SAME_ACCOUNT, confirmed)
            account.remember(plan.account, confirmed=confirmed)

    def at(self, entries: Iterable[Entry]) -> Run:
        """Return the run as it stands when its journal has these entries."""
        return replace(self, entries=tuple(entries))

    def require_journal(self) -> None:
        """Raise Refused where the journal is damaged or another plan's, UsageError where it is unreadable."""
        if self.journal_error:
            raise self.journal_error

    @property
    def journal_file(self) -> Path:
        """Return where the journal is, or will be."""
        return self.folder / JOURNAL

    @property
    def lock_file(self) -> Path:
        """Return the lock that whoever writes to the run holds."""
        return lock_file(self.folder)

    @property
    def head(self) -> str:
        """Return the end of the journal's chain."""
        return self.entries[-1].chain if self.entries else GENESIS

    @cached_property
    def state(self) -> RunState:
        """Return the state that follows from the journal."""
        return replay_entries(self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of operations under each of the seven outcomes; their sum is what is planned."""
        found = Counter(self.state.outcome_name(number) for number in range(len(self.plan.operations)))
        return {name: found[name] for name in OUTCOMES}

    @property
    def known_end(self) -> tuple[int, str]:
        """Return the length and the head of the journal; where it is unusable, what the files know of it."""
        if self.journal_error is None:
            return len(self.entries), self.head
        known = read_records(self.folder, self.plan.plan_id)
        return max(((record.entries, record.head) for record in known), default=(0, ""))

    def find_ledger(self) -> Ledger | None:
        """Open the ledger of the account in the workspace; None where there is none.

        Raises Refused where it is damaged, UsageError where accounts.json is.
        """
        folder = find_account_folder(self.plan.account)
        return Ledger.find(folder) if folder else None

    def decided_since(self, home: Path | None) -> dict[int, str]:
        """Return what others decided on open additions of a migration since it was planned, by positions.

        The account's ledger in a workspace tells it, and journals that it has not followed yet. What was
        named as removed when the plan was made stays overruled. Raises Refused, UsageError, Locked.
        """
        plan, state = self.plan, self.state
        folder = find_account_folder(plan.account, home) if plan.kind == "migrate" else None
        ledger = Ledger.find(folder) if folder else None
        if ledger is None:
            return {}
        left = {
            op: number
            for number, op in enumerate(plan.operations)
            if op.action == "add" and not state.is_settled(number) and state.open_intent(number) is None
        }
        with ledger:
            follow_open_runs(ledger, without=self.folder)
            marks = dict(ledger.marks({op.opportunity for op in left}))
            gone = ledger.view((), {op.contact for op in left}).everywhere
        known = {op: (marks.get((op.opportunity, op.tag)), gone.get((op.contact, op.tag))) for op in left}
        found = {left[op]: decided_since(each, plan.taken_at) for op, each in known.items()}
        return {number: why for number, why in found.items() if why}

    def writes(self, *, since_ms: int = 0) -> RunWrites:
        """Return what the journal tells the account's ledger; without a head until its session has ended.

        A change that somebody undid before it was read back was made too. An addition that Lever
        accepted and did not show is not kept; where Lever stored it in another form, that form is ours.
        Requests whose outcome is not known are unsettled if they were sent after `since_ms`, when the last
        reading began: what an older one did, that reading has shown.
        """
        ops, writes, sent = self.plan.operations, list[Write](), dict[int, int]()
        for entry in self.entries:
            match entry.body:
                case Intent(ops=numbers):
                    sent |= dict.fromkeys(numbers, entry.at_ms)
                case Outcome(op=number) as outcome if outcome.effective or self._was_undone(outcome):
                    op, tag = ops[number], outcome.stored or ops[number].tag
                    at_ms = (outcome.lever_ms or entry.at_ms) if outcome.effective else sent[number]
                    writes.append(
                        Write(entry.seq, at_ms, op.contact, op.opportunity, tag, op.action == "add")
                    )
                case Outcome() as outcome if self._was_not_kept(outcome):
                    op, at_ms = ops[outcome.op], outcome.lever_ms or entry.at_ms
                    where = entry.seq, at_ms, op.contact, op.opportunity
                    writes.append(Write(*where, op.tag, added=True, kept=False))
                    writes += [Write(*where, outcome.stored, added=True)] if outcome.stored else []
        recent = (number for number, at_ms in sent.items() if at_ms > shown_until(since_ms))
        open_ = (ops[number] for number in recent if self.state.outcome_name(number) == "unknown")
        is_ended = bool(self.entries) and isinstance(self.entries[-1].body, SessionEnded)
        return RunWrites(
            plan_id=self.plan.plan_id,
            folder=str(self.folder.resolve()),
            kind=self.plan.kind,
            entries=len(self.entries),
            head=self.head if is_ended else "",
            writes=tuple(writes),
            unsettled=frozenset((op.opportunity, op.tag) for op in open_),
        )

    def _was_undone(self, outcome: Outcome) -> bool:
        """Return True if a request was perhaps carried out and undone by somebody before it was seen."""
        return outcome.outcome == "drifted" and self.state.open_intent(outcome.op) is not None

    def _was_not_kept(self, outcome: Outcome) -> bool:
        """Return True if Lever accepted an addition and did not show it: so late, or in another form."""
        response = self.state.responses.get(outcome.op)
        is_addition = self.plan.operations[outcome.op].action == "add"
        accepted = response is not None and response.status == "ok"
        return is_addition and outcome.outcome == "failed" and accepted

    def wave(self, name: str) -> Wave:
        """Return a wave of the plan by its name. Raises UsageError where there is none of this name."""
        if name not in self._waves:
            self._waves[name] = wave_of(self.plan, name)
        return self._waves[name]

    @property
    def begun(self) -> tuple[Wave, ...]:
        """Return the waves that were begun."""
        return tuple(map(self.wave, self.state.waves))

    def is_settled(self, wave: Wave) -> bool:
        """Return True if no operation of a wave needs more work."""
        return all(map(self.state.is_settled, wave.positions))

    def open_operations(self, wave: Wave) -> int:
        """Return how many operations of a wave are pending, or were in flight when the run broke off."""
        names = map(self.state.outcome_name, wave.positions)
        return sum(name in ("pending", "unknown") for name in names)


def largest(waves: Iterable[Wave]) -> Wave | None:
    """Return the wave with the most operations; None where there is no wave."""
    return max(waves, key=lambda wave: len(wave.positions), default=None)


def follow_open_runs(ledger: Ledger, *, without: Path | None = None) -> frozenset[Pair]:
    """Take in what runs that may still write have written; return the pairs with an open outcome.

    `without` is the folder of a run that is not asked for.
    """
    since = ledger.last.taken_at
    found = list[RunWrites]()
    for known in ledger.open_runs():
        folder = Path(known.folder)
        with suppress(LeverkitError):  # the next pull tells of a run that cannot be read
            if folder != (without and without.resolve()) and journal_head(folder):
                found.append(Run.open(folder).writes(since_ms=since))
    take_runs(ledger, found)
    return frozenset[Pair]().union(*(run.unsettled for run in found))
