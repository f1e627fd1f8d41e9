"""Events that were accepted and are still to be worked off: a SQLite file that survives kill -9.

An event is on disk when `store` returns. Its token is unique, so a duplicate or a replay changes nothing,
also after a restart. Ids and times are kept, nothing else of a delivery. One process keeps an inbox.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from leverkit.errors import UsageError
from leverkit.storage.lock import hold
from leverkit.storage.sqlite import durable

KEEP_MS = 2 * 86_400_000 + 600_000  # longer than a delivery may be old, see webhook.verify

# Keys, not contacts, gather events: an event that names no contact stands under its opportunity.
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, name TEXT NOT NULL, key TEXT NOT NULL,
        contact TEXT, opportunity TEXT, received_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, ended_at INTEGER, ended TEXT);
    CREATE INDEX IF NOT EXISTS waiting ON events (due_at) WHERE ended_at IS NULL;
    CREATE INDEX IF NOT EXISTS ended ON events (ended_at) WHERE ended_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS open_runs (name TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""
_DUE = """
    SELECT contact, group_concat(DISTINCT opportunity), group_concat(seq), max(attempts), min(received_at)
    FROM events WHERE ended_at IS NULL AND due_at <= ? GROUP BY key ORDER BY min(seq) LIMIT ?
"""


class Entry(msgspec.Struct, frozen=True):
    """An accepted event: whom it is about, as it claims, and when it came (milliseconds)."""

    token: str
    name: str
    contact: str | None
    opportunity: str | None
    received_at: int


class Waiting(msgspec.Struct, frozen=True):
    """All events that are due about one contact (or one opportunity, where no contact was named)."""

    contact: str | None
    opportunities: tuple[str, ...]
    seqs: tuple[int, ...]
    attempts: int
    received_at: int


class Inbox:
    """The events of one receiver. Threads may share it. Raises Locked where another process holds it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with ExitStack() as stack:
            stack.enter_context(hold(path.with_suffix(".lock"), purpose="keep events"))
            self._db = stack.enter_context(_opened(path))
            self._db.executescript(_SCHEMA)
            (self.waiting,) = self._db.execute(
                "SELECT count(*) FROM events WHERE ended_at IS NULL"
            ).fetchone()
            self._open = stack.pop_all()

    def store(self, entries: Sequence[Entry], *, settle_ms: int = 0) -> list[bool]:
        """Store events in one durable commit, due after `settle_ms`; False where a token was known."""
        rows = [(*msgspec.structs.astuple(entry), entry.contact or entry.opportunity) for entry in entries]
        insert = (
            "INSERT OR IGNORE INTO events (token, name, contact, opportunity, received_at, key, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        with self._lock, self._db:
            fresh = [self._db.execute(insert, (*row, row[4] + settle_ms)).rowcount == 1 for row in rows]
            self.waiting += sum(fresh)
        return fresh

    def due(self, now_ms: int, *, limit: int) -> list[Waiting]:
        """Return what is due, gathered by contact, oldest first, at most `limit` contacts."""
        with self._lock:
            rows = self._db.execute(_DUE, (now_ms, limit)).fetchall()
        return [
            Waiting(contact, _split(opportunities), tuple(map(int, seqs.split(","))), attempts, received_at)
            for contact, opportunities, seqs, attempts, received_at in rows
        ]

    def end(self, seqs: Iterable[int], how: str, now_ms: int) -> None:
        """Take events off the list: they are `done`, or were `given up`."""
        rows = [(now_ms, how, seq) for seq in seqs]
        with self._lock, self._db:
            self._db.executemany("UPDATE events SET ended_at = ?, ended = ? WHERE seq = ?", rows)
            self.waiting -= len(rows)

    def postpone(self, seqs: Iterable[int], due_at: int) -> None:
        """Let events be due again later, with one more attempt counted."""
        rows = [(due_at, seq) for seq in seqs]
        with self._lock, self._db:
            self._db.executemany("UPDATE events SET due_at = ?, attempts = attempts + 1 WHERE seq = ?", rows)

    def oldest(self) -> int | None:
        """Return when the oldest waiting event came (milliseconds), None where none waits."""
        query = "SELECT min(received_at) FROM events WHERE ended_at IS NULL"
        with self._lock:
            found: int | None = self._db.execute(query).fetchone()[0]
        return found

    def forget(self, before_ms: int) -> None:
        """Drop events that ended before a time; keep them as long as a delivery may be that old."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM events WHERE ended_at < ?", (before_ms,))

    def begin_run(self, name: str) -> None:
        """Note a run that is about to begin."""
        with self._lock, self._db:
            self._db.execute("INSERT OR IGNORE INTO open_runs VALUES (?)", (name,))

    def end_run(self, name: str) -> None:
        """Note that a run has ended."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM open_runs WHERE name = ?", (name,))

    def open_runs(self) -> list[str]:
        """Return the runs that were begun and have not ended."""
        with self._lock:
            return [name for (name,) in self._db.execute("SELECT name FROM open_runs ORDER BY name")]

    def mark(self, name: str) -> int | None:
        """Return a time that was set, in milliseconds."""
        with self._lock:
            row = self._db.execute("SELECT at FROM marks WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_mark(self, name: str, at_ms: int) -> None:
        """Set a time, to be found again after a restart."""
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, at_ms))

    def close(self) -> None:
        """Close the file, and let another process have it."""
        with self._lock:
            self._open.close()


def _opened(path: Path) -> closing[sqlite3.Connection]:
    try:
        return closing(durable(path))
    except sqlite3.Error as error:
        raise UsageError(f"{path}: cannot keep events here: {error}") from None


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
