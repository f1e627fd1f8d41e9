"""The clocks of a run: how old a reading is, how the run sleeps, and when it reads again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

REREAD_AFTER = (0.5, 1.0, 2.0, 4.0)  # seconds; Lever may show a write a moment later


class Instant(NamedTuple):
    """A moment on two clocks, in seconds: the monotonic one, and wall-clock time."""

    steady: float
    wall: float


@dataclass(frozen=True)
class Times:
    """The clocks of a run, how it sleeps, and the waits before a missing effect is read again (seconds)."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    reread_after: tuple[float, ...] = REREAD_AFTER
    wall: Callable[[], float] = time.time

    def now(self) -> Instant:
        """Return this moment."""
        return Instant(self.clock(), self.wall())

    def since(self, then: Instant) -> float:
        """Return the seconds since then, by the clock that shows more.

        A monotonic clock may stand still while the machine sleeps, and wall-clock time may be set back.
        """
        now = self.now()
        return max(now.steady - then.steady, now.wall - then.wall)

    def asleep(self, since: Instant) -> float:
        """Return the seconds since then that the machine slept, or its wall-clock time was set ahead."""
        now = self.now()
        return now.wall - since.wall - (now.steady - since.steady)
