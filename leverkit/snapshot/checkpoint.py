"""What a pull has read so far, in `SNAPSHOT/pull.sqlite`: pages, and the windows still to be read.

A page and what it leaves of its window go in with one transaction, so a kill at any instant costs only
the requests in flight. Rows are slim already: nothing personal is ever written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from leverkit.api.models import Application, Opportunity
from leverkit.errors import Locked, UsageError
from leverkit.snapshot.windows import Window

NAME = "pull.sqlite"
SCHEMA = """
create table if not exists facts (name text primary key, value text) without rowid;
create table if not exists windows (id integer primary key, sweep text, lo int, hi int, cursor text,
                                    pages int, depth int, restarts int);
create table if not exists pages (seq integer primary key, rows blob);
create table if not exists deleted (id text primary key) without rowid;
"""


class Row(msgspec.Struct, frozen=True):
    """One opportunity as it stands in the snapshot, and `seq`, the page that brought it."""

    id: str
    contact: str
    tags: list[str]
    created_at: int
    updated_at: int | None
    archived_at: int | None
    archive_reason: str | None
    stage: str | None
    postings: list[str]
    origin: str | None
    sources: list[str]
    confidentiality: str
    is_anonymized: bool
    last_advanced_at: int | None
    seq: int


def row(record: Opportunity, seq: int) -> Row:
    """Flatten an opportunity; tags are a set, in the order in which they were added."""
    archived = record.archived
    links = [one.posting for one in record.applications if isinstance(one, Application)]
    return Row(
        id=record.id,
        contact=record.contact,
        tags=list(dict.fromkeys(record.tags)),
        created_at=record.created_at,
        updated_at=record.updated_at,
        archived_at=archived.archived_at if archived else None,
        archive_reason=archived.reason if archived else None,
        stage=record.stage,
        postings=[posting for posting in dict.fromkeys(links) if posting],
        origin=record.origin,
        sources=list(dict.fromkeys(record.sources)),
        confidentiality=record.confidentiality,
        is_anonymized=record.is_anonymized,
        last_advanced_at=record.last_advanced_at,
        seq=seq,
    )


class Spool:
    """The journal of one pull; one process at a time. Raises Locked while another one has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._db = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        self._closed = False
        try:
            self._db.execute("pragma locking_mode = exclusive")
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            self._db.execute("begin immediate")
            self._db.execute("commit")
            self._db.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            self._db.close()
            if "locked" in str(error):
                raise Locked(f"another pull writes to {folder}: wait for it to end") from None
            raise UsageError(f"{self.path} cannot be used ({error}): delete it and pull again") from None
        (latest,) = self._db.execute("select max(seq) from pages").fetchone()
        self._seq: int = latest or 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._closed:
            return
        if self._seq or self.facts():
            self._close()
        else:
            self.discard()  # refused before it began: leave no trace

    @property
    def pages(self) -> int:
        """Count the pages stored."""
        return self._seq

    def facts(self) -> dict[str, str]:
        """Return what was noted about this pull."""
        return dict(self._db.execute("select name, value from facts"))

    def note(self, **facts: str) -> None:
        """Note something about this pull."""
        self._db.executemany("insert or replace into facts values (?, ?)", facts.items())

    def clear(self) -> None:
        """Forget everything, to begin anew."""
        with self._transaction():
            for table in ("facts", "windows", "pages", "deleted"):
                self._db.execute(f"delete from {table}")
        self._seq = 0

    def windows(self, sweep: str) -> list[tuple[int, Window]]:
        """Return the windows of a sweep that are not read to their end, with their numbers."""
        query = "select id, lo, hi, cursor, pages, depth, restarts from windows where sweep = ? order by id"
        return [(number, Window(*rest)) for number, *rest in self._db.execute(query, (sweep,))]

    def store(
        self, sweep: str, number: int | None, left: Sequence[Window], records: Iterable[Opportunity] = ()
    ) -> list[int]:
        """Store a page and put `left` in place of the window it came from; return their numbers."""
        rows = [row(record, self._seq + 1) for record in records]
        with self._transaction():
            if rows:
                self._seq += 1
                self._db.execute("insert into pages values (?, ?)", (self._seq, _lines(rows)))
            self._db.execute("delete from windows where id = ?", (number,))
            return [self._add(sweep, window) for window in left]

    def forget(self, ids: Iterable[str]) -> None:
        """Note opportunities that Lever lists as deleted."""
        with self._transaction():
            self._db.executemany("insert or ignore into deleted values (?)", ((one,) for one in ids))

    def deleted(self) -> list[str]:
        """Return the ids noted as deleted."""
        return [one for (one,) in self._db.execute("select id from deleted order by id")]

    def write_rows(self, file: IO[bytes]) -> None:
        """Write all rows stored as JSON lines, oldest page first."""
        for (rows,) in self._db.execute("select rows from pages order by seq"):
            file.write(rows)

    def discard(self) -> None:
        """Close and remove the journal."""
        self._close()
        for suffix in ("-wal", "-shm", ""):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _close(self) -> None:
        self._db.close()
        self._closed = True

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _add(self, sweep: str, window: Window) -> int:
        values = (sweep, window.lo, window.hi, window.cursor, window.pages, window.depth, window.restarts)
        found = self._db.execute("insert into windows values (null, ?, ?, ?, ?, ?, ?, ?)", values)
        return int(found.lastrowid or 0)


class _Transaction:
    """`begin immediate` … `commit`, or `rollback` on an error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("rollback" if kind else "commit")


def _lines(rows: Iterable[Row]) -> bytes:
    return b"".join(msgspec.json.encode(one) + b"\n" for one in rows)
