"""One writer per run, and per account of one user on this machine.

The operating system holds the lock and releases it when the process ends, so the lock of a dead process
needs no clean-up. The content of the file only names the holder, and its time of change shows that the
holder still runs. The file is never deleted: two processes could then lock two files of the same name.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from filelock import lock_descriptor
from platformdirs import user_cache_dir

from leverkit.errors import Locked, UsageError
from leverkit.storage import files
from leverkit.storage.files import make_folder, open_private

BEAT = 5.0  # seconds between two signs of life; a silence of more than three of them is reported


def identity() -> str:
    """Return user, host and process id of this process."""
    return f"{user()}@{socket.gethostname()} process {os.getpid()}"


def user() -> str:
    """Return the name of the user who runs this, as the operating system has it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return f"user {os.getuid()}"


def account_lock(account: str) -> Path:
    """Return the lock file of an account in this user's cache folder. Raises UsageError without a home."""
    try:
        return Path(user_cache_dir("leverkit")) / "locks" / f"{account}.lock"
    except RuntimeError:
        raise UsageError("no home folder to keep the account's lock in: set XDG_CACHE_HOME") from None


def open_lock_file(path: Path) -> FileIO:
    """Open a file that is to be locked, and create it if needed. Raises OSError, for a symbolic link too."""
    make_folder(path.parent)
    return FileIO(open_private(path), "r+")


@contextmanager
def hold(
    *paths: Path,
    purpose: str,
    wait: float = 0.0,
    beat: float = BEAT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold all these lock files; wait up to `wait` seconds. Raises Locked, which names the holder.

    Every `beat` seconds the files are touched, so that others can tell a frozen holder.
    Raises UsageError if a file cannot be locked at all.
    """
    deadline = clock() + wait
    with ExitStack() as stack:
        for path in paths:
            with _usage_error(path):
                file = stack.enter_context(open_lock_file(path))
                while not _lock(file.fileno()):
                    if clock() >= deadline:
                        raise Locked(
                            f"{path} is held by {holder(path) or 'another process'}; one writer at a time; "
                            "try again when it has ended"
                        )
                    sleep(0.05)
                _sign(file, purpose)
                stack.callback(file.truncate, 0)
        stack.enter_context(_touching(paths, beat))
        yield


def holder(path: Path) -> str:
    """Return who holds a lock file, as the file names them; empty if nobody does.

    A holder on another host is taken to be alive.
    """
    try:
        with files.open_for_reading(path) as file:
            file.seek(1)  # on Windows, the first byte of a locked file cannot be read; it is a brace
            held = json.loads(b"{" + file.read())
            if held["host"] == socket.gethostname() and _is_free(file.fileno()):
                return ""
        silent = time.time() - path.stat().st_mtime
        note = f", no activity for {silent:.0f} s" if silent > 3 * BEAT else ""
        return f"{held['who']} since {held['since']} ({held['purpose']}){note}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _usage_error(path: Path) -> Iterator[None]:
    """Turn an OSError about a lock file into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{path}: cannot lock: {error.strerror or error}; without its lock nothing is written to Lever. "
            "Let this user write there (on Linux, XDG_CACHE_HOME may name another cache folder)"
        ) from None


def _lock(descriptor: int) -> bool:
    """Lock a file if it is free; try twice, as `holder` may be looking at it at this moment."""
    if lock_descriptor(descriptor, blocking=False):
        return True
    time.sleep(0.01)
    return lock_descriptor(descriptor, blocking=False)


def _is_free(descriptor: int) -> bool:
    """Return True if nobody holds a lock on the file; the lock that shows it ends when the file is closed."""
    try:
        return _lock(descriptor)
    except OSError:  # some file systems lock only what is open for writing
        return False


@contextmanager
def _touching(paths: Sequence[Path], seconds: float) -> Iterator[None]:
    """Set the time of change of these files every so many seconds, in a thread."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(seconds):
            for path in paths:
                with suppress(OSError):
                    os.utime(path)

    thread = threading.Thread(target=touch, name="leverkit lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sign(file: FileIO, purpose: str) -> None:
    """Write into a locked file who holds it, since when, and for what."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    name = {"who": identity(), "host": socket.gethostname(), "pid": os.getpid()}
    file.truncate(0)
    file.write(json.dumps(name | {"since": since, "purpose": purpose}).encode())
