"""One night: read the account, see what people did, plan, carry out what a person allowed, verify.

What it wrote is in the run's journal; the run that is not at its end is named in sync.json.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import BrakeTripped, Locked, Refused, WritesFailed, exit_code_of
from leverkit.history.catch_up import CaughtUp
from leverkit.history.ledger import Ledger, ledger_file, register_run
from leverkit.jobs.approval import Approval
from leverkit.jobs.ledger import follow_runs, last_reading, rebuild_ledger, runs_of_receivers, update_ledger
from leverkit.jobs.nightly.account_reading import read_account
from leverkit.jobs.nightly.allowance import Allowance
from leverkit.jobs.nightly.last_known import last_known_reading, note_reading
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.jobs.nightly.plan import commands_for_a_person, nightly_plan
from leverkit.jobs.nightly.record import SyncRecord, sync_lock
from leverkit.jobs.nightly.standing_run import apply_and_verify, no_longer_planned
from leverkit.jobs.packing import pack_runs
from leverkit.migration.next_step import verification_gap
from leverkit.migration.run import Run
from leverkit.planning.operation import by_reason
from leverkit.planning.run_folder import was_begun
from leverkit.planning.waves import ALL
from leverkit.policy.policy import Policy
from leverkit.settings import Settings, connect
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.lock import hold

if TYPE_CHECKING:
    from leverkit.api.client import Lever

DAY_MS = 24 * 3600 * 1000


class Night:
    """One nightly job; `record` grows as it goes on."""

    def __init__(
        self, order: SyncOrder, settings: Settings, lever: Lever | None, reread_after: Sequence[float]
    ) -> None:
        self._order, self._settings, self._lever = order, settings, lever
        self._reread_after, self._began = reread_after, time.monotonic()
        self._counts: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._code = 0
        self.out = (order.out or settings.home).absolute()  # until the account is known
        self.record = SyncRecord(
            account_name=settings.account_name,
            host=settings.host,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            dry_run=order.dry_run,
        )

    def run(self) -> None:
        """Do the job. Raises what ended it."""
        order = self._order
        self._policy = Policy.read(order.policy).narrowed(order.matching)
        self._note(policy_digest=self._policy.digest)
        with ExitStack() as stack:
            self._reader = self._lever or stack.enter_context(
                connect(settings=self._settings, rate=order.rate)
            )
            self._folder = self._reader.account.folder_in(self._settings.home)
            account = self._folder.name
            self.out = (order.out or self._folder).absolute()  # the next job may begin in another folder
            stack.enter_context(hold(sync_lock(self._folder), purpose="nightly job"))
            known = SyncRecord.find(self.out, account)
            self._note(account=account, reading=known.reading, open_run=known.open_run)
            with order.naming_rebase(ledger_file(self._folder)):
                self._allowance = Allowance(Approval.find(self._folder), order)
                self._work(self.out)

    def end(self, error: BaseException | None) -> BaseException | None:
        """End the record of a job, and write it where the account is known; return what ended the job.

        A record that cannot be written is an error too, whatever the job did. A job that did not come to know
        its account has a page alone: what the next one has to know stays in sync.json.
        """
        self._seal(error)
        if self.out and not isinstance(error, Locked):  # the one that holds the lock writes its own
            try:
                self.record.write(self.out)
            except OSError as unwritten:
                self._add_notes(f"how this job ended could not be written: {unwritten}")
                error = error or unwritten
                self._seal(error)
        return error

    def _seal(self, error: BaseException | None) -> None:
        if error is not None:
            self._code = exit_code_of(error)
            self._note(summary=str(error) or type(error).__name__)
        seconds = round(time.monotonic() - self._began, 1)
        self._note(exit_code=self._code, seconds=seconds, counts=dict(self._counts))

    def _note(self, **facts: object) -> None:
        self.record = msgspec.structs.replace(self.record, **facts)

    def _add_notes(self, *notes: str) -> None:
        self._note(notes=(*self.record.notes, *notes))

    def _work(self, out: Path) -> None:
        self._require_ledger()
        snapshot, failed = self._read(out), None
        if left := self._left_open():
            failed = self._finish(left, out, snapshot)
            snapshot = self._read(out)
        run = self._planned(out, snapshot)
        if self.record.first or (run.plan.operations and self._order.dry_run):
            self._show(run)
        elif run.plan.operations:
            self._note(summary=self._carry_out(run, out, snapshot))
        elif failed:
            raise failed
        else:
            self._add_notes(*filter(None, [self._allowance.warning(self._policy.digest)]))
        if not self._order.dry_run:
            folders = [*(out / "runs").glob("*"), *runs_of_receivers(self._folder)]
            packed = pack_runs(folders, snapshot.taken_at - self._order.keep_days * DAY_MS)
            self._note(packed=len(packed))

    def _read(self, out: Path) -> Snapshot:
        """Read the account, and let the ledger learn what people did since the last reading."""
        snapshot = read_account(out / "snapshot", self._reader)
        self._learn(snapshot)
        return snapshot

    def _require_ledger(self) -> None:
        """Raise Refused where a ledger is gone, or older than one that was known, unless it is made again."""
        if self._order.rebase:
            return
        approval, last = self._allowance.approval, last_reading(self._folder)
        before = self.record.reading or (approval.reading if approval else 0)
        if last:  # else nothing is there any more, and the first job writes nothing
            before = max(before, last_known_reading(self._folder))
        if last < before:
            how = f"an old copy (reading {last}; the last job's was {before})" if last else "gone"
            raise Refused(
                f"the ledger of account {self._folder.name} is {how}, so removals by people are not known; "
                f"nothing was done. `{self._order.command} --rebase` begins a new one, and writes nothing"
            )

    def _left_open(self) -> Run | None:
        """Return the run that an earlier job left, if it is to be finished first."""
        folder, dry_run = Path(self.record.open_run), self._order.dry_run
        if not self.record.open_run:
            return None
        if self._order.rebase or not was_begun(folder):
            if not folder.is_dir():
                self._add_notes(f"the run in {folder} was not at its end, and is not there any more")
            self._note(open_run="")
            return None
        run = Run.open(folder)
        every = run.wave(ALL)
        if not (run.is_settled(every) and not verification_gap(run, every)):
            if dry_run:
                self._add_notes(f"the run in {folder} is not at its end: the next job finishes it first")
                return None
            if run.plan.policy_digest == self._policy.digest:
                return run
            self._add_notes(f"the run in {folder} stays as it was left: the policy is another one now")
        self._note(open_run="")
        return None

    def _learn(self, snapshot: Snapshot) -> None:
        """Bring the ledger up to date. Raises Refused unless the reading is complete and of this account."""
        rebase = self._order.rebase
        found = rebuild_ledger(self._folder, snapshot) if rebase else self._updated(snapshot)
        self._add_notes(*found.odd)
        if found.refused:
            raise Refused(
                f"{found.refused}; nothing was planned. If it is right, `{self._order.command} --rebase` "
                "begins anew from this reading, and writes nothing"
            )
        self._found.update(found.counts)
        note_reading(self._folder, found.number)
        self._note(reading=found.number, found=dict(self._found), first=found.first or rebase)

    def _updated(self, snapshot: Snapshot) -> CaughtUp:
        limit = self._order.max_found_removals
        try:
            return update_ledger(self._folder, snapshot, lever=self._reader, max_found_removals=limit)
        except BrakeTripped as error:
            self._note(next=f"{self._order.command} {str(error).rpartition('give ')[2]}")
            raise

    def _planned(self, out: Path, snapshot: Snapshot) -> Run:
        """Plan into a run folder, for a person where no plan rests on the ledger yet."""
        with Ledger.open(self._folder) as ledger:
            first = self.record.first or not ledger.view(()).decisions
            run = nightly_plan(
                out / "runs",
                snapshot,
                self._policy,
                ledger,
                brakes=self._allowance.brakes,
                for_a_person=first,
                consider=first and not self._order.dry_run,
            )
        plan = run.plan
        self._add_notes(*plan.warnings)
        self._note(first=first, plan_id=plan.plan_id, planned=len(plan.operations), summary=plan.summary)
        self._note(undecided=len(plan.undecided), left=by_reason(plan.skipped))
        if plan.operations:
            register_run(self._folder, run.folder, plan_id=plan.plan_id, kind=plan.kind, begun=False)
            self._note(run=str(run.folder))
        return run

    def _show(self, run: Run) -> None:
        """Tell a person what is planned; nothing is written to Lever."""
        plan = run.plan
        kind = "dry run" if self._order.dry_run else "first run: the ledger begins"
        self._note(summary=f"{kind}, nothing was written; {plan.summary}", next=self._order.command)
        if self.record.first:
            self._note(next=commands_for_a_person(run, self._allowance.command()))

    def _carry_out(self, run: Run, out: Path, snapshot: Snapshot) -> str:
        """Carry out a run within the standing approval, and verify it; return how it ended.

        What people decided since it was planned, as of a snapshot, is left as they have it.
        """
        plan, order = run.plan, self._order
        self._note(next=self._allowance.command(run))
        approval = self._allowance.take(run)
        self._note(next="")
        approval.write(run.folder)
        self._note(open_run=str(run.folder), run=str(run.folder), plan_id=plan.plan_id)
        self.record.write(out)  # a job that is killed from here on leaves what the next one finishes
        with ExitStack() as stack:
            writer = self._lever or stack.enter_context(
                connect(write=True, settings=self._settings, rate=order.rate)
            )
            stack.callback(self._count, run)
            summary, code = apply_and_verify(
                run,
                writer,
                self._reader,
                approval,
                refused=lambda locked: self._decided_since(locked, snapshot),
                max_seconds=order.max_seconds,
                wait=order.wait,
                reread_after=self._reread_after,
            )
        self._code = max(self._code, code)
        self._note(open_run="")
        return summary

    def _finish(self, run: Run, out: Path, snapshot: Snapshot) -> WritesFailed | None:
        """Carry out what an earlier job left; return the error where Lever did not take all of it again.

        That holds up nothing that is new: it is still missing, so tonight's plan has it, and decides.
        """
        try:
            self._add_notes(f"finished first: {self._carry_out(run, out, snapshot)}")
        except WritesFailed as error:
            self._add_notes(f"finished first: {error}")
            return error
        return None

    def _decided_since(self, run: Run, snapshot: Snapshot) -> dict[int, str]:
        with Ledger.open(self._folder) as ledger:
            return no_longer_planned(run, snapshot, self._policy, ledger)

    def _count(self, run: Run) -> None:
        """Count the outcomes of a run, however it ended, and let the ledger know them."""
        if was_begun(run.folder):
            self._counts.update(Run.open(run.folder).counts)
            follow_runs(self._folder)
