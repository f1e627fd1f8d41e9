"""Carrying out a plan: what is written, what never is, and what is said about it, on real HTTP."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.fake_time import Clock
from support.plan_factory import (
    AT_ONCE,
    account,
    carried_out,
    hooked,
    migration,
    opened,
    operation,
    plan_of,
    resumed,
    tags_of,
    wished,
)
from support.run_reading import Queue, bodies, first, outcome_of, writes

from leverkit.api import threads
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.rate_limit import WRITES
from leverkit.api.threads import thread_pool
from leverkit.errors import (
    AccessDenied,
    ApiError,
    BrakeTripped,
    Locked,
    Partial,
    Refused,
    Stopped,
    Unreachable,
    UsageError,
    VerificationFailed,
)
from leverkit.migration.apply import _writing, apply, carry_out
from leverkit.migration.journal import Intent, Journal, Outcome, WriteResponse, read
from leverkit.migration.result import Result, status
from leverkit.migration.run import Run
from leverkit.migration.stop import STOP, TIME_LIMIT
from leverkit.migration.times import REREAD_AFTER, Times
from leverkit.migration.writer import FRESH
from leverkit.planning.brakes import Brakes
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.planning.waves import ALL
from leverkit.storage.lock import account_lock, hold


def adds_up(result: Result) -> bool:
    return sum(result.counts.values()) == result.planned == len(result.frame)


def test_a_plan_is_carried_out_exactly(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        result = carried_out(plan, tmp_path, lever)
        assert tags_of(emulated) == wished(plan, before)
        assert len(writes(emulated)) == plan.counts["opportunities"] < len(plan.operations)
    assert result.counts["done"] == result.planned == len(plan.operations) > 5
    assert (result.exit_code, result.require(), result.state) == (0, result, "finished")
    assert adds_up(result)


def test_no_request_leaves_before_its_intent_is_on_disk(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def look(verb: str, opportunity: str) -> None:
        meant = [intent.opportunity for intent in bodies(tmp_path, Intent)]
        seen.append((verb, opportunity in meant))

    with account() as (emulated, lever), opened(emulated, kind=hooked(look)) as watched:
        carried_out(migration(emulated, lever), tmp_path, watched)
        assert len(seen) == len(writes(emulated)) == len(bodies(tmp_path, Intent))
    assert set(seen) == {("addTags", True)}


def test_the_window_between_reading_and_writing_is_reported(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        result = carried_out(migration(emulated, lever), tmp_path, lever)
    assert result.read_to_write_ms["writes"] == len(bodies(tmp_path, WriteResponse))
    document = json.loads((tmp_path / "result.json").read_text())
    assert document["read_to_write_ms"]["p99"] >= document["read_to_write_ms"]["p50"] >= 0
    assert (document["exit_code"], document["exceptions"], document["state"]) == (0, [], "finished")
    assert document["counts"]["done"] == document["planned"]


def test_a_finished_run_is_left_alone_and_says_so(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever)
        entries, sent = read(tmp_path / "journal.sqlite"), len(writes(emulated))
        again = resumed(plan, tmp_path, lever)
        assert len(writes(emulated)) == sent
    assert read(tmp_path / "journal.sqlite") == entries
    assert again.summary.startswith("nothing left to do")
    assert again.exit_code == 0


def test_an_empty_plan_needs_no_approval_and_does_nothing(tmp_path: Path) -> None:
    with account(contacts=5) as (emulated, lever):
        plan_of(account=lever.account_id()).write(tmp_path)
        result = apply(tmp_path, lever=lever)
        assert writes(emulated) == []
    assert (result.summary, result.exit_code) == ("nothing to do", 0)
    assert json.loads((tmp_path / "result.json").read_text())["planned"] == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, Refused, "not approved: .* approve plan"),
        ({"approve": "0" * 12}, Refused, "is not for this plan"),
        ({"approve": "right", "max_ops": 1}, BrakeTripped, "--max-ops 1"),
        ({"approve": "right", "max_pct": 0.1}, BrakeTripped, "--max-pct 0.1"),
    ],
)
def test_without_approval_or_beyond_a_brake_nothing_is_written(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        if options.get("approve") == "right":
            options = options | {"approve": plan.short}
        with pytest.raises(error, match=message):
            apply(tmp_path, lever=lever, **options)
        assert writes(emulated) == []
    assert not (tmp_path / "journal.sqlite").exists()


def test_the_brakes_of_the_plan_hold_at_apply_unless_raised(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, brakes=Brakes(max_ops=2, max_pct=None))
        plan.write(tmp_path)
        with pytest.raises(BrakeTripped, match="--max-ops 2"):
            apply(tmp_path, approve=plan.plan_id, lever=lever)
        assert writes(emulated) == []
        assert apply(tmp_path, approve=plan.plan_id, lever=lever, max_ops=1000).exit_code == 0


def test_a_plan_of_another_account_is_refused(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, account="0123456789ab")
        plan.write(tmp_path)
        with pytest.raises(Refused, match=r"account 0123456789ab, the key opens .* Check LEVER_API_KEY"):
            apply(tmp_path, approve=plan.short, lever=lever)
        assert writes(emulated) == []


@pytest.mark.parametrize(("host", "allowed"), [("api.lever.co", False), ("localhost", True), ("", True)])
def test_a_plan_is_not_carried_out_at_another_host_even_with_the_same_ids(
    tmp_path: Path, host: str, allowed: bool
) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, host=host)
        if allowed:
            assert carried_out(plan, tmp_path, lever).exit_code == 0
            return
        with pytest.raises(Refused, match=r"made at api\.lever\.co, the key is for 127\.0\.0\.1"):
            carried_out(plan, tmp_path, lever)
        assert writes(emulated) == []


def test_a_client_that_can_only_read_is_refused(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        reader: Any = opened(emulated, kind=ReadOnlyLever)  # type: ignore[arg-type]
        plan = migration(emulated, lever)
        with reader, pytest.raises(UsageError, match="write=True"):
            carried_out(plan, tmp_path, reader)
    assert not (tmp_path / "journal.sqlite").exists()


def test_a_journal_of_another_plan_is_refused(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "one", lever)
        other = migration(emulated, lever)
        other.write(tmp_path / "two")
        (tmp_path / "one" / "journal.sqlite").rename(tmp_path / "two" / "journal.sqlite")
        with pytest.raises(Refused, match="another plan or account"):
            resumed(other, tmp_path / "two", lever)


@pytest.mark.parametrize("what", ["run", "account"])
def test_a_run_or_account_that_is_being_written_to_is_locked(tmp_path: Path, what: str) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        lock = tmp_path / "lock" if what == "run" else account_lock(plan.account)
        with hold(lock, purpose="another apply"), pytest.raises(Locked, match="another apply"):
            resumed(plan, tmp_path, lever)
        assert writes(emulated) == []
        assert resumed(plan, tmp_path, lever).exit_code == 0


def test_plans_that_know_an_account_by_an_older_and_a_newer_id_exclude_each_other(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        older = migration(emulated, lever, account="0123456789ab", account_ids=lever.account.ids())
        older.write(tmp_path)
        newer = account_lock(lever.account_id())
        with hold(newer, purpose="another apply"), pytest.raises(Locked, match="another apply"):
            resumed(older, tmp_path, lever)
        assert writes(emulated) == []


def test_a_writer_that_is_soon_through_is_waited_for(tmp_path: Path) -> None:
    with account() as (emulated, lever), ExitStack() as other:
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        other.enter_context(hold(account_lock(plan.account), purpose="the receiver"))
        threading.Timer(0.3, other.close).start()
        assert apply(tmp_path, approve=plan.short, lever=lever).exit_code == 0
        with hold(account_lock(plan.account), purpose="the receiver"), pytest.raises(Locked):
            apply(tmp_path, approve=plan.short, lever=lever, wait=0)


def holders(emulated: Any, op: Operation) -> list[str]:
    state = emulated.state()
    return [
        o for o, c in state["contacts"].items() if c == op.contact and op.tag in state["opportunities"][o]
    ]


def test_a_tag_that_a_person_took_off_its_source_is_not_copied(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        for source in holders(emulated, first(plan)):
            emulated.remove_tags(source, [first(plan).tag])
        before = tags_of(emulated)
        result = carried_out(plan, tmp_path, lever)
        gone = {
            op for op in plan.operations if (op.contact, op.tag) == (first(plan).contact, first(plan).tag)
        }
        rest = plan_of(*set(plan.operations) - gone)
        assert tags_of(emulated) == wished(rest, before)
    assert result.counts["drifted"] == len(gone) >= 1
    assert result.exit_code == 3
    with pytest.raises(Partial, match="drifted"):
        result.require()


@pytest.mark.parametrize(
    ("act", "outcome", "evidence"),
    [
        (lambda emulated, op, _: emulated.add_tags(op.opportunity, [op.tag]), "no_op", "already so"),
        (lambda emulated, op, _: emulated.delete(op.opportunity), "gone", "not to be found"),
        (lambda emulated, op, _: emulated.anonymize(op.opportunity), "drifted", "anonymized"),
        (lambda emulated, op, other: emulated.merge(op.contact, other), "drifted", "another contact"),
    ],
)
def test_what_people_did_meanwhile_is_respected(
    tmp_path: Path, act: Any, outcome: str, evidence: str
) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = first(plan)
        act(emulated, op, next(each.contact for each in lever.opportunities() if each.id not in plan.before))
        before = tags_of(emulated).get(op.opportunity)
        result = carried_out(plan, tmp_path, lever)
        assert tags_of(emulated).get(op.opportunity) == before
    (ended,) = [each for each in result.results if each.operation == op]
    assert (ended.outcome, ended.effective) == (outcome, False)
    assert evidence in ended.evidence
    assert adds_up(result)
    assert f"{result.counts[outcome]} {outcome}" in result.summary


def test_an_opportunity_that_the_key_may_no_longer_see_is_gone(tmp_path: Path) -> None:
    with account() as (emulated, _), opened(emulated, key=emulated.restricted_key) as lever:
        plan = migration(emulated, lever)
        emulated.set_confidential(first(plan).opportunity)
        result = carried_out(plan, tmp_path, lever)
    assert {e.outcome for e in result.results if e.operation.opportunity == first(plan).opportunity} == {
        "gone"
    }
    assert result.counts["done"] > 0


def test_an_opportunity_that_cannot_be_looked_up_is_an_error_not_gone(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        gone = first(plan).opportunity
        emulated.delete(gone)
        emulated.fault("status", method="GET", path=f"/opportunities/{gone}", status=400, times=None)
        with pytest.raises(ApiError, match="400"):
            carried_out(plan, tmp_path, lever)
        assert (writes(emulated), status(Run.open(tmp_path)).state) == ([], "error: ApiError")


def test_opportunities_that_came_after_the_plan_are_named(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        late = emulated.create(first(plan).contact)
        result = carried_out(plan, tmp_path, lever)
        assert tags_of(emulated)[late] == []
    assert [each.opportunity for each in result.came_later] == [late]
    assert "1 opportunity came after the plan" in result.summary


def test_an_opportunity_deleted_between_reading_and_writing_is_gone(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)

        def delete(_: str, opportunity: str) -> None:
            if opportunity == first(plan).opportunity:
                emulated.delete(opportunity)

        with opened(emulated, kind=hooked(delete)) as hasty:
            result = carried_out(plan, tmp_path, hasty)
    ended = {e.outcome for e in result.results if e.operation.opportunity == first(plan).opportunity}
    assert ended == {"gone"}


def test_a_lost_answer_is_settled_by_reading(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        fault = emulated.fault("reset", method="POST", path="*/addTags", times=None, when="after")
        result = carried_out(plan, tmp_path, lever)
        assert fault.fired >= plan.counts["opportunities"]
        assert tags_of(emulated) == wished(plan, before)
    assert {answer.status for answer in bodies(tmp_path, WriteResponse)} == {"lost"}
    assert result.counts["done"] == result.planned


@pytest.mark.parametrize("fault", ["status", "malformed"])
def test_lost_answers_whose_effect_is_seen_are_no_failures(tmp_path: Path, fault: str) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        emulated.fault(fault, method="POST", times=None, when="after")
        result = carried_out(plan, tmp_path, lever)
        assert tags_of(emulated) == wished(plan, before)
        assert len(writes(emulated)) == plan.counts["opportunities"] > WRITES
    assert (result.counts["done"], result.state) == (result.planned, "finished")


def test_a_yes_without_a_body_is_read_back_and_not_sent_again(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        emulated.fault("malformed", method="POST", times=None)
        result = carried_out(plan, tmp_path, lever)
        assert tags_of(emulated) == wished(plan, before)
        assert len(writes(emulated)) == plan.counts["opportunities"]
    assert (result.counts["done"], result.exit_code) == (result.planned, 0)


def test_what_a_person_took_back_after_a_lost_answer_is_not_written_again(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = first(plan)

        def take_back(_: float) -> None:
            emulated.remove_tags(op.opportunity, [op.tag])

        emulated.fault("status", method="POST", path=f"*/{op.opportunity}/addTags", when="after")
        with opened(emulated, sleep=take_back) as slow:
            result = carried_out(plan, tmp_path, slow)
        resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert op.tag not in tags_of(emulated)[op.opportunity]
    assert outcome_of(result, op) == ("drifted", False)


def test_a_write_without_an_answer_is_not_repeated_where_nobody_can_look(tmp_path: Path) -> None:
    with account(contacts=12, seed=5) as (emulated, lever):
        plan = migration(emulated, lever)
        op = first(plan)

        def blind(_: float) -> None:
            emulated.clear_faults()
            emulated.fault("status", method="GET", path="/opportunities", status=400)

        emulated.fault("status", method="POST", path=f"*/{op.opportunity}/addTags")
        with opened(emulated, sleep=blind) as lost:
            result = carried_out(plan, tmp_path, lost)
        assert sum(op.opportunity in entry["path"] for entry in writes(emulated)) == 1
        assert op.tag not in tags_of(emulated)[op.opportunity]
    assert outcome_of(result, op) == ("failed", False)


def test_what_a_person_did_during_a_storm_of_refusals_is_theirs(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = first(plan)

        def step_in(_: float) -> None:
            emulated.add_tags(op.opportunity, [op.tag])

        emulated.fault("throttle", method="POST", path=f"*/{op.opportunity}/addTags", times=2)
        with opened(emulated, sleep=step_in) as slow:
            result = carried_out(plan, tmp_path, slow)
        assert not [entry for entry in writes(emulated) if op.opportunity in entry["path"]][2:]
    assert outcome_of(result, op) == ("no_op", False)


def test_a_write_whose_turn_comes_late_rests_on_another_reading(tmp_path: Path) -> None:
    clock = Clock()
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = plan.operations[-1]
        sources = [o for o, tags in tags_of(emulated).items() if op.tag in tags]

        def a_minute_later() -> None:
            for source in sources:
                emulated.remove_tags(source, [op.tag])
            clock.sleep(60)

        with opened(emulated, pace=Queue(a_minute_later)) as late:
            result = carried_out(plan, tmp_path, late, times=Times(clock=clock, sleep=lambda _: None))
        assert op.tag not in tags_of(emulated)[op.opportunity]
    assert outcome_of(result, op) == ("drifted", False)
    assert result.counts["done"] == result.planned - result.counts["drifted"] > 0
    assert result.read_to_write_ms["p99"] <= FRESH * 1000


def test_a_lever_that_answers_slowly_is_not_read_for_ever(tmp_path: Path) -> None:
    clock = Clock()

    class Slow(Lever):
        def opportunities_of(self, contacts: Any, **params: Any) -> Any:
            clock.sleep(60)
            return super().opportunities_of(contacts, **params)

    with account(contacts=8, seed=5) as (emulated, lever), opened(emulated, kind=Slow) as slow:
        plan = migration(emulated, lever)
        result = carried_out(plan, tmp_path, slow, times=Times(clock=clock, sleep=lambda _: None))
    assert result.counts["done"] == result.planned > 0
    assert result.read_to_write_ms["p50"] == 60_000


def test_what_waits_for_its_turn_when_a_run_is_stopped_is_not_sent(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        with opened(emulated, pace=Queue((tmp_path / STOP).touch)) as queue:
            result = carried_out(plan, tmp_path, queue)
        assert writes(emulated) == bodies(tmp_path, Intent) == []
    assert result.counts["pending"] == result.planned


def test_after_a_second_signal_nothing_leaves_that_waits_for_its_turn(tmp_path: Path) -> None:
    released = threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        released.wait()

    with account() as (emulated, lever), opened(emulated, pace=Queue(interrupt)) as queue:
        plan = migration(emulated, lever)
        with pytest.raises(KeyboardInterrupt):
            carried_out(plan, tmp_path, queue)
        released.set()
        while threads.threads_left():
            time.sleep(0.01)
        assert writes(emulated) == bodies(tmp_path, Intent) == []


def test_a_lost_request_is_failed_not_done_and_the_next_apply_mends_it(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        fault = emulated.fault("reset", method="POST", times=None, when="before")
        result = carried_out(plan, tmp_path, lever)
        assert fault.fired
        assert tags_of(emulated) == before
        assert (result.counts["failed"], result.exit_code) == (result.planned, 3)
        emulated.clear_faults()
        again = resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert tags_of(emulated) == wished(plan, before)
    assert (again.counts["done"], again.exit_code) == (again.planned, 0)
    effective = [body.op for body in bodies(tmp_path, Outcome) if body.effective]
    assert sorted(effective) == list(range(again.planned))


def test_a_refusal_is_not_repeated_and_fails_only_its_own_opportunity(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        victim = first(plan).opportunity
        path = f"/opportunities/{victim}/addTags"
        fault = emulated.fault("status", method="POST", path=path, status=400, times=None)
        result = carried_out(plan, tmp_path, lever)
        assert fault.fired == 1
    failed = {each.operation.opportunity for each in result.results if each.outcome == "failed"}
    assert failed == {victim}
    assert result.counts["done"] == result.planned - result.counts["failed"]


class Deaf(Lever):
    """Lever says 200 and does nothing."""

    def _write(self, opportunity: str, verb: str, tags: Any, *rest: Any) -> Any:
        return Opportunity(id=opportunity, contact="", tags=tuple(tags))


def test_a_yes_without_effect_is_not_done(tmp_path: Path) -> None:
    naps: list[float] = []
    with account(contacts=8, seed=5) as (emulated, lever), opened(emulated, kind=Deaf) as deaf:
        result = carried_out(migration(emulated, lever), tmp_path, deaf, times=Times(sleep=naps.append))
    assert result.counts["failed"] == result.planned > 0
    assert naps == list(REREAD_AFTER)
    assert "without effect when read back" in result.results[0].evidence


def test_an_effect_that_shows_late_is_done_and_seen_once(tmp_path: Path) -> None:
    readings: list[list[Opportunity]] = []

    class Late(Lever):
        def opportunities_of(self, contacts: Any, **params: Any) -> Any:
            readings.append(super().opportunities_of(contacts, **params))
            return readings[0] if len(readings) < 4 else readings[-1]

    with account(contacts=8, seed=5) as (emulated, lever), opened(emulated, kind=Late) as late:
        plan = migration(emulated, lever)
        result = carried_out(plan, tmp_path, late)
    assert result.counts["done"] == result.planned > 0
    assert len(readings) == 4


@pytest.mark.parametrize("code", [401, 403])
def test_a_denied_key_stops_the_run_at_once_and_it_resumes(tmp_path: Path, code: int) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        fault = emulated.fault("status", method="POST", skip=3, times=None, status=code)
        with pytest.raises(AccessDenied):
            carried_out(plan, tmp_path, lever)
        assert fault.fired < 20 < plan.counts["opportunities"]
        halted = status(Run.open(tmp_path))
        assert (halted.state, halted.counts["failed"], halted.counts["unknown"]) == ("denied", 0, 0)
        assert (halted.counts["pending"] > 0, halted.exit_code, adds_up(halted)) == (True, 8, True)
        emulated.clear_faults()
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_time_limit_stops_between_batches_and_the_run_resumes(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        stopped = apply(tmp_path, approve=plan.short, lever=lever, max_seconds=0)
        assert (stopped.state, stopped.exit_code, stopped.counts["pending"]) == (
            TIME_LIMIT,
            8,
            stopped.planned,
        )
        with pytest.raises(Stopped, match="max-duration"):
            stopped.require()
        assert tags_of(emulated) == before
        assert apply(tmp_path, approve=plan.short, lever=lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_what_is_in_flight_and_the_run_resumes(tmp_path: Path, number: int) -> None:
    calls: list[str] = []

    def interrupt(_: str, opportunity: str) -> None:
        calls.append(opportunity)
        if len(calls) == 5:
            os.kill(os.getpid(), number)

    with account(contacts=300) as (emulated, lever), opened(emulated, kind=hooked(interrupt)) as hit:
        before, plan = tags_of(emulated), migration(emulated, lever)
        with pytest.raises(KeyboardInterrupt, match="the same command resumes"):
            carried_out(plan, tmp_path, hit)
        assert 5 <= len(calls) < plan.counts["opportunities"]
        halted = status(Run.open(tmp_path))
        assert (halted.state, halted.counts["unknown"]) == ("interrupted", 0)
        assert halted.counts["done"] > 0 < halted.counts["pending"]
        assert resumed(plan, tmp_path, lever).counts["done"] == halted.planned
        assert tags_of(emulated) == wished(plan, before)


def test_a_signal_in_the_last_write_leaves_nothing_to_resume(tmp_path: Path) -> None:
    def interrupt(_: str, __: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with account() as (emulated, lever), opened(emulated, kind=hooked(interrupt)) as hit:
        plan = plan_of(migration(emulated, lever).operations[0], account=lever.account_id())
        with pytest.raises(KeyboardInterrupt, match=r"but finished: 1 done of 1 .*; nothing is left to"):
            carried_out(plan, tmp_path, hit)


def test_a_second_signal_ends_the_run_at_once_and_it_resumes(tmp_path: Path) -> None:
    calls: list[str] = []

    def interrupt(_: str, opportunity: str) -> None:
        calls.append(opportunity)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)

    with account(contacts=300) as (emulated, lever), opened(emulated, kind=hooked(interrupt)) as hit:
        before, plan = tags_of(emulated), migration(emulated, lever)
        with pytest.raises(KeyboardInterrupt):
            carried_out(plan, tmp_path, hit)
        assert status(Run.open(tmp_path)).state in ("error: KeyboardInterrupt", "interrupted")
        assert resumed(plan, tmp_path, lever, wait=30.0).exit_code == 0  # for what is in flight
        assert tags_of(emulated) == wished(plan, before)


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with account() as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path, lever)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_run_in_a_thread_works_without_signals(tmp_path: Path) -> None:
    results: list[Result] = []
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        thread = threading.Thread(target=lambda: results.append(carried_out(plan, tmp_path, lever)))
        thread.start()
        thread.join()
    assert results[0].exit_code == 0


class Dying(Lever):
    """The network is gone from the first write on."""

    dead = False

    def _write(self, opportunity: str, verb: str, tags: Any, *rest: Any) -> Any:
        self.dead = True
        return super()._write(opportunity, verb, tags, *rest)

    def opportunities_of(self, contacts: Any, **params: Any) -> Any:
        if self.dead:
            raise Unreachable("no answer", method="GET", path="/opportunities")
        return super().opportunities_of(contacts, **params)


def test_a_network_that_dies_leaves_unknowns_that_the_next_apply_settles(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Dying) as dying:
        before, plan = tags_of(emulated), migration(emulated, lever)
        with pytest.raises(Unreachable):
            carried_out(plan, tmp_path, dying)
        broken = status(Run.open(tmp_path))
        assert (broken.exit_code, broken.counts["unknown"] > 0, adds_up(broken)) == (6, True, True)
        with pytest.raises(VerificationFailed, match="in flight when it was interrupted"):
            broken.require()
        again = resumed(plan, tmp_path, lever)
        assert tags_of(emulated) == wished(plan, before)
    assert (again.exit_code, all(each.effective for each in again.results)) == (0, True)


def outcomes_of(result: Result) -> dict[str, str]:
    return {each.operation.opportunity: each.outcome for each in result.results}


def three(emulated: Any, lever: Lever) -> tuple[Plan, str, str, str]:
    """A plan to copy a tag from one opportunity of a contact to two others, and the three."""
    living = [each for each in lever.opportunities() if not each.is_anonymized]
    contact = Counter(each.contact for each in living).most_common(1)[0][0]
    source, second, third, *_ = [each.id for each in living if each.contact == contact]
    emulated.add_tags(source, ["vip"])
    ops = [Operation(contact, each, "add", "vip") for each in (second, third)]
    before = {each: OpportunityState(contact) for each in (source, second, third)}
    return plan_of(*ops, account=lever.account_id(), before=before), source, second, third


def until_tagged(emulated: Any, opportunity: str) -> None:
    """Wait until the other thread's write has arrived."""
    while "vip" not in tags_of(emulated)[opportunity]:
        time.sleep(0.01)


def test_what_we_wrote_ourselves_is_no_source_for_the_rest(tmp_path: Path) -> None:
    with account(contacts=200) as (emulated, lever):
        plan, source, second, third = three(emulated, lever)

        def stumble(_: str, opportunity: str) -> None:
            if opportunity == third:
                until_tagged(emulated, second)
                raise ZeroDivisionError

        with opened(emulated, kind=hooked(stumble)) as broken, pytest.raises(ZeroDivisionError):
            carried_out(plan, tmp_path, broken)
        emulated.remove_tags(source, ["vip"])
        result = resumed(plan, tmp_path, lever)
    assert outcomes_of(result) == {second: "done", third: "drifted"}


def test_what_we_wrote_a_moment_ago_is_no_source_for_a_repetition(tmp_path: Path) -> None:
    with account(contacts=200) as (emulated, lever):
        plan, source, second, third = three(emulated, lever)

        def person(_: float) -> None:
            until_tagged(emulated, second)
            emulated.remove_tags(source, ["vip"])

        emulated.fault("throttle", method="POST", path=f"*/{third}/addTags", times=1)
        with opened(emulated, sleep=person) as slow:
            result = carried_out(plan, tmp_path, slow)
        again = resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert "vip" not in tags_of(emulated)[third]
    assert [outcomes_of(each)[third] for each in (result, again)] == ["failed", "drifted"]
    assert outcomes_of(again)[second] == "done"


def moving(emulated: Any, lever: Lever, tag: str = "moved") -> Plan:
    """A plan that moves a tag from one opportunity of each split contact to another."""
    contacts: dict[str, list[str]] = {}
    for each in lever.opportunities():
        if not each.is_anonymized:
            contacts.setdefault(each.contact, []).append(each.id)
    split = {contact: mine for contact, mine in contacts.items() if len(mine) > 1}
    for source, *_ in split.values():
        emulated.add_tags(source, [tag])
    tags = tags_of(emulated)
    before = {
        each: OpportunityState(contact, tuple(tags[each])) for contact, mine in split.items() for each in mine
    }
    ops = [Operation(contact, other, "add", tag, "moved") for contact, (_, other, *_) in split.items()]
    ops += [Operation(contact, source, "remove", tag, "moved") for contact, (source, *_) in split.items()]
    brakes = Brakes(max_pct=None, max_removals=None)
    return plan_of(*ops, account=lever.account_id(), before=before, brakes=brakes)


def test_at_no_prefix_of_a_run_has_a_contact_lost_a_tag(tmp_path: Path) -> None:
    with account(contacts=120) as (emulated, lever):
        plan = moving(emulated, lever)
        before = tags_of(emulated)
        result = carried_out(plan, tmp_path, lever)
        order = [entry["path"].rsplit("/", 1)[1] for entry in writes(emulated)]
        assert tags_of(emulated) == wished(plan, before)
    adds = order.count("addTags")
    assert order == ["addTags"] * adds + ["removeTags"] * adds
    assert result.counts["done"] == 2 * adds > 10


def test_a_removal_waits_for_the_addition_to_its_contact(tmp_path: Path) -> None:
    with account(contacts=120) as (emulated, lever):
        plan = moving(emulated, lever)
        refused, drifted = [op for op in plan.operations if op.action == "add"][:2]
        path = f"/opportunities/{refused.opportunity}/addTags"
        emulated.fault("status", method="POST", path=path, status=400, times=None)
        emulated.anonymize(drifted.opportunity)
        result = carried_out(plan, tmp_path, lever)
        now = tags_of(emulated)
        removals = {op.contact: op for op in plan.operations if op.action == "remove"}
        assert "moved" in now[removals[refused.contact].opportunity]
        assert "moved" in now[removals[drifted.contact].opportunity]
        emulated.clear_faults()
        again = resumed(plan, tmp_path, lever)
        assert "moved" not in tags_of(emulated)[removals[refused.contact].opportunity]
    outcomes = {each.operation: each.outcome for each in result.results}
    assert outcomes[removals[refused.contact]] == "failed"
    assert outcomes[removals[drifted.contact]] == "drifted"
    assert (again.counts["failed"], again.counts["drifted"], again.exit_code) == (0, 2, 3)


def test_a_mixed_plan_that_was_stopped_before_its_removals_resumes_to_the_end(tmp_path: Path) -> None:
    with account(contacts=120) as (emulated, lever):
        plan = moving(emulated, lever)
        fault = emulated.fault("status", method="POST", path="*/removeTags", status=403, times=None)
        with pytest.raises(AccessDenied):
            carried_out(plan, tmp_path, lever)
        assert fault.fired
        assert status(Run.open(tmp_path)).counts["done"] * 2 == len(plan.operations)
        emulated.clear_faults()
        assert resumed(plan, tmp_path, lever).counts["done"] == len(plan.operations)


def test_an_error_of_our_own_is_not_swallowed_and_the_run_resumes(tmp_path: Path) -> None:
    def stumble(_: str, opportunity: str) -> None:
        raise ZeroDivisionError(opportunity)

    with account() as (emulated, lever), opened(emulated, kind=hooked(stumble)) as broken:
        plan = migration(emulated, lever)
        with pytest.raises(ZeroDivisionError):
            carried_out(plan, tmp_path, broken)
        assert status(Run.open(tmp_path)).state == "error: ZeroDivisionError"
        assert resumed(plan, tmp_path, lever).exit_code == 0


def test_a_full_disk_stops_writing_to_lever_and_the_run_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, calls = Journal.append, iter(range(100))

    def full(journal: Journal, *bodies: Any) -> int:
        if next(calls) > 9:
            raise sqlite3.OperationalError("database or disk is full")
        return append(journal, *bodies)

    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", full)
            with pytest.raises(sqlite3.OperationalError, match="disk is full"):
                carried_out(plan, tmp_path, lever)
        assert len(writes(emulated)) <= len(bodies(tmp_path, Intent)) < plan.counts["opportunities"]
        assert status(Run.open(tmp_path)).state == "broken off"
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_run_not_begun_is_pending_and_a_result_draws_itself_escaped(tmp_path: Path) -> None:
    plan_of(operation(1, "<script>")).write(tmp_path)
    result = status(Run.open(tmp_path))
    assert (result.state, result.counts["pending"], result.exit_code) == ("not begun", 1, 8)
    assert "not begun: 1 pending of 1 planned" in repr(result)
    assert "&lt;script&gt;" in result._repr_html_()
    assert "<script>" not in result._repr_html_()


def test_a_second_ctrl_c_keeps_the_lock_while_a_request_may_still_leave(tmp_path: Path) -> None:
    request_ends = threading.Event()
    with account(contacts=20) as (emulated, lever):
        run = Run(tmp_path / "run", migration(emulated, lever))
        run.plan.write(run.folder)

        def interrupted() -> None:
            with _writing(run, lever, lambda _: {}, 0), thread_pool(1) as pool:
                pool.submit(request_ends.wait)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        with pytest.raises(Locked):
            carry_out(run, lever, run.wave(ALL))
        request_ends.set()
        assert carry_out(run, lever, run.wave(ALL), wait=60, times=AT_ONCE)[0].counts["done"]
