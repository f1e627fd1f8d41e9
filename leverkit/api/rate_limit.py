"""Keep requests under Lever's limit: one pace for all threads, and processes, that share a key.

Lever allows 10 requests a second per key in steady state and bursts of up to 20
(https://hire.lever.co/developer/documentation, "Rate limits"), not guaranteed; so the
pace gives way when it is refused, and comes back slowly.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

PAGE = 100  # opportunities on one listing page
CONTACTS = 50  # ids in one request, 2.4 KB of query
WRITES = 40  # four seconds at Lever's 10 requests a second


PAUSE = 0.5  # seconds without a request after a refusal that names no time
SLOWER = 0.85  # what a refusal leaves of the rate
SLOWEST = 0.05  # share of the full rate below which refusals do not press it
RECOVERY = 0.005  # share of the full rate regained per second: a cut heals in half a minute


class Turns(NamedTuple):
    """Where the queue stands: times on the clock (seconds); `share` is what is left of the full rate."""

    next: float
    share: float = 1.0
    changed: float = float("-inf")
    refused_at: float = float("-inf")
    pause_end: float = float("-inf")
    refusals: float = 0.0

    def recovered(self, now: float) -> Turns:
        """Return the turns with what the rate has regained by now."""
        regained = RECOVERY * max(0.0, now - self.changed) if self.share < 1 else 0.0
        return self._replace(share=min(1.0, self.share + regained), changed=now)


class Ledger(Protocol):
    """Where turns are kept so that one user at a time can change them."""

    def update(self, step: Callable[[Turns], Turns]) -> Turns:
        """Put `step` of the turns in their place, and return it."""


class Own:
    """The turns of this process alone."""

    def __init__(self, turns: Turns) -> None:
        self._lock, self._turns = threading.Lock(), turns

    def update(self, step: Callable[[Turns], Turns]) -> Turns:
        """Put `step` of the turns in their place, and return it."""
        with self._lock:
            self._turns = step(self._turns)
            return self._turns


class Pace:
    """A queue at which each request waits for its turn (GCRA), first come, first served.

    `rate` is requests a second, `burst` how many unused turns may be kept for later. A new
    pace holds one turn only, because another host may just have emptied Lever's bucket.
    With a `ledger`, all who have the same one queue together, each at its own rate.
    """

    def __init__(
        self,
        rate: float = 9.8,
        burst: int = 10,
        *,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full, self._burst = rate, burst
        self._clock, self._sleep = clock, sleep
        self._ledger = ledger or Own(Turns(clock()))

    @property
    def rate(self) -> float:
        """Requests a second that are allowed now."""
        return self._full * self._now().share

    def wait(self) -> None:
        """Wait for a turn, and take it."""
        while True:
            delay, refusals = self._reserve()
            if delay > 0:
                self._sleep(delay)
            if delay <= 0 or refusals == self._now().refusals:
                return  # a refusal meanwhile calls all waiting turns off

    def give_back(self) -> None:
        """Return a turn that was taken and not used."""
        self._ledger.update(lambda turns: turns._replace(next=turns.next - self._gap(turns)))

    def refused(self, retry_after: float | None = None) -> None:
        """Slow down after a 429: pause, and lower the rate at most once a second."""

        def step(turns: Turns) -> Turns:
            now = self._clock()
            turns = turns.recovered(now)
            if now - turns.refused_at >= 1:
                turns = turns._replace(share=max(turns.share * SLOWER, SLOWEST), refused_at=now)
            end = max(turns.pause_end, now + (PAUSE if retry_after is None else retry_after))
            return turns._replace(pause_end=end, next=end, refusals=turns.refusals + 1)

        self._ledger.update(step)

    def _reserve(self) -> tuple[float, float]:
        delay = 0.0

        def step(turns: Turns) -> Turns:
            nonlocal delay
            now = self._clock()
            turns = turns.recovered(now)
            gap = self._gap(turns)
            turn = max(turns.next, now - (self._burst - 1) * gap)
            delay = turn - now
            return turns._replace(next=turn + gap)

        refusals = self._ledger.update(step).refusals
        return delay, refusals

    def _gap(self, turns: Turns) -> float:
        return 1 / (self._full * turns.share)

    def _now(self) -> Turns:
        return self._ledger.update(lambda turns: turns)
