"""The tables of the ledger, their rows, and how a row is written."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from leverkit.history.merge_table import ADDED, REMOVED, Mark
from leverkit.history.reading import RunWrites

FORMAT = 1
AMONG = "IN (SELECT value FROM json_each(?))"  # of values that are given as a JSON array
SHORT = 12  # hex digits of a plan id, where it is shown and in marks and events
EVENTS = """
    CREATE TRIGGER IF NOT EXISTS never_updated BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
"""
SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS readings (
        number INTEGER PRIMARY KEY, taken_at INTEGER NOT NULL, digest TEXT NOT NULL,
        opportunities INTEGER NOT NULL, taggings INTEGER NOT NULL, note TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS base (
        opportunity TEXT PRIMARY KEY, contact TEXT NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL,
        visible INTEGER NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY, reading INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
        contact TEXT NOT NULL, opportunity TEXT NOT NULL, tag TEXT NOT NULL, run TEXT NOT NULL,
        detail TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS marks (
        opportunity TEXT NOT NULL, tag TEXT NOT NULL, contact TEXT NOT NULL, kind TEXT NOT NULL,
        at_ms INTEGER NOT NULL, run TEXT NOT NULL, reading INTEGER NOT NULL,
        PRIMARY KEY (opportunity, tag)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS everywhere ON marks (contact, tag) WHERE kind = 'removed everywhere';
    CREATE TABLE IF NOT EXISTS considered (
        opportunity TEXT NOT NULL, tag TEXT NOT NULL, decision TEXT NOT NULL, reading INTEGER NOT NULL,
        PRIMARY KEY (opportunity, tag)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS decisions (tag TEXT PRIMARY KEY, decision TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS runs (
        folder TEXT PRIMARY KEY, plan_id TEXT NOT NULL, kind TEXT NOT NULL, entries INTEGER NOT NULL,
        head TEXT NOT NULL, unsettled INTEGER NOT NULL) WITHOUT ROWID;
    {EVENTS}
    INSERT OR IGNORE INTO meta VALUES ('format', '{FORMAT}');
"""


class LastReading(NamedTuple):
    """The number of a reading, when it began (ms since epoch), and its digest and size."""

    number: int
    taken_at: int
    digest: str
    opportunities: int
    taggings: int


NO_READING = LastReading(0, 0, "", 0, 0)


class KnownRun(NamedTuple):
    """A registered run, and how far the ledger knows its journal."""

    folder: str
    plan_id: str
    kind: str
    entries: int
    head: str
    unsettled: int


class Event(NamedTuple):
    """Something that happened to a pair, an opportunity or a tag; `at_ms` as in a mark.

    `detail` is what the kind needs: the tags with which an opportunity came or went, the contact that one
    moved from, the new name of a tag, `from posting` or `put back`.
    """

    reading: int
    at_ms: int
    kind: str
    contact: str = ""
    opportunity: str = ""
    tag: str = ""
    run: str = ""
    detail: str = ""


def known_run(run: RunWrites) -> KnownRun:
    """Return the row of a run whose journal is followed to its end."""
    return KnownRun(run.folder, run.plan_id, run.kind, run.entries, run.head, len(run.unsettled))


def note_run(db: sqlite3.Connection, run: RunWrites) -> None:
    """Move the watermark of a run to the end of its journal, in the transaction of its writes."""
    db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)", known_run(run))


def set_mark(db: sqlite3.Connection, opportunity: str, tag: str, mark: Mark) -> None:
    """Set the mark of a pair, unless a later one is there."""
    db.execute(
        "INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "contact = excluded.contact, kind = excluded.kind, at_ms = excluded.at_ms, "
        "run = excluded.run, reading = excluded.reading "
        "WHERE excluded.at_ms >= at_ms",
        (opportunity, tag, *msgspec.structs.astuple(mark)),
    )


def mark_unless_decided(db: sqlite3.Connection, opportunity: str, tag: str, mark: Mark) -> None:
    """Set the mark of a pair of which nothing is known but what we did there ourselves."""
    kinds = ", ".join(f"'{kind}'" for kind in (*ADDED, *REMOVED))
    query = f"SELECT 1 FROM marks WHERE opportunity = ? AND tag = ? AND kind IN ({kinds})"
    if db.execute(query, (opportunity, tag)).fetchone() is None:
        set_mark(db, opportunity, tag, mark)


def add_event(db: sqlite3.Connection, event: Event) -> None:
    """Append an event."""
    db.execute("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", event)


def end_removal(db: sqlite3.Connection, contact: str, opportunity: str, tag: str) -> bool:
    """End `removed everywhere`, as others added the tag; return True if others had removed it here."""
    kind = db.execute(
        "SELECT kind FROM marks WHERE opportunity = ? AND tag = ?", (opportunity, tag)
    ).fetchone()
    db.execute(
        "DELETE FROM marks WHERE kind = 'removed everywhere' AND contact = ? AND tag = ?", (contact, tag)
    )
    return kind is not None and kind[0] in REMOVED


def keep_off(db: sqlite3.Connection, contact: str, tag: str) -> None:
    """Turn `removed everywhere` into `removed by others`, as the tag arrived with an opportunity."""
    db.execute(
        "UPDATE marks SET kind = 'removed by others' "
        "WHERE kind = 'removed everywhere' AND contact = ? AND tag = ?",
        (contact, tag),
    )
