"""One writer per run and per account on this machine.

The operating system holds the lock (flock) and drops it when the process dies, so a dead lock
needs no clearing. The file only tells who holds it, and by its time that the holder still runs;
it is never deleted, which would let two in.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from platformdirs import user_cache_dir

from leverkit.errors import Locked, UsageError

BEAT = 5.0  # seconds between two signs of life; silence of three of them is worth a word


def identity() -> str:
    """Return who we are: user, host and process id."""
    return f"{user()}@{socket.gethostname()} process {os.getpid()}"


def user() -> str:
    """Return the name of whoever runs this, as the operating system has it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return f"user {os.getuid()}"


def account_lock(account: str) -> Path:
    """Return the lock file of an account in this user's cache folder."""
    return Path(user_cache_dir("leverkit")) / "locks" / f"{account}.lock"


@contextmanager
def hold(
    *paths: Path,
    purpose: str,
    wait: float = 0.0,
    beat: float = BEAT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold all these lock files, waiting up to `wait` seconds. Raises Locked naming who holds one.

    Every `beat` seconds the files are touched, so that others see a living holder from a frozen one.
    """
    deadline = clock() + wait
    held: list[IO[str]] = []
    with ExitStack() as stack:
        for path in paths:
            file = stack.enter_context(_open(path))
            while not _try(file):
                if clock() >= deadline:
                    raise Locked(
                        f"{path} is held by {holder(path) or 'another process'}; one writer at a time; "
                        "try again when it has ended"
                    )
                sleep(0.05)
            _sign(file, purpose)
            held.append(file)
            stack.callback(file.truncate, 0)
        stack.enter_context(_beating(held, beat))
        yield


def holder(path: Path) -> str:
    """Return who holds a lock file on this machine, by what the file says; empty if nobody alive does.

    Takes no lock, so that looking never stands in a writer's way.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        alive = held["host"] != socket.gethostname() or _alive(int(held["pid"]))
        silent = time.time() - path.stat().st_mtime
        words = f", no sign of life for {silent:.0f} s" if silent > 3 * BEAT else ""
        return f"{held['who']} since {held['since']} ({held['purpose']}){words}" if alive else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot lock: {error.strerror or error}; without its lock nothing is written to Lever. "
            "Let this user write there (on Linux, XDG_CACHE_HOME may name another cache folder)"
        ) from None


def _try(file: IO[str]) -> bool:
    try:
        import fcntl  # here, as reading an account must work without it
    except ImportError:
        raise UsageError(
            "this system (Windows?) has no locks that leverkit could hold, so it does not write here; "
            "use Linux, macOS, or WSL"
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _beating(files: Sequence[IO[str]], seconds: float) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(seconds):
            for file in files:
                os.utime(file.fileno())

    thread = threading.Thread(target=beat, name="leverkit lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sign(file: IO[str], purpose: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    name = {"who": identity(), "host": socket.gethostname(), "pid": os.getpid()}
    file.truncate(0)
    json.dump(name | {"since": since, "purpose": purpose}, file)
    file.flush()
