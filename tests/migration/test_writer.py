"""Whose effect it is: what a run may call its own after failures, refusals, long pauses and other writers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.fake_time import Clock
from support.plan_factory import (
    account,
    carried_out,
    hooked,
    lost,
    migration,
    opened,
    plan_of,
    resumed,
    tags_of,
)
from support.run_reading import Queue, bodies, first, outcome_of, writes

from leverkit.api.client import Lever
from leverkit.api.models import Opportunity
from leverkit.errors import AccessDenied, Locked, UsageError
from leverkit.migration import apply
from leverkit.migration.journal import Journal, WriteResponse
from leverkit.migration.next_step import advice
from leverkit.migration.result import status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.migration.stop import SEVERAL
from leverkit.migration.times import Times
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.verification.verify import verify


def single(emulated: Any, lever: Lever) -> Plan:
    """A plan of one operation."""
    whole = migration(emulated, lever)
    return plan_of(first(whole), account=whole.account, before=whole.before)


@pytest.mark.parametrize(
    "fault", [{"kind": "ignored"}, {"kind": "status", "status": 500}, {"kind": "reset", "when": "before"}]
)
def test_what_a_person_adds_after_our_failed_write_is_theirs(tmp_path: Path, fault: Any) -> None:
    with account() as (emulated, lever):
        plan = single(emulated, lever)
        emulated.fault(method="POST", times=None, **fault)
        failed = carried_out(plan, tmp_path / "run", lever)
        emulated.clear_faults()
        emulated.add_tags(first(plan).opportunity, [first(plan).tag])
        again = resumed(plan, tmp_path / "run", lever)
    assert outcome_of(failed, first(plan)) == ("failed", False)
    assert outcome_of(again, first(plan)) == ("no_op", False)
    assert rollback(tmp_path / "run", tmp_path / "back").operations == ()


class Unnoticed(Lever):
    """Lever shows a write only at the third reading."""

    def opportunities_of(self, contacts: Any, **params: Any) -> list[Opportunity]:
        readings = self.__dict__.setdefault("readings", [])
        readings.append(super().opportunities_of(contacts, **params))
        return readings[0 if len(readings) < 3 else -1]  # type: ignore[no-any-return]


def doubted(emulated: Any, op: Operation, *, code: int) -> None:
    """Let the first attempt have its effect and end with 500, and let its repetition be refused."""
    emulated.fault("status", method="POST", path=f"*/{op.opportunity}/addTags", status=500, when="after")
    emulated.fault("status", method="POST", path=f"*/{op.opportunity}/addTags", status=code)


def test_what_was_perhaps_written_before_a_refusal_is_read_back_and_ours(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Unnoticed) as hasty:
        plan = single(emulated, lever)
        doubted(emulated, first(plan), code=400)
        result = carried_out(plan, tmp_path / "run", hasty)
        assert len(writes(emulated)) == 2
    assert outcome_of(result, first(plan)) == ("done", True)
    (response,) = bodies(tmp_path / "run", WriteResponse)
    assert (response.status, response.in_doubt) == ("refused", True)


def test_what_was_perhaps_written_before_a_denial_is_taken_back(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Unnoticed) as hasty:
        before, plan = tags_of(emulated), single(emulated, lever)
        doubted(emulated, first(plan), code=403)
        with pytest.raises(AccessDenied):
            carried_out(plan, tmp_path / "run", hasty)
        assert status(Run.open(tmp_path / "run")).counts["unknown"] == 1
        undo = rollback(tmp_path / "run", tmp_path / "back")
        assert resumed(undo, tmp_path / "back", lever).counts["done"] == 1
        assert tags_of(emulated) == before


def test_what_was_perhaps_written_before_a_denial_is_ours_when_it_is_found(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Unnoticed) as hasty:
        plan = single(emulated, lever)
        doubted(emulated, first(plan), code=403)
        with pytest.raises(AccessDenied):
            carried_out(plan, tmp_path, hasty)
        assert outcome_of(resumed(plan, tmp_path, lever), first(plan)) == ("done", True)


@pytest.mark.parametrize("name", ["nobody@example.org", "00000000-0000-4000-8000-000000000000"])
def test_a_user_whom_the_account_does_not_have_ends_apply_before_any_intent(
    tmp_path: Path, name: str
) -> None:
    with account() as (emulated, lever), opened(emulated, perform_as=name) as nobody:
        plan = migration(emulated, lever)
        with pytest.raises(UsageError, match="LEVER_PERFORM_AS names"):
            carried_out(plan, tmp_path, nobody)
        assert writes(emulated) == []
    assert not (tmp_path / "journal.sqlite").exists()


@pytest.mark.parametrize("tag", ["", " ", "x" * 256])
def test_a_plan_of_an_older_version_with_a_tag_that_cannot_be_written_sends_and_records_nothing(
    tmp_path: Path, tag: str
) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        odd = msgspec.structs.replace(plan.operations[-1], tag=tag)
        with pytest.raises(UsageError, match=r"cannot be written to Lever.*Nothing was sent"):
            carried_out(msgspec.structs.replace(plan, operations=(*plan.operations, odd)), tmp_path, lever)
        assert writes(emulated) == []
    assert not (tmp_path / "journal.sqlite").exists()


def test_an_account_that_takes_tags_only_in_a_users_name_stops_the_run_and_says_what_to_set(
    tmp_path: Path,
) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        emulated.configure(perform_as="required")
        with pytest.raises(UsageError, match="Set LEVER_PERFORM_AS to a user's id or e-mail"):
            carried_out(plan, tmp_path, lever)
        assert len(writes(emulated)) < 20 < plan.counts["opportunities"]
        run = Run.open(tmp_path)
        assert status(run).counts["pending"] == len(plan.operations)
        assert "set LEVER_PERFORM_AS to a user's id or e-mail" in advice(run).why
        user = next(lever.users())["id"]
        with opened(emulated, perform_as=user) as named:
            assert resumed(plan, tmp_path, named).counts["done"] == len(plan.operations)


def test_a_tag_that_the_plan_adds_is_not_taken_for_another_tags_form(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        whole = migration(emulated, lever)
        op = first(whole)
        (source, *_) = (
            o
            for o, known in whole.before.items()
            if known.contact == op.contact and o != op.opportunity and op.tag in known.tags
        )
        emulated.add_tags(source, ["Python", "python"])
        ops = [Operation(op.contact, op.opportunity, "add", tag) for tag in ("Python", "python")]
        plan = plan_of(*ops, account=whole.account, before=whole.before)

        class Half(Lever):
            """Lever takes only the first of two tags that differ in case."""

            def _write(self, opportunity: str, verb: str, tags: Any, *rest: Any) -> Any:
                return super()._write(opportunity, verb, tags[:1], *rest)

        with opened(emulated, kind=Half) as half:
            result = carried_out(plan, tmp_path / "run", half)
        again = resumed(plan, tmp_path / "run", lever)
    assert [outcome_of(result, each)[0] for each in ops] == ["done", "drifted"]
    assert all("stored it as" not in each.evidence for each in result.results + again.results)
    undone = rollback(tmp_path / "run", tmp_path / "back")
    assert [(op.action, op.tag) for op in undone.operations] == [("remove", "Python")]
    assert [change.tag for change in undone.skipped] == ["python"]


@pytest.mark.parametrize("when", ["its turn is awaited", "the answer is on its way"])
def test_a_write_after_the_machine_slept_rests_on_another_reading(tmp_path: Path, when: str) -> None:
    steady, wall = Clock(), Clock()
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = plan.operations[-1]
        sources = [o for o, tags in tags_of(emulated).items() if op.tag in tags]

        def sleep_for_an_hour() -> None:
            for source in sources:
                emulated.remove_tags(source, [op.tag])
            wall.sleep(3600)

        class Late(Lever):
            def opportunities_of(self, contacts: Any, *, seen: Any = None, **params: Any) -> Any:
                def arrived(number: int) -> None:
                    if when == "the answer is on its way" and wall.now == steady.now:
                        sleep_for_an_hour()
                    if seen:
                        seen(number)

                return super().opportunities_of(contacts, seen=arrived, **params)

        times = Times(clock=steady, wall=wall, sleep=lambda _: None)
        turns = {"pace": Queue(sleep_for_an_hour)} if when == "its turn is awaited" else {}
        with opened(emulated, kind=Late, **turns) as late:
            result = carried_out(plan, tmp_path, late, times=times)
        assert op.tag not in tags_of(emulated)[op.opportunity]
    assert outcome_of(result, op) == ("drifted", False)


def by_others(emulated: Any, plan: Plan, number: int) -> type[Lever]:
    """A client during whose first write others carry out operations on the plan's last opportunities."""
    targets = list(dict.fromkeys(op.opportunity for op in plan.operations))[-number:]
    left = [op for op in plan.operations if op.opportunity in targets]

    def others(*_: str) -> None:
        while left:
            op = left.pop()
            emulated.add_tags(op.opportunity, [op.tag])

    return hooked(others)


def test_several_operations_that_others_carried_out_meanwhile_stop_the_run(tmp_path: Path) -> None:
    with account(contacts=600) as (emulated, lever):
        plan = migration(emulated, lever)
        with (
            opened(emulated, kind=by_others(emulated, plan, SEVERAL)) as watched,
            pytest.raises(Locked, match="Another user, another machine or a copy"),
        ):
            carried_out(plan, tmp_path, watched)
        assert status(Run.open(tmp_path)).state.startswith("stopped: somebody else")
        assert resumed(plan, tmp_path, lever).exit_code == 0


def test_what_a_colleague_did_meanwhile_stops_nothing(tmp_path: Path) -> None:
    with account(contacts=600) as (emulated, lever):
        plan = migration(emulated, lever)
        with opened(emulated, kind=by_others(emulated, plan, 1)) as watched:
            result = carried_out(plan, tmp_path, watched)
    assert (result.exit_code, result.state) == (0, "finished")
    assert result.counts["no_op"] > 0


def test_what_others_did_before_the_run_stops_nothing(tmp_path: Path) -> None:
    with account(contacts=60) as (emulated, lever):
        plan = migration(emulated, lever)
        for op in plan.operations:
            emulated.add_tags(op.opportunity, [op.tag])
        assert carried_out(plan, tmp_path, lever).counts["no_op"] == len(plan.operations)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_machine_with_a_wrong_clock_excuses_no_tag_that_lever_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    wrong = partial(Journal, now=Clock(4_000_000_000 + 3600 * hours))
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        emulated.do(lambda held: setattr(held, "skew_ms", 4_000_000_000_000 - held.now()))
        monkeypatch.setattr(apply, "Journal", wrong)
        carried_out(plan, tmp_path, lever)
        lost(emulated, first(plan))
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == 6
        emulated.remove_tags(plan.operations[-1].opportunity, [plan.operations[-1].tag])
        found = verify(tmp_path, lever=lever, reread_after=())
    reported = {(pair.opportunity, pair.tag): pair.reported for pair in found.differences}
    assert reported[plan.operations[-1].opportunity, plan.operations[-1].tag] == "changed since"
