"""One command for many accounts: a process for each, with that account's key alone in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from leverkit.accounts import AccountEntry, AccountsFile
from leverkit.environment import environment_of
from leverkit.errors import DIFFERENCES, INTERRUPTED, LeverkitError, exit_code_of
from leverkit.jobs.many_accounts.outcomes import outcome
from leverkit.jobs.notify import OUTCOMES
from leverkit.settings import Settings
from leverkit.storage import files

LONGEST = 300  # characters of what a command printed last
TAIL = 8192  # bytes at the end of what it printed, in which the last line is looked for


class AccountEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended for one account: exit code, outcome in fixed words, seconds, its last message."""

    account: str
    exit_code: int
    outcome: str
    seconds: float
    message: str


class AccountsRun:
    """A command that runs for accounts, `workers` at once; `logs` is the folder for what they print."""

    def __init__(
        self,
        words: Sequence[str],
        known: AccountsFile,
        *,
        workers: int,
        logs: Path | None = None,
        tell: Callable[[AccountEnd], None] = lambda _: None,
    ) -> None:
        self._words, self._known, self._workers, self._logs = tuple(words), known, workers, logs
        self._tell, self._lock = tell, threading.RLock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, entries: Sequence[AccountEntry]) -> list[AccountEnd]:
        """Run it for these accounts and return how it ended for each.

        Ctrl-C is handed on: commands that run end in good order, the others are not begun. A second one ends
        them at once.
        """
        with ExitStack() as stack:
            stack.enter_context(_handed_on(self._stop))
            logs = self._logs or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leverkit-")))
            files.make_folder(logs)
            pool = stack.enter_context(ThreadPoolExecutor(self._workers))
            ends = [pool.submit(self._run_one, entry, logs) for entry in entries]
            return [end.result() for end in ends]

    def _run_one(self, entry: AccountEntry, logs: Path) -> AccountEnd:
        """Run it for one account; an error of ours, such as a full disk, is an end like others."""
        began = time.monotonic()
        try:
            code, said = self._ended(entry, logs)
            if code < 0:  # killed by a signal, so it noted nothing itself
                said = f"killed by signal {-code}"
                code = INTERRUPTED if -code in (signal.SIGINT, signal.SIGTERM) else LeverkitError.exit_code
                self._note(entry, code, time.monotonic() - began)
        except Exception as error:
            code, said = exit_code_of(error), str(error)
        ended = AccountEnd(
            account=entry.name,
            exit_code=code,
            outcome=OUTCOMES.get(code, "failed"),
            seconds=round(time.monotonic() - began, 1),
            message=said,
        )
        self._tell(ended)
        return ended

    def _ended(self, entry: AccountEntry, logs: Path) -> tuple[int, str]:
        """Return the exit code of the command for one account, and what to show of its output."""
        out, err = logs / f"{entry.name}.out", logs / f"{entry.name}.err"
        with files.create(out) as stdout, files.create(err) as stderr:
            child = self._begun(entry, stdout.fileno(), stderr.fileno())
            if child is None:
                return INTERRUPTED, "not begun"
            code = child.wait()
            self._children.discard(child)
            return code, _said(stdout.fileno(), stderr.fileno(), code)

    def _begun(self, entry: AccountEntry, stdout: int, stderr: int) -> subprocess.Popen[bytes] | None:
        """Start the command for an account; None where no more are to be started."""
        with self._lock:
            if self._stopped:
                return None
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "leverkit", *self._words],
                env=environment_of(entry, self._known),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,  # else Ctrl-C reaches it twice, also by `_stop`
            )
            self._children.add(child)
            return child

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for child in tuple(self._children):
                child.terminate()  # SIGINT may be ignored, where a shell started this in the background

    def _note(self, entry: AccountEntry, code: int, seconds: float) -> None:
        home = Settings.from_environment(environment_of(entry, self._known), person=False).home
        command = next(word for word in self._words if word.isalpha())
        outcome(entry.name, command, code, seconds).write(home)


@contextmanager
def _handed_on(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in this `with` block for Ctrl-C, SIGTERM, and SIGHUP of a terminal that closes.

    The commands have sessions of their own, so none of these reaches them otherwise. What is ignored, as by
    nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    every = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in every}
    handled = {number: each for number, each in before.items() if each not in (None, signal.SIG_IGN)}
    for number in handled:
        signal.signal(number, lambda *_: stop())
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)


def _said(out: int, err: int, code: int) -> str:
    """Return the first result of a command that succeeded, or the last message of one that failed.

    Open files are read, as one of this name may by now be of another run with the same folder for logs.
    """
    if code in (0, DIFFERENCES):
        first = _read_at(out, 0).decode(errors="replace").partition("\n")[0]
        return "" if first.startswith(("{", "[")) else first[:LONGEST]
    lines = _read_at(err, max(0, os.fstat(err).st_size - TAIL)).decode(errors="replace").splitlines()
    said = [line for line in lines if line.startswith("leverkit: ")] or ["", *lines]
    return said[-1].removeprefix("leverkit: ")[:LONGEST]


def _read_at(file: int, place: int) -> bytes:
    """Return the next TAIL bytes of an open file."""
    os.lseek(file, place, os.SEEK_SET)
    return os.read(file, TAIL)
