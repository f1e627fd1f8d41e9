"""Replay: snapshot and journal give the state that verify read, offline; what cannot be so is told."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import (
    account,
    carried_out,
    hooked,
    lost,
    migration,
    opened,
    operation,
    plan_of,
    resumed,
    tags_of,
)

from leverkit.errors import Refused, UsageError, VerificationFailed
from leverkit.migration.journal import Intent, Journal, Outcome, SessionEnded, SessionStarted
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.verification.replay import replay
from leverkit.verification.verify import verify


def looked(run: Path, lever: Any) -> Any:
    return verify(run, lever=lever, reread_after=())


def journal_of(run: Path, plan: Plan, *bodies: Any) -> None:
    """A run of this plan whose journal says just this."""
    plan.write(run)
    journal = Journal(run / "journal.sqlite")
    journal.bind(plan.plan_id, plan.account)
    journal.append(SessionStarted("a test"), *bodies)
    journal.close()


def intent(n: int = 0, **fields: Any) -> Intent:
    usual: dict[str, Any] = {"ops": (n,), "opportunity": f"o{n + 1}", "action": "add", "tags": ("vip",)}
    return Intent(**usual | {"before": ()} | fields)


def test_the_replay_of_a_run_is_the_account_as_it_is(tmp_path: Path) -> None:
    with account(contacts=150) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        looked(tmp_path / "run", lever)
        emulated.clear_log()
        found = replay(Run.open(tmp_path / "run")).require()
        assert emulated.log() == []
        after = tags_of(emulated)
        assert {o: sorted(tags) for o, tags in found.after.items()} == {o: after[o] for o in plan.before}
        assert (found.compared, found.gaps, found.problems) == (len(plan.before), (), ())
        assert found.counts["done"] == len(plan.operations) == sum(found.changes.values())
        assert json.loads((tmp_path / "run" / "replay.json").read_text())["head"] == found.head
        back = rollback(tmp_path / "run", tmp_path / "back")
        assert resumed(back, tmp_path / "back", lever).exit_code == 0
        looked(tmp_path / "back", lever)
    assert sum(replay(Run.open(tmp_path / "back")).require().changes.values()) == -len(plan.operations)


def test_a_replay_is_told_where_its_file_cannot_be_written(tmp_path: Path) -> None:
    plan_of(operation()).write(tmp_path)
    (tmp_path / "replay.json").mkdir()
    found = replay(Run.open(tmp_path))
    assert found.counts["pending"] == 1
    assert found.hint.startswith("the plan has not been applied yet: ")
    assert found.hint.endswith("; replay.json could not be written: Is a directory")


def test_what_others_did_is_named_and_explained(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        one, two = plan.operations[0], plan.operations[-1]
        emulated.add_tags(one.opportunity, ["early"])
        emulated.add_tags(two.opportunity, [two.tag])
        carried_out(plan, tmp_path, lever)
        emulated.add_tags(one.opportunity, ["late"])
        looked(tmp_path, lever)
    found = replay(Run.open(tmp_path)).require()
    assert {(gap.tag, gap.sign, gap.seen) for gap in found.gaps} == {
        ("early", "+", "before a request"),
        ("late", "+", "by verify"),
    }
    assert found.counts["no_op"] == 1


def test_a_planned_tag_that_is_not_as_the_journal_says_differs(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever)
        op = plan.operations[0]
        lost(emulated, op)
        looked(tmp_path, lever)
    with pytest.raises(VerificationFailed, match="DIFFERS") as caught:
        replay(Run.open(tmp_path)).require()
    why = "the run had seen it there, verify did not find it, and Lever shows no change since"
    assert f"-{op.tag!r} on {op.opportunity}: {why}" in str(caught.value)


def test_what_others_changed_after_the_run_saw_it_in_place_is_explained(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever)
        op = plan.operations[0]
        emulated.remove_tags(op.opportunity, [op.tag])
        looked(tmp_path, lever)
    found = replay(Run.open(tmp_path)).require()
    assert [(gap.sign, gap.tag, gap.opportunity) for gap in found.gaps] == [("-", op.tag, op.opportunity)]
    assert "1 change by others" in found.summary


def test_what_a_person_did_of_a_plan_before_the_run_came_to_it_is_explained(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever, wave="canary")
        op = next(op for op in plan.operations if op.contact not in plan.canary.contacts)
        emulated.add_tags(op.opportunity, [op.tag])
        verify(tmp_path, lever=lever, wave="canary", reread_after=())
    assert [(gap.sign, gap.tag) for gap in replay(Run.open(tmp_path)).require().gaps] == [("+", op.tag)]


def test_a_change_left_to_a_person_is_no_difference(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        op = plan.operations[0]
        emulated.anonymize(op.opportunity)
        assert carried_out(plan, tmp_path, lever).counts["drifted"] >= 1
        emulated.add_tags(op.opportunity, [op.tag])
        looked(tmp_path, lever)
    assert replay(Run.open(tmp_path)).exit_code == 0


def test_a_broken_off_run_replays_as_far_as_it_came(tmp_path: Path) -> None:
    def die(_: str, __: str) -> None:
        raise SystemError

    with account(contacts=80) as (emulated, lever), opened(emulated, kind=hooked(die)) as dying:
        plan = migration(emulated, lever)
        with pytest.raises(SystemError):
            carried_out(plan, tmp_path, dying)
    found = replay(Run.open(tmp_path))
    assert (found.exit_code, found.compared, found.changes) == (0, 0, {})
    assert "nothing to compare with: verify it first" in repr(found)
    assert found.counts["unknown"] > 0


def test_what_was_in_flight_when_it_broke_off_may_be_so_or_not(tmp_path: Path) -> None:
    def die(_: str, opportunity: str) -> None:
        emulated.add_tags(opportunity, [op.tag for op in plan.operations if op.opportunity == opportunity])
        raise SystemError

    with account(contacts=80) as (emulated, lever), opened(emulated, kind=hooked(die)) as dying:
        plan = migration(emulated, lever)
        with pytest.raises(SystemError):
            carried_out(plan, tmp_path, dying)
        looked(tmp_path, lever)
    found = replay(Run.open(tmp_path))
    assert (found.exit_code, found.compared, found.gaps) == (0, len(plan.before), ())
    assert found.hint.startswith("the run is unfinished (error: SystemError)")
    assert found.hint.endswith(f"apply again: leverkit apply {tmp_path} --approve {plan.short}")


def test_a_state_that_was_read_before_the_latest_writes_is_not_held_against_them(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever, wave="canary")
        verify(tmp_path, lever=lever, wave="canary", reread_after=())
        assert replay(Run.open(tmp_path)).compared == len(plan.before)
        carried_out(plan, tmp_path, lever)
    found = replay(Run.open(tmp_path))
    assert (found.exit_code, found.compared, found.hint) == (0, 0, "")
    assert "nothing to compare with: verify it first" in found.summary


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ((intent(), Outcome(0, "done", True), Outcome(0, "done", True)), "recorded as effective twice"),
        ((Outcome(0, "done", True),), "effective without a request"),
    ],
)
def test_what_cannot_be_so_is_a_problem(tmp_path: Path, entries: tuple[Any, ...], problem: str) -> None:
    journal_of(tmp_path, plan_of(operation(1)), *entries)
    found = replay(Run.open(tmp_path))
    assert found.exit_code == 6
    assert problem in found.summary


def test_a_damaged_result_is_a_problem_and_stays_as_it_is(tmp_path: Path) -> None:
    ended = (intent(), Outcome(0, "done", True), SessionEnded("finished"))
    journal_of(tmp_path, plan_of(operation(1)), *ended)
    (tmp_path / "result.json").write_text("{")
    found = replay(Run.open(tmp_path))
    assert (found.exit_code, (tmp_path / "result.json").read_text()) == (6, "{")
    assert "result.json is missing or damaged" in found.summary


def test_a_result_that_says_otherwise_is_a_problem(tmp_path: Path) -> None:
    with account(contacts=40) as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path, lever)
    document = json.loads((tmp_path / "result.json").read_text())
    document["counts"]["done"] += 1
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert "result.json counts" in replay(Run.open(tmp_path)).summary


def test_damaged_or_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no plan\.json"):
        replay(Run.open(tmp_path))
    journal_of(tmp_path, plan_of(operation(1)), intent())
    plan_of(operation(2)).write(tmp_path / "other")
    (tmp_path / "other" / "journal.sqlite").write_bytes((tmp_path / "journal.sqlite").read_bytes())
    with pytest.raises(Refused, match="belongs to another plan"):
        replay(Run.open(tmp_path / "other"))
    (tmp_path / "after.json").write_text("{")
    with pytest.raises(Refused, match="verify again"):
        replay(Run.open(tmp_path))
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db, db:
        db.execute("DROP TRIGGER never_updated")
        db.execute("UPDATE entries SET body = replace(body, 'o1', 'o2')")
    with pytest.raises(Refused, match="damaged or was edited"):
        replay(Run.open(tmp_path))
