"""Why a run should pause or stop early: a person, a time limit, a denied key, too many failures.

A stop is only requested here: the run finishes what is in flight, closes its journal's session, and ends.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from leverkit.api.responses import PERFORM_AS, needs_performer
from leverkit.errors import ApiError, BrakeTripped, Locked, UsageError
from leverkit.report.text import count

INTERRUPTED = "interrupted"
TIME_LIMIT = "stopped by --max-duration"
DENIED = "denied"
NO_PERFORMER = f"stopped, because this account takes tags only in a user's name; {PERFORM_AS}"
SECOND_WRITER = "stopped: somebody else seems to be applying the same plan"
ERRORS = "stopped by too many failures"
ORPHANED = "stopped: the process that started this kernel has died"
PAUSE, STOP = "PAUSE", "STOP"  # files that a person puts into the run folder
STOPPED = f"stopped by the file {STOP} in the run folder; remove it to go on"
PAUSED = f"waiting while the file {PAUSE} is in the run folder"
FAILURES, OF_THE_LAST = 5, 50
SEVERAL, WITHIN_MS = 3, 60_000  # opportunities on which somebody else did within a minute what is planned
_FOREIGN = (
    f"on {SEVERAL} or more opportunities operations of this plan were done by others within a minute. "
    "Another user, another machine or a copy of this run folder may be at work. "
    "Nothing of theirs was changed. Wait until they have finished; then the same command resumes"
)
_TAKEN_BACK = (
    f"the run may have been taken back already: on {SEVERAL} or more opportunities that was done by others "
    "within a minute. If it was another user or a copy of the run folder, tags that are there again since "
    "are a person's, and no file here tells that. `leverkit verify` of the run notes what was taken back. "
    "Then plan the rollback again, and read what is left"
)


class StopControl:
    """Whether a run should pause or stop; the first reason to stop stays. Threads may share it.

    `folder` may hold the files PAUSE and STOP. `parent` returns the id of the parent process; once it
    changes, nobody sees what the run does, so it stops. `max_seconds` are measured by `clock`.
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
        self._lock = threading.RLock()  # reentrant: a signal handler may run in the thread that holds it
        self._succeeded = deque[bool](maxlen=OF_THE_LAST)
        self._foreign = list[int]()
        self._reason = ""
        self.error: Exception | None = None

    def request(self, reason: str, error: Exception | None = None) -> None:
        """Request a stop for a reason, with the error to raise; a later request changes nothing."""
        with self._lock:
            if not self._reason:
                self._reason, self.error = reason, error

    def record_write(self, succeeded: bool, note: str = "") -> None:
        """Record whether a write succeeded; too many failures among the last writes request a stop."""
        with self._lock:
            self._succeeded.append(succeeded)
            failed = self._succeeded.count(False)
            recorded = len(self._succeeded)
        if failed >= FAILURES:
            advice = "" if "run the same again" in note else ". The same command resumes"
            last = count(recorded, "write")
            text = f"{failed} of the last {last} failed; the latest: {note.rstrip('.')}{advice}"
            self.request(ERRORS, BrakeTripped(text))

    def deny(self, error: ApiError) -> None:
        """Request a stop because of an answer that every write would get."""
        if needs_performer(error):
            text = f"{error} Nothing was changed by it; then the same command resumes"
            self.request(NO_PERFORMER, UsageError(text))
        else:
            self.request(DENIED, error)

    def record_foreign_effects(self, times_ms: Iterable[int], *, undoing: bool = False) -> None:
        """Record when others did what is planned, by Lever's clock; several within a minute request a stop.

        A single one is a colleague. Several are another user, machine or copy of the run folder, whose lock
        is not ours, and whose rollback no file here tells of: `undoing` is True for a rollback.
        """
        with self._lock:
            self._foreign = sorted((*self._foreign, *times_ms))
            windows = zip(self._foreign, self._foreign[SEVERAL - 1 :], strict=False)
            several = any(last - first <= WITHIN_MS for first, last in windows)
        if several:
            self.request(SECOND_WRITER, Locked(f"{SECOND_WRITER}: {_TAKEN_BACK if undoing else _FOREIGN}"))

    @property
    def reason(self) -> str:
        """Return why the run should stop now; empty while it may go on."""
        if self._deadline is not None and self._clock() >= self._deadline:
            self.request(TIME_LIMIT)
        if self._has(STOP):
            self.request(STOPPED)
        if self._parent and self._parent() != self._started_by:
            self.request(ORPHANED)
        return self._reason

    @property
    def paused(self) -> bool:
        """Return True if the run should wait before it goes on."""
        return self._has(PAUSE) and not self.reason

    def _has(self, name: str) -> bool:
        return self._folder is not None and (self._folder / name).exists()


def kernel_parent() -> Callable[[], int] | None:
    """Return, in a Jupyter kernel, a function that returns the id of the parent process; None elsewhere.

    A kernel survives its killed server where its own check fails (in containers its new parent is not
    process 1). A command in a shell may outlive the shell on purpose (nohup).
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return os.getppid if hasattr(shell, "kernel") else None


@contextmanager
def stop_on_signals(stop: StopControl) -> Iterator[None]:
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
        stop.request(INTERRUPTED)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
