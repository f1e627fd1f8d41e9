"""An hour of requests in about a second: pace and back-off on a clock that moves only by sleeping."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from support.fake_time import Clock

from leverkit.api.auth import Secret
from leverkit.api.http import HttpSession
from leverkit.api.rate_limit import RECOVERY, SLOWER, Pace
from leverkit.api.requests.steps import Operation, Send
from leverkit.api.responses import Response

RATE, BURST = 9.8, 10
HOUR = 3600.0
RETRY_AFTER = 2.0
OK = Response(200, b"{}")
SCRIPTED = {
    "busy": Response(429, headers={"retry-after": f"{RETRY_AFTER:g}"}),
    "down": Response(503),
    "lost": Response(failure="no answer"),
}


class Lever(HttpSession):
    """A session whose responses are scripted by the number of the request; records the time of each."""

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

    def _attempt(self, send: Send, failures: int, ask: object = None) -> Operation[Response]:
        yield from ()  # nothing is sent
        self.times.append(self.clock_now())
        response_name = self.script.get(len(self.times), "")
        self.met[response_name] += 1
        if response_name == "busy":
            self.refusals.append(self.clock_now())
        return SCRIPTED[response_name] if response_name else OK

    def request(self) -> None:
        assert self.call("GET", "/tags", type=dict) == {}


def most_in_a_second(times: list[float]) -> int:
    """Return the most requests in any sliding second."""
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
        lever.request()
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
        lever.request()
    lever.close()
    assert lever.met == {"": turns, "busy": 50, "down": 50, "lost": 50}
    assert most_in_a_second(lever.times) <= RATE + BURST
    for refused in lever.refusals:
        assert not [at for at in lever.times if refused < at < refused + RETRY_AFTER]
    # After a 429 the pace is slower until it has recovered; a short wait after an error costs no turns.
    slowed = (1 - SLOWER) ** 2 / RECOVERY / 2
    unused = idle + 50 * (RETRY_AFTER + slowed)
    used = (turns + 150) / RATE / (clock() - 1000 - unused)
    assert 0.99 <= used <= 1.001
