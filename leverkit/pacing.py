"""Keep requests under Lever's limit: one pace for all threads that share a key.

Lever allows 10 requests a second per key in steady state and bursts of up to 20
(https://hire.lever.co/developer/documentation, "Rate limits"), not guaranteed; so the
pace gives way when it is refused, and comes back slowly.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PAUSE = 0.5  # seconds without a request after a refusal that names no time
SLOWER = 0.85  # what a refusal leaves of the rate
RECOVERY = 0.005  # share of the full rate regained per second: a cut heals in half a minute


class Pace:
    """A queue at which each request waits for its turn (GCRA), first come, first served.

    `rate` is requests a second, `burst` how many unused turns may be kept for later. A new
    pace holds one turn only, because an earlier process may just have emptied Lever's bucket.
    """

    def __init__(
        self,
        rate: float = 9.8,
        burst: int = 10,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full, self._rate, self._burst = rate, rate, burst
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = self._changed = clock()
        self._refused_at = self._pause_end = float("-inf")
        self._refusals = 0

    @property
    def rate(self) -> float:
        """Requests a second that are allowed now."""
        return self._rate

    def wait(self) -> None:
        """Wait for a turn, and take it."""
        while True:
            delay, refusals = self._reserve()
            if delay > 0:
                self._sleep(delay)
            if refusals == self._refusals:  # a refusal meanwhile calls all waiting turns off
                return

    def give_back(self) -> None:
        """Return a turn that was taken and not used."""
        with self._lock:
            self._next -= 1 / self._rate

    def refused(self, retry_after: float | None = None) -> None:
        """Slow down after a 429: pause, and lower the rate at most once a second."""
        with self._lock:
            now = self._clock()
            self._recover(now)
            if now - self._refused_at >= 1:
                self._rate = max(self._rate * SLOWER, self._full / 20)
                self._refused_at = now
            self._pause_end = max(self._pause_end, now + (PAUSE if retry_after is None else retry_after))
            self._next = self._pause_end
            self._refusals += 1

    def _reserve(self) -> tuple[float, int]:
        with self._lock:
            now = self._clock()
            self._recover(now)
            turn = max(self._next, now - (self._burst - 1) / self._rate)
            self._next = turn + 1 / self._rate
            return turn - now, self._refusals

    def _recover(self, now: float) -> None:
        self._rate = min(self._full, self._rate + self._full * RECOVERY * (now - self._changed))
        self._changed = now
