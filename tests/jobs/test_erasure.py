"""Who was erased in Lever leaves everything, and what others need to be undone stays true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import opened
from support.sync_nights import SyncNights, sync_nights

import leverkit as lk
from leverkit.api.account import AccountLabel
from leverkit.errors import Locked, Refused, Unreachable
from leverkit.history.ledger import Ledger
from leverkit.jobs.erasure.forget import Forgotten, forget_people
from leverkit.jobs.ledger import follow_runs
from leverkit.jobs.packing import pack_runs
from leverkit.migration.journal import Intent, Opened, read
from leverkit.migration.result import Result
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.storage.lock import hold
from leverkit.verification.replay import replay
from leverkit.webhook.event_queue import EventQueue, QueuedEvent


class Account:
    """An account with a run, one of whose people is to be forgotten."""

    def __init__(self, nights: SyncNights) -> None:
        self.nights, self.folder, self.out = nights, nights.folder, nights.out
        self.run = Path(nights.begin().run)
        nights.night().require()
        self.plan = Plan.read(self.run)
        self.person = self.plan.operations[0].contact
        self.ids = {self.person} | {id for id, at in self.plan.before.items() if at.contact == self.person}

    def forget(self, **options: bool) -> Forgotten:
        """Forget the person, as the command does."""
        people = [] if options else [self.person]
        return forget_people(self.folder, [self.out / "snapshot"], people, **options)

    def take_back(self, **options: Any) -> Result:
        """Roll the run back."""
        undo = lk.rollback(self.run, self.out / "runs/undo")
        approve = {"approve": undo.plan_id, "max_pct": 100}
        with opened(self.nights.emulated) as lever:
            return lk.apply(self.out / "runs/undo", lever=lever, **approve | options)

    def places(self, folder: Path) -> list[str]:
        """The files below a folder that name the person."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        snapshots = [path.parent for path in files if path.name == "snapshot.json"]
        found = [str(path) for path in files if any(id.encode() in path.read_bytes() for id in self.ids)]
        for snapshot in map(lk.Snapshot.open, snapshots):
            rows = snapshot.sql("SELECT id, contact FROM opportunities").fetchall()
            found += [str(snapshot.path) for row in rows if self.ids.intersection(row)]
        return found


def numbers_of(run: Run) -> set[tuple[str, str]]:
    """What the journal asked Lever for, where it agrees with the plan's operation of that number."""
    asked = (entry.body for entry in run.entries if isinstance(entry.body, Intent))
    pairs = (
        (run.plan.operations[number], intent.opportunity, tag)
        for intent in asked
        for number, tag in zip(intent.ops, intent.tags, strict=True)
    )
    return {pair for op, *pair_ in pairs if (pair := tuple(pair_)) == (op.opportunity, op.tag)}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    (home := tmp_path / "home").mkdir()
    with sync_nights(home) as nights:
        yield Account(nights)


def test_a_person_leaves_everything_and_what_others_need_stays_true(account: Account, tmp_path: Path) -> None:
    before, head = Run.open(account.run), read(account.run / "journal.sqlite")[-1].chain
    (account.folder / "exported.csv").write_text(f"contact,tag\n{account.person},vip\n")
    assert len(account.places(tmp_path)) > 4
    found = account.forget()
    assert (found.left, account.places(tmp_path)) == ((), [])
    after = Run.open(account.run)
    assert after.counts == before.counts
    assert replay(after).problems == ()
    first = after.entries[0].body
    assert isinstance(first, Opened)
    assert (first.plan_id, first.replaces) == (after.plan.plan_id, head)
    assert numbers_of(after) == {(op.opportunity, op.tag) for op in after.plan.operations}
    theirs = {op for op in before.plan.operations if op.contact != account.person}
    assert theirs <= set(after.plan.operations)
    assert len(after.plan.operations) == len(before.plan.operations)
    with pytest.raises(Refused, match="approval"):
        after.plan.check_approval(before.plan.plan_id)
    assert account.forget().changed == ()


def test_what_others_changed_can_still_be_taken_back_and_nothing_else(account: Account) -> None:
    account.forget()
    account.nights.emulated.clear_log()
    ended = account.take_back()
    theirs = sum(op.contact != account.person for op in account.plan.operations)
    assert (ended.counts["done"], ended.counts["unknown"], ended.counts["pending"]) == (theirs, 0, 0)
    assert not any(id in str(entry) for id in account.ids for entry in account.nights.writes())


def test_a_rollback_is_still_one_of_its_run(account: Account, tmp_path: Path) -> None:
    account.take_back()
    account.forget()
    assert account.places(tmp_path) == []
    assert lk.rollback(account.run, account.out / "runs/again").operations == ()


def test_the_ledger_goes_on_with_the_new_ids_of_plans_and_snapshots(account: Account) -> None:
    account.forget()
    with Ledger.open(account.folder) as ledger:
        counts = ledger.counts()
        runs = {run for (run,) in ledger.rows("SELECT DISTINCT run FROM marks WHERE kind = 'added by us'")}
        with pytest.raises(Refused, match="append-only"):
            ledger.rows("DELETE FROM events")
        assert ledger.last.number
        assert ledger.last.digest == lk.Snapshot.open(account.out / "snapshot").digest
    assert runs == {Plan.read(account.run).short}
    follow_runs(account.folder)
    with Ledger.open(account.folder) as ledger:
        assert ledger.counts() == counts
    assert account.nights.night().require().record.planned == 0


def test_whom_lever_anonymized_is_found_without_being_named(account: Account, tmp_path: Path) -> None:
    for id in account.ids - {account.person}:
        account.nights.emulated.anonymize(id)
    account.nights.night().require()
    account.forget(anonymized=True)
    assert account.places(tmp_path) == []


def test_a_packed_run_is_packed_again_without_them(account: Account) -> None:
    (packed,) = pack_runs((account.out / "runs").glob("*"), account.plan.taken_at + 1)
    assert account.forget().left == ()
    with tarfile.open(packed) as archive:
        archive.extractall(account.out / "unpacked", filter="data")
    assert account.places(account.out) == []
    assert Run.open(account.out / "unpacked" / account.run.name).counts["done"] > 0


def test_a_run_that_is_not_at_its_end_is_left_with_what_it_takes_back(account: Account) -> None:
    account.take_back(max_seconds=0)
    left = account.forget().left
    assert {line.partition(":")[0] for line in left} == {str(account.run), str(account.out / "runs/undo")}
    assert Run.open(account.run).plan == account.plan


def test_a_kill_at_any_step_is_ended_by_the_next_call(account: Account, tmp_path: Path) -> None:
    words = [account.folder.parent, account.folder, account.out / "snapshot", account.person]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "support.killed_forget", *map(str, [*words, 9])]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    whole, *killed = map(json.loads, ended.stdout.splitlines())
    assert whole == [0, 0, []]
    assert sum(code == -signal.SIGKILL for code, _, _ in killed) > 5
    assert [rest for _, *rest in killed] == [[0, []]] * len(killed)


def test_what_a_kill_or_a_person_left_there_is_cleared_or_named(account: Account, tmp_path: Path) -> None:
    ledger, backup = account.folder / "ledger", account.folder / "backup"
    shutil.copytree(ledger, ledger / "draft/ledger")
    backup.mkdir()
    copies = [ledger / "ledger.sqlite.bak", backup / "opportunities.parquet"]
    shutil.copy(ledger / "ledger.sqlite", copies[0])
    shutil.copy(account.out / "snapshot/opportunities.parquet", copies[1])
    account.nights.emulated.fault("reset", path="/opportunities", skip=3, times=None)
    with pytest.raises(Unreachable), opened(account.nights.emulated) as lever:
        lk.pull(account.folder / "begun", lever=lever)
    left = account.forget().left
    assert [line.partition(":")[0] for line in left] == [str(path.resolve()) for path in sorted(copies)]
    assert not (ledger / "draft").exists()
    assert not (account.folder / "begun/pull.sqlite").exists()


def test_a_run_at_work_stays_as_it_is_and_is_named(account: Account) -> None:
    busy = account.folder / "runs" / account.run.name
    shutil.copytree(account.run, busy)
    with hold(busy / "lock", purpose="work"):
        left = account.forget().left
    assert [line.partition(":")[0] for line in left] == [str(busy)]
    assert Run.open(busy).plan == account.plan


def test_a_ledger_that_somebody_reads_is_cleared_by_the_next_call(account: Account, tmp_path: Path) -> None:
    with Ledger.open(account.folder) as reader:
        rows = reader.rows("SELECT * FROM base")
        rows.fetchone()
        with pytest.raises(Locked, match="another process reads"):
            account.forget()
        rows.close()
    account.forget()
    assert account.places(tmp_path) == []


def test_a_receiver_whose_events_name_the_person_is_named(account: Account) -> None:
    inbox = account.out / "inbox.sqlite"
    queue = EventQueue(inbox)
    queue.store([QueuedEvent("t", "candidateStageChange", account.person, None, 0)])
    (line,) = account.forget().left
    assert line.startswith(f"{inbox.resolve()}: events name them")
    queue.finish([1], "done", 1)
    queue.delete_finished(2)
    queue.close()
    assert account.person.encode() not in inbox.read_bytes()


def test_what_people_put_beside_a_run_is_neither_removed_nor_replaced(
    account: Account, tmp_path: Path
) -> None:
    nights, handlers, trial = account.nights, tmp_path / "handlers", tmp_path / "trial"
    for folder in (handlers, trial):
        folder.mkdir()
    with opened(nights.emulated, label=AccountLabel("acme", workspace=nights.home)) as lever:
        lk.propagate(lever, contact=account.person, add=["new"], out=handlers).require()
    shutil.copytree(handlers, trial, dirs_exist_ok=True, ignore=lambda *_: ["journal.sqlite", "result.json"])
    (trial / "thesis.txt").write_text("mine", encoding="utf-8")
    (handlers / "current").symlink_to(trial)
    found = account.forget()
    assert [line.partition(": ")[0] for line in found.left] == [str(handlers), str(trial)]
    assert (trial / "thesis.txt").read_text(encoding="utf-8") == "mine"
    assert (handlers / "current").is_symlink()
    (handlers / "current").unlink()
    (trial / "thesis.txt").unlink()
    assert account.forget().left == ()
    assert (account.places(tmp_path), trial.exists()) == ([], False)
