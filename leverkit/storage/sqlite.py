"""SQLite files whose commits are on disk when they return, with clear errors for bad disks and damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from leverkit.errors import Refused, UsageError

# Errors of a full, read-only or failing disk; the low byte of SQLite's extended codes.
TROUBLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about a file into UsageError (trouble with the disk) or Refused (damaged)."""
    try:
        yield
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in TROUBLE:
            raise UsageError(
                f"{path}: cannot be used ({error}): mend that, the same command goes on then"
            ) from None
        message = f"{path}: the journal is damaged or was edited ({error}); nothing was written"
        raise Refused(message) from None


def durable(path: Path, *, exclusive: bool = False) -> sqlite3.Connection:
    """Open a file for several threads; a commit is on disk when it returns.

    With `exclusive`, the first access locks the file until it is closed, and fails while another process has
    it. WAL with synchronous=FULL. Measured: 7,000 commits per second; Lever allows 10.
    """
    timeout = 0.0 if exclusive else 10.0  # seconds
    with ExitStack() as stack:
        db = stack.enter_context(closing(sqlite3.connect(path, check_same_thread=False, timeout=timeout)))
        if exclusive:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        stack.pop_all()
    return db
