"""SIGKILL at every point of a request, again and again: the same command reaches the same end (R2)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import account, migration, resumed, tags_of, wished

from leverkit.migration.journal import Intent, Outcome, read
from leverkit.migration.result import status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan

KILLABLE = '''
"""Apply a run; end by SIGKILL when a point is reached for the n-th time."""
import os, signal, sys
from itertools import count
from leverkit.api.client import Lever
from leverkit.migration.journal import Journal
from leverkit.api.rate_limit import Pace
from leverkit.migration.apply import apply

run, approve, base_url, key, point, number = sys.argv[1:]
reached = count(1)

def at(name):
    if name == point and next(reached) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

class KillableLever(Lever):
    def _write(self, *args):
        at("intent on disk, not sent")
        answer = super()._write(*args)
        at("answered, not recorded")
        return answer

append = Journal.append

def killable_append(self, *bodies):
    kinds = {type(body).__name__ for body in bodies}
    if "Intent" in kinds:
        at("before the intent")
    if "Outcome" in kinds:
        at("before the outcome")
    if "SessionEnded" in kinds:
        at("before the seal")
    last = append(self, *bodies)
    if "WriteResponse" in kinds:
        at("answer recorded")
    if "Outcome" in kinds:
        at("outcome recorded")
    return last

Journal.append = killable_append
lever = KillableLever(base_url=base_url, key=key, pace=Pace(rate=1e6, burst=1000), retries=0)
sys.exit(apply(run, approve=approve, lever=lever).exit_code)
'''
POINTS = (
    "before the intent",
    "intent on disk, not sent",
    "answered, not recorded",
    "answer recorded",
    "before the outcome",
    "outcome recorded",
    "before the seal",
)


def applying(
    run: Path, plan: Plan, emulated: Any, point: str = "", number: int = 0
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", KILLABLE, str(run), plan.short, emulated.base_url, emulated.api_key]
    return subprocess.Popen([*command, point, str(number)], stderr=subprocess.DEVNULL)


def killed(run: Path, plan: Plan, emulated: Any, point: str, number: int) -> bool:
    """Apply until the point is reached; return True if the process was killed there."""
    return applying(run, plan, emulated, point, number).wait(60) == -signal.SIGKILL


def recorded_once(run: Path, plan: Plan) -> bool:
    """Return True if each effective change is recorded exactly once."""
    bodies = [entry.body for entry in read(run / "journal.sqlite")]
    effective = Counter(body.op for body in bodies if isinstance(body, Outcome) and body.effective)
    return effective == Counter(range(len(plan.operations)))


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("point", POINTS[:4])
def test_killed_once_at_a_point_and_resumed(tmp_path: Path, point: str, number: int) -> None:
    with account(contacts=80) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        assert killed(tmp_path, plan, emulated, point, number)
        broken = status(Run.open(tmp_path))
        assert broken.state == "broken off"
        assert broken.counts["pending"] + broken.counts["unknown"] > 0
        assert sum(broken.counts.values()) == len(plan.operations)
        assert resumed(plan, tmp_path, lever).require().counts["done"] == len(plan.operations)
        assert tags_of(emulated) == wished(plan, before)
    assert recorded_once(tmp_path, plan)


def test_killed_at_every_point_one_after_the_other_and_rolled_back(tmp_path: Path) -> None:
    with account(contacts=400, seed=2) as (emulated, lever):
        start, before = emulated.state(), tags_of(emulated)
        plan = migration(emulated, lever)
        plan.write(tmp_path / "run")
        for point in POINTS:
            assert killed(tmp_path / "run", plan, emulated, point, 1), point
        assert applying(tmp_path / "run", plan, emulated).wait(60) == 0
        assert tags_of(emulated) == wished(plan, before)
        assert recorded_once(tmp_path / "run", plan)
        back = rollback(tmp_path / "run", tmp_path / "back")
        for point in POINTS:
            assert killed(tmp_path / "back", back, emulated, point, 1), point
        assert resumed(back, tmp_path / "back", lever).exit_code == 0
        assert emulated.state() == start


def test_killed_from_outside_while_the_server_works_on_requests(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        process = applying(tmp_path, plan, emulated)
        while tags_of(emulated) == before and process.poll() is None:
            emulated.configure(latency_ms=300)
        assert status(Run.open(tmp_path)).state.startswith("running: ")
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert [entry for entry in emulated.log() if entry["method"] == "POST" and entry["status"] is None]
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


def test_a_change_by_a_person_after_the_kill_is_not_undone_by_resuming(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        assert killed(tmp_path, plan, emulated, "answered, not recorded", 1)
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
