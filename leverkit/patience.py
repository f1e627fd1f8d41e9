"""Tell a person of waits for Lever, which may take minutes: why, for how long, and since when."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

WORTH = 3.0  # seconds of waiting that are worth a word
BETWEEN = 10.0  # seconds between two words


class Waits:
    """What all threads of a client report their waits to; says so now and then, until a request succeeds."""

    def __init__(
        self, say: Callable[[str], None] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say or _line, clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._said = float("-inf")

    def begin(self, why: str, seconds: float) -> None:
        """Note that a request waits so long before it is repeated."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            waited = now - self._since
            if waited + seconds < WORTH or now - self._said < BETWEEN:
                return
            self._said = now
        so_far = f", {waited:.0f} s so far" if waited >= 1 else ""
        self._say(f"{why}: waiting {seconds:.0f} s before the next try{so_far}")

    def over(self) -> None:
        """Note that a request succeeded."""
        if self._since is not None:  # asked without the lock, as nearly every request finds nothing to do
            with self._lock:
                self._since = None


def _line(text: str) -> None:
    """Write a line, on a terminal in place of the progress, which is shown anew below it."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)
