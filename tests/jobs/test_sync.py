"""The nightly job: what it will do by itself, what it leaves, and where it stops and asks a person."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from soak.killable_process import child_runner
from support.account_ids import add_reason, replace_reasons
from support.plan_factory import tags_of
from support.sync_nights import SyncNights, new_gaps, raced, sync_nights

import leverkit as lk
from leverkit.errors import BrakeTripped, Locked, Refused, UsageError
from leverkit.history.ledger import Ledger, ledger_file
from leverkit.jobs.approval import Approval
from leverkit.jobs.nightly.record import NAME, SyncRecord
from leverkit.jobs.packing import opened_run, pack_runs
from leverkit.migration.next_step import FEW
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.storage.lock import hold


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[SyncNights]:
    with sync_nights(tmp_path, contacts=60) as found:
        yield found


def test_the_first_night_writes_nothing_and_says_what_a_person_does_next(nights: SyncNights) -> None:
    before = nights.emulated.state()
    first = nights.night().require().record
    assert (first.exit_code, first.first, nights.writes()) == (0, True, [])
    assert nights.emulated.state() == before
    assert first.summary.startswith("first run: the ledger begins, nothing was written")
    assert first.planned == len(Plan.read(first.run).operations) > 5
    assert f"leverkit apply {first.run} --approve {first.plan_id[:12]}" in first.next
    assert "leverkit sync approve --policy" in first.next
    again = nights.night().require().record
    assert (again.first, again.planned, again.left["left as it was"]) == (False, 0, first.planned)


def test_a_night_without_changes_sends_few_requests_and_none_that_writes(nights: SyncNights) -> None:
    nights.begin()
    seen = []
    for _ in range(2):
        nights.emulated.clear_log()
        record = nights.night().require().record
        seen.append(len(nights.emulated.log()))
        assert (record.exit_code, record.planned, record.found, nights.writes()) == (0, 0, {}, [])
    assert seen[0] == seen[1] <= 12


def test_a_reason_added_is_no_other_account_and_a_doubtful_one_stops_the_night(nights: SyncNights) -> None:
    nights.night().require()
    add_reason(nights.emulated)
    assert not nights.night().require().record.first
    replace_reasons(nights.emulated)
    with pytest.raises(Refused, match="may be acme"):
        nights.night().require()
    assert nights.writes() == []


def test_what_people_took_off_stays_off_and_what_they_added_is_spread(nights: SyncNights) -> None:
    first = Plan.read(nights.begin().run)
    taken = first.operations[0]
    nights.emulated.remove_tags(taken.opportunity, [taken.tag])
    tagged, tag = new_gaps(nights, 1)[0]
    arrived = nights.emulated.create(first.operations[-1].contact)
    record = nights.night().require().record
    now = tags_of(nights.emulated)
    assert taken.tag not in now[taken.opportunity]
    assert all(tag in now[sibling] for sibling in nights.siblings(tagged))
    assert first.operations[-1].tag in now[arrived]
    assert record.found == {"added by others": 1, "new opportunity": 1, "removed by others": 1}
    words = ("1 tagging added by others", "1 new opportunity", "1 tagging removed by others")
    assert all(f"<li>{line}</li>" in record.page() for line in words)
    assert record.left["removed by others"] == 1
    assert record.counts["done"] == record.planned > 1
    assert nights.night().require().record.planned == 0


def test_what_a_rollback_took_back_stays_so(nights: SyncNights, tmp_path: Path) -> None:
    first = nights.begin()
    back = lk.rollback(first.run, nights.folder / "runs" / "back")
    nights.a_day_later()
    lk.apply(nights.folder / "runs" / "back", approve=back.plan_id, lever=nights.lever).require()
    record = nights.night().require().record
    assert (record.planned, record.left["taken back"]) == (0, first.planned)


def test_more_than_was_allowed_stops_and_prints_the_command_that_lets_it_through(nights: SyncNights) -> None:
    nights.begin()
    nights.approve(max_ops=0)
    opportunity, _ = new_gaps(nights, 1)[0]
    number = len(nights.siblings(opportunity)) - 1
    for _ in range(2):  # what stopped once is not taken for decided
        nights.emulated.clear_log()
        ended = nights.night()
        assert (ended.record.exit_code, ended.record.planned, nights.writes()) == (5, number, [])
        with pytest.raises(BrakeTripped, match=f"{number} operations?: more than --max-ops 0"):
            ended.require()
        assert f"--policy {nights.policy} --max-ops {number} --max-pct 100" in ended.record.next
        assert "<li>leverkit sync approve" in (nights.out / "report.html").read_text()
    nights.approve(max_ops=number)
    assert nights.night().require().record.counts["done"] == number


def test_the_old_gaps_of_a_tag_that_is_newly_decided_are_carried_out_once_they_are_allowed(
    nights: SyncNights,
) -> None:
    _, tag = new_gaps(nights, 1)[0]
    lk.Policy.edit(nights.policy, lambda policy: policy.decide({tag: "ignore"}, by="ada"))
    nights.night().require()
    lk.Policy.edit(nights.policy, lambda policy: policy.decide({tag: "contact"}, by="ada"))
    nights.approve(max_ops=0)
    stopped = [nights.night().record for _ in range(2)]
    assert [record.exit_code for record in stopped] == [5, 5]
    nights.approve(max_ops=stopped[0].planned)
    assert nights.night().require().record.counts["done"] == stopped[0].planned == stopped[1].planned > 0


def test_without_an_approval_of_just_this_policy_nothing_is_written(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    approval = Approval.find(nights.folder)
    assert approval is not None
    expired = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for wrong, says in (
        (None, "nobody has approved"),
        (msgspec.structs.replace(approval, until=expired), "ended on"),
        (msgspec.structs.replace(approval, policy_digest="another"), "the policy is another one than ada on"),
    ):
        (nights.folder / "approval.json").unlink()
        if wrong:
            wrong.write(nights.folder)
        else:
            approval.write(nights.home)
        nights.emulated.clear_log()
        ended = nights.night()
        assert (ended.record.exit_code, nights.writes()) == (4, [])
        with pytest.raises(Refused, match=says):
            ended.require()
        assert ended.record.next.startswith("leverkit sync approve --policy")
        approval.write(nights.folder)


def test_a_matching_that_nobody_approved_is_another_policy(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    assert nights.night(matching="active").record.exit_code == 4
    nights.approve(matching="active")
    assert nights.night(matching="active").record.exit_code == 0


def test_a_dry_run_finds_what_there_is_to_do_and_leaves_it_to_the_next_job(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    nights.emulated.clear_log()
    record = nights.night(dry_run=True).require().record
    assert (record.exit_code, record.planned > 0, nights.writes()) == (0, True, [])
    assert nights.again().require().record.counts["done"] == record.planned


def test_a_job_that_was_stopped_is_finished_by_the_next_one_unless_the_policy_is_another(
    nights: SyncNights,
) -> None:
    nights.begin()
    for finished in (True, False):
        ((opportunity, tag),) = new_gaps(nights, 1)
        stopped = nights.night(max_seconds=0.0)
        assert (stopped.record.exit_code, nights.night(dry_run=True).record.open_run) == (
            8,
            stopped.record.run,
        )
        if not finished:
            policy = lk.Policy.read(nights.policy)
            policy.decide({tag: "ignore"}, by="ada").write(nights.policy)
            nights.approve()
        record = nights.night().require().record
        on_all = all(tag in tags_of(nights.emulated)[id] for id in nights.siblings(opportunity))
        assert (record.open_run, on_all) == ("", finished)
        assert record.notes[0].startswith("finished first: " if finished else "the run in ")


def test_work_in_part_is_no_success(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    nights.emulated.fault("status", path="*/addTags", status=400, times=None)
    ended = nights.night()
    assert (ended.record.exit_code, ended.record.counts["failed"] > 0) == (6, True)
    assert "NOT as planned: 1 tagging missing" in ended.record.summary
    nights.emulated.clear_faults()
    assert nights.night().require().record.counts["done"] > 0


def test_an_empty_night_without_an_approval_says_that_the_next_change_will_stop_it(
    nights: SyncNights,
) -> None:
    nights.night().require()
    assert "nobody has approved" in nights.night().require().record.notes[0]


def test_a_large_night_begins_with_a_canary(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, FEW + 1)
    record = nights.night().require().record
    assert record.counts["done"] == record.planned > FEW
    assert [wave.name for wave in Run.open(record.run).begun] == ["canary", "all"]


def test_a_ledger_that_is_gone_is_missed_and_a_new_one_begins_only_on_request(nights: SyncNights) -> None:
    first = Plan.read(nights.begin().run)
    nights.emulated.remove_tags(first.operations[0].opportunity, [first.operations[0].tag])
    shutil.rmtree(nights.folder / "ledger")
    nights.emulated.clear_log()
    for folder in (nights.out, nights.home / "another"):
        ended = nights.night(out=folder)
        assert (ended.record.exit_code, nights.writes()) == (4, [])
        assert f"-o {folder} --rebase" in ended.record.summary
    begun = nights.night(rebase=True).require().record
    assert (begun.exit_code, begun.first, nights.writes()) == (0, True, [])
    assert nights.night().require().record.planned == 0


def test_a_ledger_that_was_restored_from_an_older_copy_is_missed(nights: SyncNights) -> None:
    nights.begin()
    shutil.copytree(nights.folder / "ledger", nights.home / "copy")
    tagged, tag = new_gaps(nights, 1)[0]
    nights.night().require()
    taken = next(id for id in nights.siblings(tagged) if id != tagged and tag in tags_of(nights.emulated)[id])
    nights.emulated.remove_tags(taken, [tag])
    nights.night().require()
    shutil.rmtree(nights.folder / "ledger")
    (nights.home / "copy").rename(nights.folder / "ledger")
    nights.emulated.clear_log()
    ended = nights.night()
    assert (ended.record.exit_code, nights.writes()) == (4, [])
    assert "an old copy" in ended.record.summary
    for options in ({"rebase": True}, {}, {}):
        nights.night(**options).require()
    assert nights.writes() == []


def test_an_addition_is_spread_also_after_the_ledger_was_made_again(nights: SyncNights) -> None:
    nights.night().require()
    nights.approve()
    for _ in range(3):  # so that what is kept names readings that a new numbering would not reach
        nights.night().require()
    nights.night(rebase=True).require()
    tagged, tag = new_gaps(nights, 1)[0]
    nights.night().require()
    assert all(tag in tags_of(nights.emulated)[sibling] for sibling in nights.siblings(tagged))


def test_a_damaged_ledger_is_refused_until_a_new_one_is_asked_for(nights: SyncNights) -> None:
    nights.begin()
    ledger_file(nights.folder).write_bytes(b"no database" * 1000)
    assert nights.night().record.exit_code == 4
    for _ in range(2):  # from a damaged one, and from one that people took nothing off by
        assert nights.night(rebase=True).record.exit_code == 0
    assert nights.night().record.exit_code == 0


def test_a_dry_run_begins_no_ledger_anew(nights: SyncNights) -> None:
    nights.begin()
    before = ledger_file(nights.folder).read_bytes()
    with pytest.raises(UsageError, match="no dry run"):
        nights.night(dry_run=True, rebase=True)
    assert ledger_file(nights.folder).read_bytes() == before


def test_a_reading_that_lacks_people_is_not_taken_for_removals(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    for opportunity in list(tags_of(nights.emulated))[:20]:
        nights.emulated.set_confidential(opportunity)
    nights.emulated.clear_log()
    ended = nights.night(blind=True)
    assert (ended.record.exit_code, nights.writes()) == (4, [])
    assert "the reading lacks" in ended.record.summary
    assert "--rebase" in ended.record.summary
    assert nights.night().require().record.left.get("removed by others") is None


def test_more_removals_than_people_would_make_stop_the_night(nights: SyncNights) -> None:
    first = Plan.read(nights.begin().run)
    for op in first.operations[:4]:
        nights.emulated.remove_tags(op.opportunity, [op.tag])
    ended = nights.night(max_found_removals=3)
    assert (ended.record.exit_code, nights.night(max_found_removals=3).record.exit_code) == (5, 5)
    assert ended.record.next.endswith("--max-found-removals 4")
    assert nights.night(max_found_removals=4).require().record.left["removed by others"] == 4


def test_where_counts_of_tags_disagree_everything_is_read_once(nights: SyncNights) -> None:
    nights.begin()
    nights.night().require()
    opportunity = next(id for id, tags in tags_of(nights.emulated).items() if tags)

    def lose(account: object) -> None:
        row = account.row(opportunity)  # type: ignore[attr-defined]
        account.edit(row, lambda value: value.update(tags=row.tags[1:]), touch=False)  # type: ignore[attr-defined]

    nights.emulated.do(lose)
    nights.emulated.clear_log()
    nights.night().require()
    snapshot = lk.Snapshot.open(nights.out / "snapshot")
    assert snapshot.meta["completeness"]["tags_agree"]
    assert len(nights.emulated.log()) > 12


def test_a_second_job_waits_for_none_and_is_refused(nights: SyncNights) -> None:
    with hold(nights.folder / "sync.lock", purpose="another job"):
        ended = nights.night()
    assert (ended.record.exit_code, isinstance(ended.error, Locked)) == (11, True)


def test_old_runs_are_packed_with_their_journals_and_change_nothing(nights: SyncNights) -> None:
    first = nights.begin()
    journal = (Path(first.run) / "journal.sqlite").read_bytes()
    nights.night(keep_days=30).require()
    assert Path(first.run).is_dir()
    for _ in range(31):
        nights.a_day_later()
    tried = nights.night(keep_days=30, dry_run=True).require().record
    assert (tried.packed, Path(first.run).exists()) == (0, True)
    record = nights.night(keep_days=30).require().record
    assert (record.packed, Path(first.run).exists()) == (1, False)
    with tarfile.open(f"{first.run}.tar.gz") as archive:
        member = archive.extractfile(f"{Path(first.run).name}/journal.sqlite")
        assert member is not None
        assert member.read() == journal
    taken = nights.night().require().record
    assert (taken.found, taken.planned, taken.notes) == ({}, 0, ())


def test_a_kill_while_a_packed_folder_is_removed_hides_no_journal(nights: SyncNights) -> None:
    run = Path(nights.begin().run)
    counts, late = Run.open(run).counts, Run.open(run).plan.taken_at + 10**12
    if not (child := os.fork()):
        sys.addaudithook(lambda event, _: os._exit(9) if event == "os.rmdir" else None)
        pack_runs([run], late)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with opened_run(run) as opened:
        assert opened.counts == counts
    pack_runs([run], late)
    assert {path.name for path in run.parent.iterdir()} == {f"{run.name}.tar.gz", "draft.lock"}


def test_whoever_asks_for_a_packed_run_is_told_how_it_comes_back(nights: SyncNights) -> None:
    run = Path(nights.begin().run)
    counts = Run.open(run).counts
    pack_runs([run], Run.open(run).plan.taken_at + 1)
    with pytest.raises(UsageError, match="packed this run; to have it back: ") as told:
        lk.rollback(run, nights.home / "undo")
    subprocess.run(shlex.split(str(told.value).partition("back: ")[2]), check=True)
    assert len(lk.rollback(run, nights.home / "undo").operations) == counts["done"] > 0


def test_the_record_is_json_and_the_report_a_page(nights: SyncNights) -> None:
    record = nights.night().record
    told = json.loads(msgspec.json.encode(record))
    assert {"account", "plan_id", "counts", "seconds", "exit_code", "next"} <= told.keys()
    assert msgspec.json.decode((nights.out / NAME).read_bytes(), type=SyncRecord) == record
    assert "nothing was written" in (nights.out / "report.html").read_text(encoding="utf-8")


def test_a_ledger_of_another_account_is_recognised(nights: SyncNights, tmp_path: Path) -> None:
    nights.begin()
    (tmp_path / "other").mkdir()
    with sync_nights(tmp_path / "other", contacts=30, seed=9) as other:
        other.night().require()
        shutil.rmtree(nights.folder / "ledger")
        shutil.copytree(other.folder / "ledger", nights.folder / "ledger")
    ended = nights.night()
    assert (ended.record.exit_code, "another account" in ended.record.summary) == (4, True)
    with Ledger.open(nights.folder) as ledger:
        assert other.folder.name in ledger.account_ids


def test_people_who_tag_while_the_job_runs_are_never_overruled(nights: SyncNights) -> None:
    nights.begin()
    race = raced(nights, 30, pause_s=0.1)
    state = nights.emulated.state()
    assert (race.put_back(state), race.not_spread(state)) == (set(), set())
    assert (len(race.removed), len(race.added)) == (30, 30)


KILLS = (
    ("answered, not kept", 1),
    ("intent synced, not sent", 2),
    ("answer read, no result", 1),
    ("answered, not kept", 15),
)


def test_a_job_that_is_killed_leaves_what_the_next_one_finishes(nights: SyncNights, tmp_path: Path) -> None:
    taken = Plan.read(nights.begin().run).operations
    with child_runner(tmp_path / "cache") as child:
        for (point, number), off in zip(KILLS, taken, strict=False):
            assert nights.killed_and_again(child, point, number, off) == -signal.SIGKILL
    assert nights.night().require().record.found == {}


def test_a_first_night_with_nothing_to_do_says_that_it_is_the_first(nights: SyncNights) -> None:
    nights.policy.write_text("tag,scope\nnobody has it,contact\n", encoding="utf-8")
    record = nights.night().require().record
    assert (record.planned, record.summary.partition(",")[0]) == (0, "first run: the ledger begins")
    assert record.next.startswith("for every night: leverkit sync approve")
    assert not nights.night().require().record.first
