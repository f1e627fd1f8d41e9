"""What comes next for a run: said in every state it can be in, with the command that does it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import AT_ONCE, account, carried_out, migration, operation, plan_of, resumed

from leverkit.errors import UsageError
from leverkit.migration.next_step import advice
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.brakes import Brakes
from leverkit.planning.canary import choose
from leverkit.storage.lock import hold
from leverkit.verification.verify import verify


def test_the_way_of_a_run_is_told_step_by_step(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        apply = f"leverkit apply {tmp_path} --approve {plan.short}"
        look = f"leverkit verify {tmp_path}"
        told = []

        def step(what: Any) -> None:
            told.append(advice(Run.open(tmp_path)).command)
            what()

        step(lambda: resumed(plan, tmp_path, lever, wave="canary", times=AT_ONCE))
        step(lambda: verify(tmp_path, lever=lever, wave="canary"))
        step(lambda: resumed(plan, tmp_path, lever, times=AT_ONCE))
        step(lambda: verify(tmp_path, lever=lever))
        assert str(advice(Run.open(tmp_path))) == "everything is done and verified"
    assert told == [f"{apply} --wave canary", f"{look} --wave canary", apply, look]


def test_what_a_partial_verification_found_is_the_next_step_and_not_called_done(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=1)
        carried_out(plan, tmp_path, lever)
        op = plan.operations[0]
        emulated.remove_tags(op.opportunity, [op.tag])
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == 3
        told = advice(Run.open(tmp_path))
    assert told.why.startswith("all was tried, and is verified in part: ")
    assert "1 tagging missing" in told.why
    assert told.why.endswith(f"{tmp_path / 'verify.json'} lists them under `differences`")
    assert told.command == ""


def test_a_run_that_was_stopped_is_resumed_with_its_wave(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        ticks = count()
        hasty = replace(AT_ONCE, clock=lambda: float(next(ticks)))
        carried_out(plan, tmp_path, lever, wave="80%", max_seconds=10, times=hasty)
        told = advice(Run.open(tmp_path))
    assert told.why.startswith("the run is unfinished (stopped by --max-duration)")
    assert told.command == f"leverkit apply {tmp_path} --approve {plan.short} --wave 80%"


def test_failures_are_tried_again_when_the_rest_is_verified(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        emulated.fault("status", method="POST", status=400, times=1)
        assert carried_out(plan, tmp_path, lever).counts["failed"] >= 1
        assert advice(Run.open(tmp_path)).command == f"leverkit verify {tmp_path}"
        verify(tmp_path, lever=lever, reread_after=())
        assert advice(Run.open(tmp_path)).why.startswith("the run is NOT as planned")
        for op in plan.operations:
            emulated.add_tags(op.opportunity, [op.tag])
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == 0
        told = advice(Run.open(tmp_path))
    assert told.why.endswith("failed, and may succeed when tried again")
    assert told.command == f"leverkit apply {tmp_path} --approve {plan.short}"


def test_a_run_that_was_taken_back_leads_to_its_rollback(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        run, undo = tmp_path / "run", tmp_path / "undo"
        carried_out(migration(emulated, lever), run, lever)
        carried_out(rollback(run, undo), undo, lever)
        assert advice(Run.open(run)).command == f"leverkit verify {undo}"
        assert verify(undo, lever=lever).exit_code == 0
        assert str(advice(Run.open(run))) == f"the rollback in {undo} undid this run, and is verified"
        (undo / "plan.csv").write_text((undo / "plan.csv").read_text() + "edited")
        assert advice(Run.open(run)).command == f"leverkit verify {undo}"


def test_a_run_that_wrote_on_after_its_rollback_is_not_called_verified(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        run, undo = tmp_path / "run", tmp_path / "undo"
        plan = migration(emulated, lever)
        carried_out(plan, run, lever, wave="canary")
        carried_out(rollback(run, undo), undo, lever)
        assert verify(undo, lever=lever).exit_code == 0
        assert str(advice(Run.open(run))).endswith("and is verified")
        verify(run, lever=lever, wave="canary")
        resumed(plan, run, lever, wave="all", times=AT_ONCE)
        told = advice(Run.open(run))
        assert told.why.startswith(f"the run continued to write after the rollback in {undo} was planned; ")
        assert told.command == f"leverkit verify {run}"


def test_a_verification_of_a_wave_that_the_plan_does_not_know_counts_as_none(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path, lever)
        verify(tmp_path, lever=lever)
    file = tmp_path / "verify.json"
    file.write_text(file.read_text().replace('"wave": "all"', '"wave": "both halves"'))
    assert str(advice(Run.open(tmp_path))) == f"the run was not verified: leverkit verify {tmp_path}"


def test_a_running_an_empty_and_a_missing_plan_have_no_next_command(tmp_path: Path) -> None:
    plan_of(operation()).write(tmp_path / "run")
    with hold(tmp_path / "run" / "lock", purpose="apply"):
        assert (
            str(advice(Run.open(tmp_path / "run")))
            == "another process is working on it: wait until it has finished"
        )
        (tmp_path / "run" / "PAUSE").touch()
        assert str(advice(Run.open(tmp_path / "run"))).endswith("PAUSE is there: remove that file to go on")
    plan_of().write(tmp_path / "empty")
    assert str(advice(Run.open(tmp_path / "empty"))) == "nothing is planned"
    with pytest.raises(UsageError, match="no plan"):
        advice(Run.open(tmp_path))


def test_what_lets_a_plan_through_its_brakes_is_told_and_never_in_the_command_to_copy(tmp_path: Path) -> None:
    plan = plan_of(operation(1), operation(2), brakes=Brakes(max_ops=1))
    plan.write(tmp_path)
    told = advice(Run.open(tmp_path))
    assert told.why.startswith("nothing has been written yet (2 operations: more than --max-ops 1: ")
    assert "if this is intended, add --max-ops 2" in told.why
    assert told.command == f"leverkit apply {tmp_path} --approve {plan.short}"


def test_a_small_plan_needs_no_canary(tmp_path: Path) -> None:
    ops = [operation(n, contact=f"c{n}") for n in range(40)]
    plan_of(*ops, canary=choose(ops, {})).write(tmp_path)
    assert "--wave" not in advice(Run.open(tmp_path)).command
