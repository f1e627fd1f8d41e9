"""The pace of all requests, on a clock that moves only when something sleeps."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_time import Clock

from leverkit.api.rate_limit import Pace


def pace_on(clock: Clock, rate: float = 10, burst: int = 10) -> Pace:
    return Pace(rate, burst, clock=clock, sleep=clock.sleep)


def turns(pace: Pace, clock: Clock, count: int) -> list[float]:
    times = []
    for _ in range(count):
        pace.wait()
        times.append(clock.now)
    return times


def test_turns_come_at_the_rate() -> None:
    clock = Clock(100.0)
    assert turns(pace_on(clock), clock, 4) == pytest.approx([100.0, 100.1, 100.2, 100.3])


def test_a_new_pace_holds_only_one_turn() -> None:
    clock = Clock(100.0)
    assert len({round(at, 6) for at in turns(pace_on(clock), clock, 5)}) == 5


def test_unused_turns_are_kept_up_to_the_burst() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock, burst=10)
    clock.now += 60
    times = turns(pace, clock, 12)
    assert times[:10] == [160.0] * 10
    assert times[10] == pytest.approx(160.1)


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 15))
def test_no_second_sees_more_than_rate_and_burst(pauses: list[float], burst: int) -> None:
    clock = Clock(100.0)
    pace = pace_on(clock, 10, burst)
    times = []
    for pause in pauses:
        clock.now += pause
        times += turns(pace, clock, 3)
    for start in times:
        assert sum(start <= at < start + 1 - 1e-6 for at in times) <= 10 + burst


def test_a_turn_given_back_is_available_at_once() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    pace.wait()
    pace.give_back()
    pace.wait()
    assert clock.now == 100.0


def test_a_refusal_pauses_and_slows_down_once_a_second() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    pace.wait()
    for _ in range(5):
        pace.refused()
    assert pace.rate == pytest.approx(8.5)
    assert turns(pace, clock, 1) == [100.5]


def test_later_refusals_slow_down_further_but_never_to_zero() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    for _ in range(200):
        pace.refused()
        clock.now += 1
    assert 0.5 <= pace.rate < 1


def test_retry_after_sets_the_pause() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    pace.refused(retry_after=7)
    pace.refused()
    assert turns(pace, clock, 1) == [107.0]


def test_the_rate_comes_back_slowly() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    pace.refused()
    clock.now += 10
    pace.wait()
    assert pace.rate == pytest.approx(9.0)
    clock.now += 60
    pace.wait()
    assert pace.rate == 10


def test_a_refusal_cancels_turns_that_are_waited_for() -> None:
    clock = Clock(100.0)
    pace: Pace

    def sleep_refused(seconds: float) -> None:
        clock.now += seconds
        if clock.now < 101:
            pace.refused(retry_after=5)

    pace = Pace(10, 10, clock=clock, sleep=sleep_refused)
    pace.wait()
    pace.wait()
    assert clock.now == pytest.approx(105.1)


def test_threads_share_one_pace() -> None:
    clock = Clock(100.0)
    pace = pace_on(clock)
    taken: list[int] = []

    def take() -> None:
        for _ in range(50):
            pace.wait()
            taken.append(1)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 400
    assert clock.now >= 100 + 39.8
