"""Why a run should end before its end: a signal, a time limit, a refusal of the key.

Asking is all that happens here: the run finishes what is in flight, seals its journal, and ends.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = "interrupted"
TIME_LIMIT = "stopped by --max-seconds"
DENIED = "denied"


class Halt:
    """A request to stop, made once; the first reason stays."""

    def __init__(
        self, max_seconds: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._deadline = None if max_seconds is None else clock() + max_seconds
        self._reason = ""
        self.error: Exception | None = None

    def ask(self, reason: str, error: Exception | None = None) -> None:
        """Ask the run to stop."""
        if not self._reason:
            self._reason, self.error = reason, error

    @property
    def reason(self) -> str:
        """Return why the run should stop now; empty while it may go on."""
        if self._deadline is not None and self._clock() >= self._deadline:
            self.ask(TIME_LIMIT)
        return self._reason


@contextmanager
def on_signals(halt: Halt) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the second one interrupts at once.

    Signals reach the main thread only; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    received = itertools.count()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if next(received):
            raise KeyboardInterrupt
        halt.ask(INTERRUPTED)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
