"""What pauses or stops a run while it writes: failures, files, the death of its parent process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import (
    AT_ONCE,
    account,
    carried_out,
    hooked,
    migration,
    opened,
    resumed,
    tags_of,
    wished,
)

from leverkit.errors import BrakeTripped
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.migration.stop import ERRORS, ORPHANED, PAUSED, STOPPED
from leverkit.migration.times import Times
from leverkit.planning.plan import Plan

KERNEL = """
import sys
from types import SimpleNamespace
sys.modules["IPython"] = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
from leverkit.migration.apply import apply
from leverkit.report import progress
progress._screen = lambda: progress.Log(sys.stderr)
sys.modules["IPython"] = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
from leverkit.api.client import Lever
from leverkit.api.rate_limit import Pace
run, approve, base_url, key = sys.argv[1:]
apply(run, approve=approve, lever=Lever(base_url=base_url, key=key, pace=Pace(rate=1e6, burst=1000)))
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
print("started", flush=True)
time.sleep(600)
"""


def posts(emulated: Any) -> int:
    return sum(entry["method"] == "POST" for entry in emulated.log())


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("status", {"status": 400}),
        ("status", {"status": 500}),
        ("reset", {}),
        ("ignored", {}),
    ],
)
def test_five_failures_stop_the_run_and_it_resumes(
    tmp_path: Path, fault: str, options: dict[str, Any]
) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        set_fault = emulated.fault(fault, method="POST", skip=20, times=None, **options)
        with pytest.raises(BrakeTripped, match=r"of the last \d+ writes failed; the latest: "):
            carried_out(plan, tmp_path, lever)
        assert set_fault.fired >= 5
        assert posts(emulated) < plan.counts["opportunities"]
        halted = status(Run.open(tmp_path))
        assert (halted.state, halted.counts["unknown"], halted.counts["pending"] > 0) == (ERRORS, 0, True)
        emulated.clear_faults()
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_stop_file_ends_the_run_and_stands_until_it_is_removed(tmp_path: Path) -> None:
    calls: list[str] = []

    def stop(_: str, opportunity: str) -> None:
        calls.append(opportunity)
        if len(calls) == 5:
            (tmp_path / "STOP").touch()

    with account(contacts=300) as (emulated, lever), opened(emulated, kind=hooked(stop)) as hit:
        before, plan = tags_of(emulated), migration(emulated, lever)
        stopped = carried_out(plan, tmp_path, hit)
        assert (stopped.state, stopped.exit_code, stopped.counts["unknown"]) == (STOPPED, 8, 0)
        assert 5 <= stopped.counts["done"] < stopped.planned
        assert resumed(plan, tmp_path, lever).state == STOPPED == status(Run.open(tmp_path)).state
        (tmp_path / "STOP").unlink()
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_pause_file_holds_the_run_says_so_and_lets_it_go_on(tmp_path: Path) -> None:
    seen: list[tuple[int, str]] = []

    def wait(_: float) -> None:
        seen.append((posts(emulated), status(Run.open(tmp_path)).state))
        if len(seen) == 3:
            (tmp_path / "PAUSE").unlink()

    with account(contacts=60) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        (tmp_path / "PAUSE").touch()
        done = carried_out(plan, tmp_path, lever, times=Times(sleep=wait, reread_after=AT_ONCE.reread_after))
        assert [number for number, _ in seen[:3]] == [0, 0, 0]
        assert all(state.startswith(f"{PAUSED}: ") for _, state in seen[:3])
        assert done.exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_what_people_do_during_a_pause_is_seen_after_it(tmp_path: Path) -> None:
    with account(contacts=60) as (emulated, lever):
        plan = migration(emulated, lever)
        target = plan.operations[0]

        def wait(_: float) -> None:
            emulated.add_tags(target.opportunity, [target.tag])
            (tmp_path / "PAUSE").unlink(missing_ok=True)

        (tmp_path / "PAUSE").touch()
        done = carried_out(plan, tmp_path, lever, times=Times(sleep=wait, reread_after=(0.0,)))
    assert {ended.operation: ended.outcome for ended in done.results}[target] == "no_op"


def orphaned(run: Path, plan: Plan, emulated: Any) -> None:
    """Start a process that starts a kernel which applies; kill the parent while the kernel writes."""
    arguments = [KERNEL, str(run), plan.short, emulated.base_url, emulated.api_key]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        while not posts(emulated):
            assert parent.poll() is None
        parent.send_signal(signal.SIGKILL)


def test_a_kernel_whose_starter_was_killed_stops_writing(tmp_path: Path) -> None:
    with account(contacts=300, latency=20) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        plan.write(tmp_path)
        orphaned(tmp_path, plan, emulated)
        alive = threading.Event()
        while status(Run.open(tmp_path)).state.startswith("running"):
            assert not alive.wait(0.05)
        ended = status(Run.open(tmp_path))
        assert (ended.state, ended.exit_code, ended.counts["unknown"]) == (ORPHANED, 8, 0)
        assert ended.counts["done"] < ended.planned
        # The orphan seals its journal a moment before it lets go of the locks.
        assert resumed(plan, tmp_path, lever, wait=30).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)
