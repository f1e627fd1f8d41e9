"""An hour of asking in about a second: pace and back-off on a clock that only moves when someone sleeps."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from support.fake_time import Clock

from leverkit.api.auth import Secret
from leverkit.api.http import HttpSession
from leverkit.api.rate_limit import RECOVERY, SLOWER, Pace
from leverkit.api.responses import Response

RATE, BURST = 9.8, 10
HOUR = 3600.0
RETRY_AFTER = 2.0
OK = Response(200, b"{}")
TROUBLES = {
    "busy": Response(429, headers={"retry-after": f"{RETRY_AFTER:g}"}),
    "down": Response(503),
    "lost": Response(failure="no answer"),
}


class Lever(HttpSession):
    """A session whose other end is a script: the n-th request gets the n-th answer, the time is noted."""

    def __init__(self, clock: Clock, script: Mapping[int, str]) -> None:
        pace = Pace(RATE, BURST, clock=clock, sleep=clock.sleep)
        super().__init__(
            "http://127.0.0.1:9/v1",
            Secret("key"),
            scheme="basic",
            pace=pace,
            retries=5,
            timeout=1,
            transport=None,
            clock=clock,
            sleep=clock.sleep,
            random=random.Random(7).random,
        )
        self.clock_now, self.script = clock, script
        self.times: list[float] = []
        self.met: Counter[str] = Counter()
        self.refusals: list[float] = []

    def _attempt(self, method: str, path: str, params: Any, body: object) -> Response:
        self.times.append(self.clock_now())
        self._answered.set()
        trouble = self.script.get(len(self.times), "")
        self.met[trouble] += 1
        if trouble == "busy":
            self.refusals.append(self.clock_now())
        return TROUBLES[trouble] if trouble else OK

    def ask(self) -> None:
        assert self.call("GET", "/tags", type=dict) == {}


def most_in_a_second(times: list[float]) -> int:
    """The most requests that any sliding second saw."""
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_an_undisturbed_hour_uses_the_budget_and_no_more() -> None:
    clock, turns = Clock(), round(HOUR * RATE)
    lever = Lever(clock, {})
    for _ in range(turns):
        lever.ask()
    assert clock() - 1000 == pytest.approx(HOUR, rel=0.001)
    assert most_in_a_second(lever.times) <= RATE + 1
    lever.close()


def test_an_hour_with_refusals_errors_and_pauses_loses_only_what_they_cost() -> None:
    clock, turns = Clock(), round(HOUR * RATE)
    places = random.Random(11).sample(range(1, turns), 150)
    script = dict(zip(places, ["busy"] * 50 + ["down"] * 50 + ["lost"] * 50, strict=True))
    lever, idle = Lever(clock, script), 0.0
    for turn in range(turns):
        if turn % 5000 == 4999:
            clock.sleep(60.0)  # the file PAUSE
            idle += 60.0
        lever.ask()
    lever.close()
    assert lever.met == {"": turns, "busy": 50, "down": 50, "lost": 50}
    assert most_in_a_second(lever.times) <= RATE + BURST
    for refused in lever.refusals:
        assert not [at for at in lever.times if refused < at < refused + RETRY_AFTER]
    # A cut costs turns until it has healed; a short wait after an error costs none: its turns are saved.
    slowed = (1 - SLOWER) ** 2 / RECOVERY / 2
    lost = idle + 50 * (RETRY_AFTER + slowed)
    used = (turns + 150) / RATE / (clock() - 1000 - lost)
    assert 0.99 <= used <= 1.001
