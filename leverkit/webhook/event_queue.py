"""The queue of accepted events: a SQLite file that survives kill -9.

An event is on disk when `store` returns. Its token is unique, so a duplicate or a replay changes nothing,
also after a restart. Of a delivery, ids and times are kept and nothing else. One process opens a queue.
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

KEEP_MS = 2 * 86_400_000 + 600_000  # longer than the maximum age of a delivery, see `signature.verify`
LONGEST_MS = 900_000  # until an event is due, at most: where it is more, a clock was set back

# `key` groups events: the contact, or the opportunity where the event names no contact.
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
    SELECT contact, group_concat(DISTINCT opportunity), group_concat(seq), max(attempts)
    FROM events WHERE ended_at IS NULL AND (due_at <= ? OR due_at > ?) GROUP BY key ORDER BY min(seq) LIMIT ?
"""


class QueuedEvent(msgspec.Struct, frozen=True):
    """An accepted event: the ids that it names, unchecked, and when it came (ms since epoch)."""

    token: str
    name: str
    contact: str | None
    opportunity: str | None
    received_at: int


class DueEvents(msgspec.Struct, frozen=True):
    """All due events about one contact, or about one opportunity where they name no contact.

    `seqs` are their numbers in the queue, `attempts` is the largest number of attempts of any of them.
    """

    contact: str | None
    opportunities: tuple[str, ...]
    seqs: tuple[int, ...]
    attempts: int


class EventQueue:
    """The events of one receiver. Threads may share it. Raises Locked where another process has it open.

    `waiting` is the number of events that are not finished.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with ExitStack() as stack:
            stack.enter_context(hold(path.with_suffix(".lock"), purpose="keep events"))
            self._db = stack.enter_context(_opened(path))
            self._db.executescript(_SCHEMA)
            count = self._db.execute("SELECT count(*) FROM events WHERE ended_at IS NULL")
            (self.waiting,) = count.fetchone()
            self._open = stack.pop_all()

    def store(self, events: Sequence[QueuedEvent], *, settle_ms: int = 0) -> list[bool]:
        """Store events in one durable commit, due `settle_ms` after they came.

        Return for each event whether it is new: False where its token was stored before.
        """
        keys = [(event.contact or event.opportunity, event.received_at + settle_ms) for event in events]
        rows = [(*msgspec.structs.astuple(event), *key) for event, key in zip(events, keys, strict=True)]
        insert = (
            "INSERT OR IGNORE INTO events (token, name, contact, opportunity, received_at, key, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        with self._lock, self._db:
            is_new = [self._db.execute(insert, row).rowcount == 1 for row in rows]
            self.waiting += sum(is_new)
        return is_new

    def claim(self, now_ms: int, *, limit: int) -> list[DueEvents]:
        """Return the due events by contact, oldest first, of at most `limit` contacts.

        They stay in the queue until `finish` or `postpone`, so that a kill loses none.
        """
        with self._lock:
            rows = self._db.execute(_DUE, (now_ms, now_ms + LONGEST_MS, limit)).fetchall()
        return [
            DueEvents(contact, _split(opportunities), tuple(map(int, seqs.split(","))), attempts)
            for contact, opportunities, seqs, attempts in rows
        ]

    def finish(self, seqs: Iterable[int], how: str, now_ms: int) -> None:
        """Record how events ended: `done`, `gone` or `given up`."""
        rows = [(now_ms, how, seq) for seq in seqs]
        with self._lock, self._db:
            self._db.executemany("UPDATE events SET ended_at = ?, ended = ? WHERE seq = ?", rows)
            self.waiting -= len(rows)

    def postpone(self, seqs: Iterable[int], due_at: int) -> None:
        """Make events due again at a later time (ms since epoch) and count one more attempt."""
        rows = [(due_at, seq) for seq in seqs]
        with self._lock, self._db:
            self._db.executemany("UPDATE events SET due_at = ?, attempts = attempts + 1 WHERE seq = ?", rows)

    def oldest_received_at(self) -> int | None:
        """Return when the oldest unfinished event came (ms since epoch); None where there is none."""
        query = "SELECT min(received_at) FROM events WHERE ended_at IS NULL"
        with self._lock:
            found: int | None = self._db.execute(query).fetchone()[0]
        return found

    def delete_finished(self, before_ms: int) -> None:
        """Delete events that ended before a time, and with them the memory of their tokens."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM events WHERE ended_at < ?", (before_ms,))

    def begin_run(self, name: str) -> None:
        """Record that a run is about to begin."""
        with self._lock, self._db:
            self._db.execute("INSERT OR IGNORE INTO open_runs VALUES (?)", (name,))

    def end_run(self, name: str) -> None:
        """Record that a run has ended."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM open_runs WHERE name = ?", (name,))

    def open_runs(self) -> list[str]:
        """Return the names of the runs that were begun and have not ended."""
        with self._lock:
            return [name for (name,) in self._db.execute("SELECT name FROM open_runs ORDER BY name")]

    def watermark(self, name: str) -> int | None:
        """Return a time set by `set_watermark` (ms since epoch); None where it was never set."""
        with self._lock:
            row = self._db.execute("SELECT at FROM marks WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_watermark(self, name: str, at_ms: int) -> None:
        """Store a time that survives a restart."""
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, at_ms))

    def close(self) -> None:
        """Close the file, so that another process can open it."""
        with self._lock:
            self._open.close()


def _opened(path: Path) -> closing[sqlite3.Connection]:
    try:
        db = durable(path)
        db.execute("PRAGMA secure_delete = ON")  # events name people
        return closing(db)
    except sqlite3.Error as error:
        raise UsageError(f"{path}: cannot keep events here: {error}") from None


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
