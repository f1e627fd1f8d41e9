"""Keep requests under Lever's limits: all limits, and one pace for all threads and processes of a key.

Lever allows 10 requests per second and key in steady state and bursts of up to 20
(https://hire.lever.co/developer/documentation, "Rate limits"), but guarantees neither. So the pace slows
down after a refusal and recovers slowly.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

LEVER_RATE = 10  # requests per second that Lever allows a key
RATE = 9.8  # requests per second that we send
BURST = 10  # unused turns that may be kept for later
PAGE = 100  # opportunities on one listing page
CONTACTS = 50  # contact ids in one request: 2.4 kB of query; Lever documents no limit
WRITES = 40  # four seconds at Lever's 10 requests per second

PAUSE = 0.5  # seconds without a request after a refusal that names no time
SLOWER = 0.85  # factor by which a refusal lowers the rate
SLOWEST = 0.05  # share of the full rate below which refusals do not lower it
RECOVERY = 0.005  # share of the full rate regained per second: one refusal is forgotten in half a minute


def minutes_of(requests: int) -> float:
    """Return the minutes that so many requests take at Lever's rate, rounded up to a tenth."""
    return math.ceil(requests / (6 * LEVER_RATE)) / 10


class RateState(NamedTuple):
    """The state of the queue: times in seconds on its clock; `share` is what is left of the full rate."""

    next: float
    share: float = 1.0
    changed: float = float("-inf")
    refused_at: float = float("-inf")
    pause_end: float = float("-inf")
    refusals: float = 0.0

    def recovered(self, now: float) -> RateState:
        """Return the state with what the rate has regained by now."""
        regained = RECOVERY * max(0.0, now - self.changed) if self.share < 1 else 0.0
        return self._replace(share=min(1.0, self.share + regained), changed=now)


class RateBudget(Protocol):
    """Where the state is kept, so that one user at a time can change it."""

    def update(self, step: Callable[[RateState], RateState]) -> RateState:
        """Replace the state by `step` of it, and return the new one."""


class InMemoryRateState:
    """The budget of this process alone."""

    def __init__(self, state: RateState) -> None:
        self._lock, self._state = threading.Lock(), state

    def update(self, step: Callable[[RateState], RateState]) -> RateState:
        """Replace the state by `step` of it, and return the new one."""
        with self._lock:
            self._state = step(self._state)
            return self._state


class Pace:
    """A queue at which each request waits for its turn (GCRA), first come, first served.

    `rate` is requests per second, `burst` how many unused turns may be kept for later. A new
    pace holds one turn only, because another host may just have used up Lever's burst.
    Paces with the same `budget` share one queue, each at its own rate.
    """

    def __init__(
        self,
        rate: float = RATE,
        burst: int = BURST,
        *,
        budget: RateBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full, self._burst = rate, burst
        self._clock, self._sleep = clock, sleep
        self._budget = budget or InMemoryRateState(RateState(clock()))

    @property
    def rate(self) -> float:
        """Return the requests per second that are allowed now."""
        return self._full * self._now().share

    def wait(self) -> None:
        """Wait for a turn, and take it."""
        for seconds in self.turn():
            self._sleep(seconds)

    def turn(self) -> Iterator[float]:
        """Take a turn: yield the seconds to wait for it; it is taken when nothing more comes.

        The budget may be a file that other processes lock, so `next` may block.
        """
        while True:
            delay, refusals = self._reserve()
            if delay > 0:
                yield delay
            if delay <= 0 or refusals == self._now().refusals:
                return  # a refusal meanwhile cancels all turns that were waited for

    def give_back(self) -> None:
        """Return a turn that was taken and not used."""
        self._budget.update(lambda state: state._replace(next=state.next - self._gap(state)))

    def refused(self, retry_after: float | None = None) -> None:
        """Slow down after a 429: pause, and lower the rate at most once per second."""

        def step(state: RateState) -> RateState:
            now = self._clock()
            state = state.recovered(now)
            if now - state.refused_at >= 1:
                state = state._replace(share=max(state.share * SLOWER, SLOWEST), refused_at=now)
            end = max(state.pause_end, now + (PAUSE if retry_after is None else retry_after))
            return state._replace(pause_end=end, next=end, refusals=state.refusals + 1)

        self._budget.update(step)

    def _reserve(self) -> tuple[float, float]:
        """Reserve the next turn; return the seconds until then, and the number of refusals so far."""
        delay = 0.0

        def step(state: RateState) -> RateState:
            nonlocal delay
            now = self._clock()
            state = state.recovered(now)
            gap = self._gap(state)
            turn = max(state.next, now - (self._burst - 1) * gap)
            delay = turn - now
            return state._replace(next=turn + gap)

        refusals = self._budget.update(step).refusals
        return delay, refusals

    def _gap(self, state: RateState) -> float:
        return 1 / (self._full * state.share)

    def _now(self) -> RateState:
        return self._budget.update(lambda state: state)
