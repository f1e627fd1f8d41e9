"""Asking a run to stop: by time, by signal, by a refusal; the first reason stays."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from leverkit.errors import BrakeTripped
from leverkit.migration.stop import (
    DENIED,
    ERRORS,
    INTERRUPTED,
    ORPHANED,
    STOPPED,
    TIME_LIMIT,
    StopControl,
    kernel_parent,
    stop_on_signals,
)


def test_nobody_has_asked() -> None:
    assert StopControl().reason == ""


def test_the_time_limit_asks_when_it_is_reached() -> None:
    times = iter([10.0, 14.9, 15.0, 99.0])
    stop = StopControl(5, clock=lambda: next(times))
    assert [stop.reason, stop.reason, stop.reason] == ["", TIME_LIMIT, TIME_LIMIT]


def test_the_first_reason_and_its_error_stay() -> None:
    stop, error = StopControl(), ValueError("no")
    stop.request(DENIED, error)
    stop.request(INTERRUPTED)
    assert (stop.reason, stop.error) == (DENIED, error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_interrupts(number: signal.Signals) -> None:
    before, stop = signal.getsignal(number), StopControl()
    with stop_on_signals(stop):
        signal.raise_signal(number)
        assert stop.reason == INTERRUPTED
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(number) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    handlers: list[object] = []

    def look() -> None:
        with stop_on_signals(StopControl()):
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]


def test_five_failures_among_the_last_fifty_writes_ask_and_four_do_not() -> None:
    stop = StopControl()
    for well in [False] * 4 + [True] * 46:
        stop.record_write(well, "500")
    assert stop.reason == ""
    stop.record_write(True)  # the first failure is out of the window
    stop.record_write(False, "500 again")
    assert stop.reason == ""
    stop = StopControl()
    for well in [False] * 4 + [True] * 45 + [False]:
        stop.record_write(well, "500 again")
    assert stop.reason == ERRORS
    assert isinstance(stop.error, BrakeTripped)
    assert str(stop.error).startswith("5 of the last 50 writes failed; the latest: 500 again")


@pytest.mark.parametrize(
    ("note", "end"),
    [
        ("500 again", "500 again. The same command resumes"),
        ("no answer; run the same again.", "the same again"),
    ],
)
def test_too_many_failures_give_one_piece_of_advice(note: str, end: str) -> None:
    stop = StopControl()
    for _ in range(5):
        stop.record_write(False, note)
    assert str(stop.error).endswith(end)


def test_a_file_stops_and_a_file_pauses(tmp_path: Path) -> None:
    stop = StopControl(folder=tmp_path)
    assert (stop.paused, stop.reason) == (False, "")
    (tmp_path / "PAUSE").touch()
    assert (stop.paused, stop.reason) == (True, "")
    (tmp_path / "STOP").touch()
    assert (stop.paused, stop.reason) == (False, STOPPED)
    assert StopControl().paused is False


def test_a_changed_parent_asks() -> None:
    parents = iter([7, 7, 1])
    stop = StopControl(parent=lambda: next(parents))
    assert [stop.reason, stop.reason] == ["", ORPHANED]


def test_only_a_kernel_watches_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert kernel_parent() is None
    for shell, watched in ((None, None), (SimpleNamespace(), None), (SimpleNamespace(kernel=1), os.getppid)):
        fake = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", fake)
        assert kernel_parent() is watched


def test_a_signal_within_a_count_does_not_lock_the_run_up() -> None:
    stop = StopControl()
    with stop_on_signals(stop), stop._lock:
        signal.raise_signal(signal.SIGTERM)
    assert stop.reason == INTERRUPTED
