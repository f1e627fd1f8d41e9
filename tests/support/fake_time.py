"""A clock for tests."""

from __future__ import annotations

import threading


class Clock:
    """A clock that moves only by sleeping; safe for several threads. Seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.now += seconds
