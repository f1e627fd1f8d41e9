"""All processes that use a key share one queue: together they keep the budget, and use it (R7)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_dir

from leverkit.api.auth import Secret
from leverkit.api.rate_limit import Pace, RateState
from leverkit.api.shared_rate_limit import FileRateState, shared_budget
from leverkit.emulator import Running, running
from leverkit.settings import Settings, connect

RATE, BURST = 9.8, 10  # the defaults of `connect`; Lever's own bucket holds 20
READER = """
import sys, threading
from leverkit.settings import connect
with connect() as lever:
    def read():
        for _ in range(int(sys.argv[1])):
            lever.page("/stages", type=object, limit=1)
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def unchanged(state: RateState) -> RateState:
    return state


def read_by(processes: int, requests: int, account: Running, cache: Path) -> list[dict[str, Any]]:
    """Send so many requests in all from so many processes of four threads; return the server's log."""
    environ = os.environ | {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
    command = [sys.executable, "-c", READER, str(requests // processes // 4)]
    running = [
        subprocess.Popen(command, env=environ | {"XDG_CACHE_HOME": str(cache)}) for _ in range(processes)
    ]
    assert [process.wait(120) for process in running] == [0] * processes
    return account.log()


def most_in_a_second(log: list[dict[str, Any]]) -> int:
    """Return the most requests that the server saw in any second that begins with a request."""
    times = sorted(entry["at"] for entry in log)
    return max(bisect_left(times, start + 1) - number for number, start in enumerate(times))


def used(log: list[dict[str, Any]], rate: float) -> float:
    """Return the share of the budget that was used between the first request and the last."""
    times = sorted(entry["at"] for entry in log)
    return (len(times) - 1) / (times[-1] - times[0]) / rate


@pytest.mark.parametrize("processes", [1, 4])
def test_processes_keep_the_budget_together_and_use_it(tmp_path: Path, processes: int) -> None:
    with running(contacts=3) as account:
        log = read_by(processes, 48, account, tmp_path)
    assert len(log) == 48
    assert {entry["status"] for entry in log} == {200}
    assert most_in_a_second(log) <= RATE + BURST
    assert used(log, RATE) >= 0.9


@pytest.mark.soak
@pytest.mark.parametrize("processes", [1, 4, 8])
def test_many_processes_keep_the_budget_for_a_minute_and_use_it(tmp_path: Path, processes: int) -> None:
    with running(contacts=3) as account:
        log = read_by(processes, 576, account, tmp_path)
    most, share = most_in_a_second(log), used(log, RATE)
    summary = f"{processes} processes, {len(log)} requests: at most {most} in a second"
    print(f"{summary}, {share:.1%} of {RATE}/s used")
    assert {entry["status"] for entry in log} == {200}
    assert most <= RATE + BURST
    assert share >= 0.95


def test_a_budget_file_belongs_to_one_key_and_does_not_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for key, url in (("canary-77", "http://a/v1"), ("canary-77", "http://a/v1"), ("other-77", "http://a/v1")):
        assert shared_budget(url, Secret(key)) is not None
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert not any(path.name[-2:] == "77" or b"canary" in path.read_bytes() for path in files)


def test_the_tests_use_a_temporary_cache_folder() -> None:
    assert Path(user_cache_dir("leverkit")).is_relative_to(tempfile.gettempdir())


def test_connections_with_one_key_share_its_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = Settings(base_url="http://127.0.0.1:9/v1", key=Secret("k"))
    with connect(settings=settings) as first, connect(settings=settings) as second:
        first.pace.refused(retry_after=60)
        assert second.pace.rate == pytest.approx(9.8 * 0.85)


def test_threads_and_openings_exclude_each_other(tmp_path: Path) -> None:
    budgets = [FileRateState(tmp_path / "pace") for _ in range(4)]
    begin = budgets[0].update(unchanged).refusals

    def one_more(state: RateState) -> RateState:
        time.sleep(1e-4)  # lets the others in, if nothing excludes them
        return state._replace(refusals=state.refusals + 1)

    def count(budget: FileRateState) -> None:
        for _ in range(50):
            budget.update(one_more)

    threads = [threading.Thread(target=count, args=(budget,)) for budget in budgets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budgets[0].update(unchanged).refusals == begin + 200


def test_a_state_from_before_a_restart_or_a_torn_one_delays_nobody(tmp_path: Path) -> None:
    path = tmp_path / "pace"
    FileRateState(path, clock=lambda: 9e5, epoch=lambda: 1e9).update(lambda state: state._replace(next=1e6))
    assert FileRateState(path, clock=lambda: 9e5, epoch=lambda: 1e9).update(unchanged).next == 1e6
    assert FileRateState(path, clock=lambda: 50.0, epoch=lambda: 1e9 + 100).update(unchanged).next == 50.0
    path.write_bytes(b"torn")
    assert FileRateState(path, clock=lambda: 50.0, epoch=lambda: 1e9).update(unchanged) == RateState(50.0)


def test_a_state_whose_folder_was_deleted_begins_anew(tmp_path: Path) -> None:
    budget = FileRateState(tmp_path / "cache" / "pace")
    (tmp_path / "cache" / "pace").unlink()
    (tmp_path / "cache").rmdir()
    pace = Pace(1e6, budget=budget)
    pace.wait()
    assert (tmp_path / "cache" / "pace").exists()


def test_where_no_budget_can_be_kept_each_process_has_its_own_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert shared_budget("http://a/v1", Secret("k")) is None
