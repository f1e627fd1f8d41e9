"""Asking a run to stop: by time, by signal, by a refusal; the first reason stays."""

from __future__ import annotations

import signal
import threading

import pytest

from leverkit.halt import DENIED, INTERRUPTED, TIME_LIMIT, Halt, on_signals


def test_nobody_has_asked() -> None:
    assert Halt().reason == ""


def test_the_time_limit_asks_when_it_is_reached() -> None:
    times = iter([10.0, 14.9, 15.0, 99.0])
    halt = Halt(5, clock=lambda: next(times))
    assert [halt.reason, halt.reason, halt.reason] == ["", TIME_LIMIT, TIME_LIMIT]


def test_the_first_reason_and_its_error_stay() -> None:
    halt, error = Halt(), ValueError("no")
    halt.ask(DENIED, error)
    halt.ask(INTERRUPTED)
    assert (halt.reason, halt.error) == (DENIED, error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_interrupts(number: signal.Signals) -> None:
    before, halt = signal.getsignal(number), Halt()
    with on_signals(halt):
        signal.raise_signal(number)
        assert halt.reason == INTERRUPTED
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(number) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    handlers: list[object] = []

    def look() -> None:
        with on_signals(Halt()):
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]
