"""Why a run should wait, or end before its end: a person, a time limit, a refusal, too many failures.

Asking is all that happens here: the run finishes what is in flight, seals its journal, and ends.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from leverkit.errors import BrakeTripped

INTERRUPTED = "interrupted"
TIME_LIMIT = "stopped by --max-duration"
DENIED = "denied"
ERRORS = "stopped by too many failures"
ORPHANED = "stopped, because whoever started this kernel has died"
PAUSE, STOP = "PAUSE", "STOP"  # files that a person puts into the run folder
STOPPED = f"stopped by the file {STOP} in the run folder; remove it to go on"
PAUSED = f"waiting while the file {PAUSE} is in the run folder"
FAILURES, OF_THE_LAST = 5, 50


class Halt:
    """A request to stop, made once; the first reason stays.

    `folder` may hold the files PAUSE and STOP. `parent` tells the process that started this one;
    when it changes, nobody would see what the run does, so it stops. Threads may share it.
    """

    def __init__(
        self,
        max_seconds: float | None = None,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        parent: Callable[[], int] | None = None,
    ) -> None:
        self._clock, self._folder, self._parent = clock, folder, parent
        self._deadline = None if max_seconds is None else clock() + max_seconds
        self._started_by = parent() if parent else 0
        self._lock = threading.RLock()  # a signal may ask while its own thread holds it
        self._answers = deque[bool](maxlen=OF_THE_LAST)
        self._reason = ""
        self.error: Exception | None = None

    def ask(self, reason: str, error: Exception | None = None) -> None:
        """Ask the run to stop."""
        with self._lock:
            if not self._reason:
                self._reason, self.error = reason, error

    def heard(self, well: bool, note: str = "") -> None:
        """Count how a write went; too many failures among the last ones ask the run to stop."""
        with self._lock:
            self._answers.append(well)
            failed = self._answers.count(False)
            heard = len(self._answers)
        if failed >= FAILURES:
            advice = "" if "run the same again" in note else ". The same command resumes"
            text = f"{failed} of the last {heard} writes failed; the latest: {note.rstrip('.')}{advice}"
            self.ask(ERRORS, BrakeTripped(text))

    @property
    def reason(self) -> str:
        """Return why the run should stop now; empty while it may go on."""
        if self._deadline is not None and self._clock() >= self._deadline:
            self.ask(TIME_LIMIT)
        if self._has(STOP):
            self.ask(STOPPED)
        if self._parent and self._parent() != self._started_by:
            self.ask(ORPHANED)
        return self._reason

    @property
    def paused(self) -> bool:
        """Say whether the run should wait before it writes on."""
        return self._has(PAUSE) and not self.reason

    def _has(self, name: str) -> bool:
        return self._folder is not None and (self._folder / name).exists()


def kernel_parent() -> Callable[[], int] | None:
    """Return how to ask for the starter of this process in a Jupyter kernel; None elsewhere.

    A kernel whose server was killed lives on where its own watch fails (containers: its new parent
    is not process 1). A command in a shell may outlive the shell on purpose (nohup).
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return os.getppid if hasattr(shell, "kernel") else None


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
