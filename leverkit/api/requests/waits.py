"""Reports of waits for Lever: a line now and then, so that nobody mistakes a wait for a hang."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from leverkit.api.responses import Response

REPORTED_WAIT = 3.0  # seconds of waiting from which a wait is reported
BETWEEN_NOTICES = 10.0  # seconds between two reports
PATIENCE = 300.0  # seconds of nothing but 429 after which a request gives up


class WaitNotices:
    """Where all threads of a client report their waits; prints a notice now and then, until a success."""

    def __init__(
        self, show: Callable[[str], None] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show, self._clock = show or _show_line, clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._last_notice = float("-inf")

    def start(self, why: str, seconds: float) -> None:
        """Note that a request waits so many seconds before its retry."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            waited = now - self._since
            if waited + seconds < REPORTED_WAIT or now - self._last_notice < BETWEEN_NOTICES:
                return
            self._last_notice = now
        so_far = f", {waited:.0f} s so far" if waited >= 1 else ""
        self._show(f"{why}: waiting {seconds:.0f} s before the next try{so_far}")

    def stop(self) -> None:
        """Note that a request succeeded."""
        if self._since is not None:  # read without the lock, as nearly every request has nothing to stop
            with self._lock:
                self._since = None


def _show_line(text: str) -> None:
    """Write a line to stderr; on a terminal it replaces the progress, which is drawn again below it."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)


def why(response: Response) -> str:
    """Return why a request is sent again."""
    if response.status is None:
        return f"no answer from Lever ({response.failure.rstrip('.')})"
    if response.status == 429:
        return f"Lever refuses with 429, too many requests (for {PATIENCE / 60:.0f} minutes at most)"
    return f"Lever answers {response.status}" + (", unreadably" if response.status < 300 else "")
