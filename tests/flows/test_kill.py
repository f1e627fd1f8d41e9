"""SIGKILL at every point of a request, again and again: the same command reaches the same end (R2)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from soak.killable_process import ChildRunner, child_runner
from support.plan_factory import account, migration, resumed, tags_of, wished

from leverkit.emulator import Running
from leverkit.errors import Partial
from leverkit.migration.journal import Intent, Outcome, read
from leverkit.migration.result import status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.verification.replay import replay
from leverkit.verification.verify import verify

POINTS = (
    "before the intent",
    "intent synced, not sent",
    "answer read, no result",
    "result synced",
    "before the outcome",
    "outcome synced",
    "before the seal",
    "seal synced",
)


@pytest.fixture(scope="module")
def children() -> Iterator[ChildRunner]:
    with child_runner(Path(os.environ["XDG_CACHE_HOME"])) as runner:
        yield runner


def applied(children: ChildRunner, run: Path, plan: Plan, emulated: Any, **kill: Any) -> int:
    """Apply in a child and return how it ended; with a point and a number, it is killed there."""
    access = {"base_url": emulated.base_url, "key": emulated.api_key}
    return children(what="apply", run=str(run), approve=plan.plan_id, **access, **kill)


def killed(children: ChildRunner, run: Path, plan: Plan, emulated: Any, point: str, number: int = 1) -> bool:
    """Apply until the point is reached; return True if the process was killed there."""
    return applied(children, run, plan, emulated, point=point, number=number) == -signal.SIGKILL


def recorded_once(run: Path, plan: Plan) -> bool:
    """Return True if each effective change is recorded exactly once."""
    bodies = [entry.body for entry in read(run / "journal.sqlite")]
    effective = Counter(body.op for body in bodies if isinstance(body, Outcome) and body.effective)
    return effective == Counter(range(len(plan.operations)))


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("point", POINTS[:4])
def test_killed_once_at_a_point_and_resumed(
    children: ChildRunner, tmp_path: Path, point: str, number: int
) -> None:
    with account(contacts=80) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        assert killed(children, tmp_path, plan, emulated, point, number)
        broken = status(Run.open(tmp_path))
        assert broken.state == "broken off"
        assert broken.counts["pending"] + broken.counts["unknown"] > 0
        assert sum(broken.counts.values()) == len(plan.operations)
        assert resumed(plan, tmp_path, lever).require().counts["done"] == len(plan.operations)
        assert tags_of(emulated) == wished(plan, before)
    assert recorded_once(tmp_path, plan)


def test_killed_at_every_point_one_after_the_other_and_rolled_back(
    children: ChildRunner, tmp_path: Path
) -> None:
    with account(contacts=400, seed=2) as (emulated, lever):
        start, before = emulated.state(), tags_of(emulated)
        plan = migration(emulated, lever)
        plan.write(tmp_path / "run")
        for point in POINTS:
            assert killed(children, tmp_path / "run", plan, emulated, point), point
        assert applied(children, tmp_path / "run", plan, emulated) == 0
        assert tags_of(emulated) == wished(plan, before)
        assert recorded_once(tmp_path / "run", plan)
        back = rollback(tmp_path / "run", tmp_path / "back")
        for point in POINTS:
            assert killed(children, tmp_path / "back", back, emulated, point), point
        assert resumed(back, tmp_path / "back", lever).exit_code == 0
        assert emulated.state() == start


def test_killed_before_the_journal_has_a_table_it_is_not_begun_and_nothing_is_called_damaged(
    tmp_path: Path, children: ChildRunner
) -> None:
    run = tmp_path / "run"
    with account(contacts=80) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(run)
        assert killed(children, run, plan, emulated, "journal without a table")
        assert (run / "journal.sqlite").exists()
        broken = Run.open(run)
        assert status(broken).state == "not begun"
        assert replay(broken).exit_code == 0
        assert not rollback(run, tmp_path / "undo").operations
        assert verify(run, lever=lever, reread_after=()).hint.startswith("the plan has not been applied yet")
        assert resumed(plan, run, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)
    assert recorded_once(run, plan)


def test_killed_between_the_seal_and_result_json_verify_knows_what_the_run_left_alone(
    tmp_path: Path, children: ChildRunner
) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        emulated.delete(plan.operations[0].opportunity)
        assert killed(children, tmp_path, plan, emulated, "seal synced")
        assert not (tmp_path / "result.json").exists()
        broken = status(Run.open(tmp_path))
        assert (broken.state, broken.exit_code) == ("finished", Partial.exit_code)
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == Partial.exit_code
    assert replay(Run.open(tmp_path)).exit_code == 0


def test_killed_from_outside_while_the_server_works_on_requests(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        command = [sys.executable, "-m", "leverkit", "apply", str(tmp_path), "--approve", plan.short]
        environ = {"LEVER_API_KEY": emulated.api_key, "LEVER_BASE_URL": emulated.base_url}
        process = subprocess.Popen(command, env=os.environ | environ, stderr=subprocess.DEVNULL)
        emulated.configure(latency_ms=300)
        while not (unanswered := _unanswered_writes(emulated)) and process.poll() is None:
            time.sleep(0.02)
        assert unanswered
        assert status(Run.open(tmp_path)).state.startswith("running: ")
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert status(Run.open(tmp_path)).counts["unknown"] > 0
        emulated.configure(latency_ms=0)
        intents = {
            e.body.opportunity for e in read(tmp_path / "journal.sqlite") if isinstance(e.body, Intent)
        }
        changed = {o for o, tags in tags_of(emulated).items() if tags != before[o]}
        assert changed <= intents
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)
    assert recorded_once(tmp_path, plan)


def _unanswered_writes(emulated: Running) -> list[dict[str, Any]]:
    return [entry for entry in emulated.log() if entry["method"] == "POST" and entry["status"] is None]


def test_a_change_by_a_person_after_the_kill_is_not_undone_by_resuming(
    children: ChildRunner, tmp_path: Path
) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        assert killed(children, tmp_path, plan, emulated, "answer read, no result")
        broken = status(Run.open(tmp_path))
        unknown = [ended.operation for ended in broken.results if ended.outcome == "unknown"]
        reached = [op for op in unknown if op.tag in tags_of(emulated)[op.opportunity]]
        assert reached
        for op in reached:
            emulated.remove_tags(op.opportunity, [op.tag])
        result = resumed(plan, tmp_path, lever)
        after = tags_of(emulated)
    assert all(op.tag not in after[op.opportunity] for op in reached)
    outcomes = {ended.operation: ended.outcome for ended in result.results}
    assert {outcomes[op] for op in reached} == {"drifted"}
