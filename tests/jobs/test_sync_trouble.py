"""Nights that go wrong: a killed job and people, a full disk, files that somebody edited."""

from __future__ import annotations

import _thread
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from support.plan_factory import AT_ONCE, opened, tags_of
from support.sync_nights import SyncNights, new_gaps, sync_nights
from support.told import told

import leverkit as lk
from leverkit.api.account import AccountLabel
from leverkit.api.auth import Secret
from leverkit.errors import Refused
from leverkit.history.ledger import Ledger, ledger_file
from leverkit.jobs.approval import approvals
from leverkit.jobs.ledger import rebuild_ledger
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.jobs.packing import pack_runs, packed_file
from leverkit.jobs.sync import SyncInterrupted, sync
from leverkit.migration import apply as applying
from leverkit.migration.run import Run
from leverkit.policy.decision import Decision
from leverkit.storage.lock import hold, identity


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[SyncNights]:
    with sync_nights(tmp_path, contacts=60) as found:
        yield found


def stopped(nights: SyncNights) -> tuple[str, str, list[str]]:
    """Stop a job before it writes; return what a person had tagged, the tag, and the siblings without it."""
    ((tagged, tag),) = new_gaps(nights, 1)
    assert nights.night(max_seconds=0.0).record.exit_code == 8
    return tagged, tag, [id for id in nights.siblings(tagged) if id != tagged]


def test_what_people_took_off_since_a_job_was_stopped_is_not_put_back_by_finishing_it(
    nights: SyncNights,
) -> None:
    nights.begin()
    _, tag, (sibling, *_) = stopped(nights)
    nights.emulated.add_tags(sibling, [tag])
    assert nights.night(dry_run=True).record.found == {"added by others": 1}
    nights.emulated.remove_tags(sibling, [tag])
    record = nights.night().record
    assert tag not in tags_of(nights.emulated)[sibling]
    assert (record.exit_code, record.open_run, record.counts["drifted"]) == (3, "", 1)
    assert nights.night().require().record.left["removed by others"] == 1


def test_what_was_taken_back_since_a_job_was_stopped_is_not_written_by_finishing_it(
    nights: SyncNights,
) -> None:
    nights.begin()
    tagged, tag, (sibling, *_) = stopped(nights)
    with opened(nights.emulated, label=AccountLabel("acme", workspace=nights.home)) as lever:
        lk.propagate(lever, opportunity=tagged, add=[tag], out=nights.home / "other")
        undo = lk.rollback(nights.home / "other", nights.home / "undo")
        lk.apply(nights.home / "undo", approve=undo.plan_id, lever=lever, max_pct=100, max_tag_pct=10_000)
    assert nights.night().record.counts["drifted"] > 0
    assert tag not in tags_of(nights.emulated)[sibling]


def test_what_people_took_off_before_a_killed_job_read_it_back_is_not_put_back(nights: SyncNights) -> None:
    nights.begin()
    ((tagged, tag),) = new_gaps(nights, 1)
    nights.emulated.fault("reset", method="POST", when="after")
    nights.emulated.fault("status", status=401, method="GET", query="*contact_id*", skip=1, times=None)
    assert nights.night().record.exit_code == 12
    nights.emulated.clear_faults()
    siblings = [id for id in nights.siblings(tagged) if id != tagged]
    assert tag in tags_of(nights.emulated)[siblings[0]]
    nights.emulated.remove_tags(siblings[0], [tag])
    nights.night()
    assert nights.night().require().record.left["removed by others"] == 1
    assert tag not in tags_of(nights.emulated)[siblings[0]]


def test_a_tag_that_lever_stores_in_another_form_is_not_written_night_after_night(nights: SyncNights) -> None:
    nights.begin()
    ((tagged, tag),) = new_gaps(nights, 1)
    nights.emulated.remove_tags(tagged, [tag])
    nights.emulated.add_tags(tagged, ["speaks Basque "])
    lk.Policy((Decision("speaks Basque ", "contact"),)).write(nights.policy)
    nights.approve()
    nights.emulated.configure(tag_normalisation="trim")
    assert nights.night().record.exit_code == 6
    siblings = [id for id in nights.siblings(tagged) if id != tagged]
    for sibling in siblings:
        nights.emulated.remove_tags(sibling, ["speaks Basque"])
    nights.night()
    assert nights.night().require().record.left["not kept"] == len(siblings)
    assert not any("speaks Basque" in tags_of(nights.emulated)[id] for id in siblings)


@pytest.mark.parametrize("status", [400, 500])
def test_a_write_that_fails_every_night_holds_up_nothing_that_is_new(
    nights: SyncNights, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "Times", lambda: AT_ONCE)
    nights.begin()
    ((tagged, tag), (other, new)) = new_gaps(nights, 2)
    nights.emulated.remove_tags(other, [new])
    missing = [id for id in nights.siblings(tagged) if id != tagged]
    for id in missing:
        nights.emulated.fault("status", method="POST", path=f"*{id}/addTags", status=status, times=None)
    assert nights.night().record.exit_code == 6
    nights.emulated.add_tags(other, [new])
    record = nights.night().record
    assert (record.exit_code, record.open_run) == (6, record.run)
    assert all(new in tags_of(nights.emulated)[id] for id in nights.siblings(other))
    assert nights.night().record.exit_code == 6
    nights.emulated.clear_faults()
    assert nights.night().require().record.open_run == ""
    assert all(tag in tags_of(nights.emulated)[id] for id in missing)
    assert nights.night().require().record.planned == 0


@pytest.mark.parametrize("known_by", ["a reading", "our own write", "a journal that was not followed"])
def test_a_plan_that_is_older_than_a_removal_does_not_put_it_back(nights: SyncNights, known_by: str) -> None:
    first, old = nights.night().require().record, nights.home / "old"
    shutil.copytree(first.run, old)
    with opened(nights.emulated, label=AccountLabel("acme", workspace=nights.home)) as lever:
        wide = {"approve": first.plan_id, "lever": lever, "max_pct": 100, "max_tag_pct": 10_000}
        lk.apply(first.run, **wide).require()
        off = Run.open(old).plan.operations[0]
        nights.emulated.remove_tags(off.opportunity, [off.tag])
        if known_by == "a reading":
            nights.night(dry_run=True)
        elif known_by == "a journal that was not followed":
            with Ledger.open(nights.folder) as ledger, ledger.writing() as db:
                db.execute("DELETE FROM marks")
                db.execute("UPDATE runs SET entries = 0, head = ''")
        assert lk.apply(old, **wide).counts["drifted"] == 1
    assert off.tag not in tags_of(nights.emulated)[off.opportunity]


def test_who_does_not_match_any_more_is_not_tagged_by_finishing(nights: SyncNights) -> None:
    nights.begin()
    policy = lk.Policy.read(nights.policy).narrowed("active")
    lk.Policy(policy.decisions).write(nights.home / "active.csv")
    nights.policy = nights.home / "active.csv"
    nights.approve()
    _, tag, siblings = stopped(nights)
    run = Run.open(nights.night(dry_run=True).record.open_run)
    target = next(op.opportunity for op in run.plan.operations if op.tag == tag)
    nights.emulated.archive(target, nights.emulated.do(lambda account: account.archive_reasons[0]["id"]))
    nights.night()
    assert target in siblings
    assert tag not in tags_of(nights.emulated)[target]


def test_a_workspace_that_was_restored_from_a_backup_puts_nothing_back(nights: SyncNights) -> None:
    nights.begin()
    ((tagged, tag),) = new_gaps(nights, 1)
    nights.night(dry_run=True)
    backup = nights.home.with_name("backup")
    shutil.copytree(nights.home, backup)
    nights.night().require()
    target = next(id for id in nights.siblings(tagged) if id != tagged)
    nights.emulated.remove_tags(target, [tag])
    nights.night().require()
    shutil.rmtree(nights.home)
    backup.replace(nights.home)
    assert "an old copy" in nights.night().record.summary
    assert nights.night(rebase=True).require().record.first
    nights.night().require()
    assert tag not in tags_of(nights.emulated)[target]


def test_an_opportunity_that_is_archived_after_the_plan_gets_no_tag_for_active_ones(
    nights: SyncNights,
) -> None:
    nights.begin()
    policy = lk.Policy.read(nights.policy).narrowed("active")
    ((tagged, tag),) = new_gaps(nights, 1)
    with opened(nights.emulated) as lever:
        snapshot, run = lk.pull(nights.home / "snapshot", lever=lever), nights.home / "run"
        plan = lk.plan(snapshot, policy, run, only=[tag], max_tag_pct=None)
        target = next(op.opportunity for op in plan.operations if op.opportunity in nights.siblings(tagged))
        reason = nights.emulated.do(lambda account: account.archive_reasons[0]["id"])
        nights.emulated.archive(target, reason)
        ended = lk.apply(run, approve=plan.plan_id, lever=lever, max_tag_pct=10_000)
    assert (ended.counts["drifted"], tag in tags_of(nights.emulated)[target]) == (1, False)


def test_what_is_finished_and_what_is_new_together_stay_within_what_was_allowed(nights: SyncNights) -> None:
    nights.begin()
    *_, siblings = stopped(nights)
    new_gaps(nights, 6)
    nights.approve(max_ops=len(siblings) + 1)
    record = nights.night().record
    assert (record.exit_code, record.counts["done"], record.open_run) == (5, len(siblings), "")
    total = len(siblings) + record.planned
    assert f"{total} operations: more than --max-ops {len(siblings) + 1}" in record.summary
    assert f"{len(siblings)} of them" in record.summary
    assert f"--max-ops {total}" in record.next
    nights.approve(max_ops=total)
    assert nights.night().require().record.counts["done"] == record.planned


def test_a_run_that_was_left_is_found_from_any_folder(
    nights: SyncNights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.begin()
    monkeypatch.chdir(tmp_path)
    nights.out = Path("nightly")
    stopped(nights)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    nights.out = Path("../nightly")
    assert nights.night().require().record.notes[0].startswith("finished first: ")


def test_a_run_that_was_left_and_is_gone_is_missed_in_a_note(nights: SyncNights) -> None:
    nights.begin()
    stopped(nights)
    (nights.out / "runs").rename(nights.home / "moved")
    assert "is not there any more" in nights.night().require().record.notes[0]


def test_where_the_record_cannot_be_written_the_job_tells_and_ends_with_1(nights: SyncNights) -> None:
    nights.begin()
    (nights.out / "sync.json").unlink()
    (nights.out / "sync.json").mkdir()
    with told() as receiver:
        nights.notify = Secret(receiver.address)
        ended = nights.night()
    assert json.loads(msgspec.json.encode(ended.record))["exit_code"] == ended.record.exit_code == 1
    assert [notice["exit_code"] for notice in receiver.notices] == [1]
    with pytest.raises(OSError, match=r"sync\.json"):
        ended.require()


def test_a_disk_that_fails_on_the_way_is_told_too_and_nothing_is_written_to_lever(nights: SyncNights) -> None:
    nights.begin()
    new_gaps(nights, 1)
    nights.emulated.clear_log()
    (nights.out / "sync.json").unlink()
    (nights.out / "sync.json").mkdir()
    with told() as receiver:
        nights.notify = Secret(receiver.address)
        ended = nights.night()
    assert (ended.record.exit_code, nights.writes()) == (1, [])
    assert [notice["outcome"] for notice in receiver.notices] == ["failed"]
    (nights.out / "sync.json").rmdir()
    assert nights.night().require().record.counts["done"] > 0


def test_what_a_plan_warns_of_is_noted(nights: SyncNights) -> None:
    rows = (*lk.Policy.read(nights.policy).decisions, Decision("x" * 300, "contact"))
    lk.Policy(rows).write(nights.policy)
    nights.begin()
    notes = nights.night().require().record.notes
    assert [note for note in notes if "is not planned" in note]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda given: given["brakes"].update(max_ops=None), "max_ops has no limit"),
        (lambda given: given.update(account="another"), "is of account another"),
        (lambda given: given["brakes"].update(max_ops="many"), "approval cannot be read"),
    ],
)
def test_an_approval_that_was_edited_into_nonsense_is_refused(nights: SyncNights, edit, says: str) -> None:  # type: ignore[no-untyped-def]
    nights.begin()
    new_gaps(nights, 1)
    file = nights.folder / "approval.json"
    given = json.loads(file.read_bytes())
    edit(given)
    file.write_text(json.dumps(given), encoding="utf-8")
    nights.emulated.clear_log()
    ended = nights.night()
    assert (ended.record.exit_code, nights.writes()) == (4, [])
    with pytest.raises(Refused, match=says):
        ended.require()


@pytest.mark.parametrize("size", [3000, 30_000])
def test_a_truncated_ledger_is_refused_with_the_command_that_makes_it_again(
    nights: SyncNights, size: int
) -> None:
    nights.begin()
    file = ledger_file(nights.folder)
    file.write_bytes(file.read_bytes()[:size])
    nights.emulated.clear_log()
    ended = nights.night()
    assert (ended.record.exit_code, nights.writes()) == (4, [])
    assert f"-o {nights.out} --rebase" in ended.record.summary


def test_who_approved_is_listed_of_each_session_of_all_runs_that_the_ledger_knows(nights: SyncNights) -> None:
    first = nights.begin()
    stopped(nights)
    new = nights.night(max_seconds=0.0).record
    with opened(nights.emulated) as lever:
        lk.apply(new.open_run, approve=new.plan_id, lever=lever).require()
    found = approvals(nights.folder)
    assert {session.run for session in found.sessions} == {first.run, new.open_run}
    by = [(session.by, bool(session.approved_at)) for session in found.sessions]
    assert by == [(identity(), False), ("ada", True), ("ada", True), (identity(), False)]
    pack_runs([Path(new.open_run)], 2**62)
    assert approvals(nights.folder) == found
    shutil.rmtree(first.run)
    assert approvals(nights.folder).unreadable[0].startswith(first.run)


def test_a_ledger_that_is_made_again_knows_what_packed_runs_wrote(nights: SyncNights) -> None:
    nights.out = nights.folder
    first = nights.begin()
    nights.night().require()
    with Ledger.open(nights.folder) as ledger:
        before = ledger.counts()
    pack_runs([Path(first.run)], 2**62)
    shutil.rmtree(nights.folder / "ledger")
    rebuild_ledger(nights.folder, lk.Snapshot.open(nights.folder / "snapshot"))
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == before == {"added by us": first.planned}
        assert [run.folder for run in ledger.runs()] == [first.run]


def test_old_runs_of_a_receiver_are_packed_too(nights: SyncNights) -> None:
    nights.begin()
    tagged, tag = new_gaps(nights, 1)[0]
    run = nights.home / "receiver" / "run"
    label = AccountLabel("acme", workspace=nights.home)
    with opened(nights.emulated, label=label) as lever:
        lk.propagate(lever, opportunity=tagged, share=[tag], out=run).require()
    nights.night(keep_days=30).require()
    assert run.is_dir()
    for _ in range(31):
        nights.a_day_later()
    assert nights.night(keep_days=30).require().record.packed == 2
    assert (run.exists(), packed_file(run).exists()) == (False, True)


def test_a_folder_of_somebody_in_which_a_tag_was_propagated_is_not_packed(nights: SyncNights) -> None:
    nights.begin()
    tagged, tag = new_gaps(nights, 1)[0]
    project = nights.home / "project"
    project.mkdir()
    (project / "handler.py").write_text("import leverkit\n", encoding="utf-8")
    with opened(nights.emulated, label=AccountLabel("acme", workspace=nights.home)) as lever:
        lk.propagate(lever, opportunity=tagged, share=[tag], out=project).require()
    for _ in range(32):
        nights.a_day_later()
    assert nights.night(keep_days=30).require().record.packed == 1
    assert (project / "handler.py").exists()


@pytest.mark.parametrize("during", ["a request", "a query"])
def test_a_job_that_a_signal_ends_tells_so_and_leaves_its_record(nights: SyncNights, during: str) -> None:
    nights.begin()

    class Interrupting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/opportunities"):
                if during == "a query":
                    raise RuntimeError("Query interrupted")  # what DuckDB makes of the signal
                _thread.interrupt_main()
            return super().handle_request(request)

    order = SyncOrder(policy=nights.policy, out=nights.out, wait=0.0)
    with told() as receiver, opened(nights.emulated, transport=Interrupting(nights.emulated)) as lever:
        nights.notify = Secret(receiver.address)
        with pytest.raises(SyncInterrupted) as raised:
            sync(order, settings=nights.settings, lever=lever)
    assert raised.value.ended.record.exit_code == 130
    assert json.loads((nights.out / "sync.json").read_bytes())["exit_code"] == 130
    assert [notice["exit_code"] for notice in receiver.notices] == [130]


@pytest.mark.parametrize("trouble", ["key", "policy"])
def test_a_job_that_did_not_come_to_know_its_account_leaves_a_page_and_the_record_as_it_was(
    nights: SyncNights, trouble: str
) -> None:
    nights.begin()
    stopped(nights)
    before = (nights.out / "sync.json").read_bytes()
    settings = replace(nights.settings, key=Secret("wrong"))
    policy = nights.policy if trouble == "key" else nights.home / "nowhere.csv"
    with told() as found:
        settings = replace(settings, notify=Secret(found.address))
        ended = sync(SyncOrder(policy=policy, out=nights.out), settings=settings)
    page = (nights.out / "report.html").read_text(encoding="utf-8")
    assert ended.record.exit_code == (12 if trouble == "key" else 64)
    assert {"key": "<h1>Nightly job without access</h1>", "policy": "nowhere.csv"}[trouble] in page
    assert "nothing was written to Lever" in page
    assert "Account acme" in page
    assert "taggings planned" not in page
    assert found.notices[0]["report"] == str(nights.out / "report.html")
    assert (nights.out / "sync.json").read_bytes() == before
    assert nights.night().require().record.counts["done"] > 0


def test_a_job_that_another_one_kept_from_beginning_leaves_that_ones_page(nights: SyncNights) -> None:
    nights.begin()
    page = (nights.out / "report.html").read_bytes()
    with hold(nights.folder / "sync.lock", purpose="another job"):
        assert nights.night().record.exit_code == 11
    assert (nights.out / "report.html").read_bytes() == page


def test_a_job_with_the_key_of_another_account_leaves_the_record_as_it_was(
    nights: SyncNights, tmp_path: Path
) -> None:
    nights.begin()
    stopped(nights)
    before = (nights.out / "sync.json").read_bytes()
    (tmp_path / "other").mkdir()
    with sync_nights(tmp_path / "other", contacts=30, seed=9) as other:
        ended = other.again(out=nights.out)
    assert (ended.record.exit_code, "the snapshot is for account" in ended.record.summary) == (4, True)
    assert (nights.out / "sync.json").read_bytes() == before
    assert "Nightly job refused" in (nights.out / "report.html").read_text(encoding="utf-8")
    assert nights.night().require().record.counts["done"] > 0
