"""What a pull has read so far, in `SNAPSHOT/pull.sqlite`: pages, and the windows still to be read.

A page and what it leaves of its window are stored in one transaction, so a kill at any time costs only the
requests in flight. Rows hold only the fields of a snapshot: nothing personal is ever written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from leverkit.api.models import Opportunity
from leverkit.errors import Locked, UsageError
from leverkit.snapshot.rows import Row, row
from leverkit.snapshot.windows import Window
from leverkit.storage.files import naming
from leverkit.storage.sqlite import durable

NAME = "pull.sqlite"
SCHEMA = """
create table if not exists facts (name text primary key, value text) without rowid;
create table if not exists windows (id integer primary key, sweep text, lo int, hi int, cursor text,
                                    pages int, depth int, restarts int);
create table if not exists pages (seq integer primary key, rows blob);
create table if not exists deleted (id text primary key) without rowid;
"""


class PullCheckpoint:
    """What one pull has read so far; one process at a time. Raises Locked while another process has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._closed = False
        with ExitStack() as stack:
            stack.enter_context(_clear_errors(folder))
            self._db = stack.enter_context(closing(durable(self.path, exclusive=True)))
            self._db.isolation_level = None
            with self._transaction():
                pass  # takes the lock
            self._db.executescript(SCHEMA)
            (latest,) = self._db.execute("select max(seq) from pages").fetchone()
            stack.pop_all()
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
        """Return the number of pages stored."""
        return self._seq

    def facts(self) -> dict[str, str]:
        """Return what is noted about this pull."""
        return dict(self._db.execute("select name, value from facts"))

    def note(self, **facts: str) -> None:
        """Note facts about this pull, all or none."""
        with self._transaction():
            self._db.executemany("insert or replace into facts values (?, ?)", facts.items())

    def clear(self) -> None:
        """Delete everything, to begin again."""
        with self._transaction():
            for table in ("facts", "windows", "pages", "deleted"):
                self._db.execute(f"delete from {table}")
        self._seq = 0

    def windows(self, listing_pass: str) -> list[tuple[int, Window]]:
        """Return the windows of a pass that are not read to their end, with their numbers."""
        query = "select id, lo, hi, cursor, pages, depth, restarts from windows where sweep = ? order by id"
        return [(number, Window(*rest)) for number, *rest in self._db.execute(query, (listing_pass,))]

    def store(
        self,
        listing_pass: str,
        number: int | None,
        left: Sequence[Window],
        opportunities: Iterable[Opportunity] = (),
    ) -> list[int]:
        """Store a page, and replace the window it came from by `left`; return the numbers of those."""
        rows = [row(opportunity, self._seq + 1) for opportunity in opportunities]
        with self._transaction():
            if rows:
                self._seq += 1
                self._db.execute("insert into pages values (?, ?)", (self._seq, _lines(rows)))
            self._db.execute("delete from windows where id = ?", (number,))
            return [self._add(listing_pass, window) for window in left]

    def forget(self, ids: Iterable[str]) -> None:
        """Note the ids of opportunities that Lever lists as deleted."""
        with self._transaction():
            self._db.executemany("insert or ignore into deleted values (?)", ((id,) for id in ids))

    def deleted(self) -> list[str]:
        """Return the ids noted as deleted."""
        return [id for (id,) in self._db.execute("select id from deleted order by id")]

    def write_rows(self, file: IO[bytes]) -> None:
        """Write all stored rows as JSON lines, oldest page first."""
        for (rows,) in self._db.execute("select rows from pages order by seq"):
            file.write(rows)

    def discard(self) -> None:
        """Close and remove the checkpoint."""
        self._close()
        for suffix in ("-wal", "-shm", ""):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _close(self) -> None:
        self._db.close()
        self._closed = True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with naming(self.path):
            self._db.execute("begin immediate")
            with self._db:
                yield

    def _add(self, listing_pass: str, window: Window) -> int:
        values = (listing_pass, *astuple(window))
        found = self._db.execute("insert into windows values (null, ?, ?, ?, ?, ?, ?, ?)", values)
        return int(found.lastrowid or 0)


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors about the checkpoint of a folder into Locked or UsageError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise Locked(f"another pull writes to {folder}: wait until it has finished") from None
        raise UsageError(f"{folder / NAME} cannot be used ({error}): delete it and pull again") from None


def _lines(rows: Iterable[Row]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
