"""Read a copy of Lever into a snapshot: the SELECTs run in the warehouse, its tables are made here.

The snapshot holds no account, as no copy has the archive reasons by which one is recognised; `refreshing`
finds out whose it is. What the copy lacks stands in `snapshot.json`, and wherever its figures are shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from leverkit.api.auth import Secret
from leverkit.errors import UsageError
from leverkit.snapshot import tables
from leverkit.snapshot.checkpoint import NAME as CHECKPOINT
from leverkit.snapshot.completeness import differences, lacking
from leverkit.snapshot.publishing import publish
from leverkit.snapshot.snapshot import Snapshot, database
from leverkit.snapshot.warehouse.address import is_address
from leverkit.snapshot.warehouse.assembly import Figures, assemble, filled
from leverkit.snapshot.warehouse.choice import choose, unread
from leverkit.snapshot.warehouse.clear_errors import NO_PASSWORD, clear_errors
from leverkit.snapshot.warehouse.dialect import STATEMENTS, Dialect
from leverkit.snapshot.warehouse.lacks import Lack, lacks, loss, notes
from leverkit.snapshot.warehouse.local.local_copy import LocalCopy
from leverkit.snapshot.warehouse.local.sqlite_copy import SqliteCopy, is_sqlite
from leverkit.snapshot.warehouse.one_account import parse_only, require_one
from leverkit.snapshot.warehouse.remote_copy import RemoteCopy
from leverkit.snapshot.warehouse.statements import (
    Statement,
    Tables,
    shape_of,
    statements,
    table_names,
    write_statements,
)
from leverkit.storage.files import make_folder, read

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database


class Copy(Protocol):
    """A copy of Lever, wherever it is."""

    what: str

    @property
    def dialect(self) -> Dialect:
        """Return how its warehouse writes SQL."""
        ...

    @property
    def places(self) -> str:
        """Return what a message calls its schemas."""
        ...

    @property
    def schema(self) -> str:
        """Return the schema that its address names; empty where it names none."""
        ...

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column."""
        ...

    def values(self, sql: str) -> list[str | None]:
        """Return the one column of a SELECT."""
        ...

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def read_copy(
    out: Path | str,
    uri: str,
    shape: str,
    *,
    now_ms: int,
    schema: str = "",
    only: str = "",
    sql: Path | None = None,
    password: Secret = NO_PASSWORD,
    listed: Mapping[str, int] | None = None,
) -> Snapshot:
    """Read the copy at an address into the folder `out` and return it as a snapshot.

    `uri` is a DuckDB or SQLite file, a folder of Parquet, CSV or JSON files, or the address of a warehouse.
    `schema` is needed where several hold a copy, and `only` (COLUMN=VALUE) where a table holds the rows of
    several accounts. Files in the folder `sql` take the place of the shape's; a
    folder that is not there is made, and gets the shape's. `listed` are Lever's own tag counts, which say
    how much is missing. Raises UsageError.
    """
    folder = Path(out).expanduser()
    _require_own(folder)
    kind = shape_of(shape)
    if sql is not None and not sql.exists():
        write_statements(kind, sql)
    wanted, one = statements(kind, sql), parse_only(only)
    main = wanted["opportunities"]
    is_own = main == statements(kind)["opportunities"]
    with database() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET enable_progress_bar = false")  # of a long query, on stdout
        with _opened(db, uri, password, table_names(wanted)) as copy:
            there = choose(copy.what, copy.columns(), wanted, schema or copy.schema, copy.places)
            there = require_one(copy, main, there, one, is_own=is_own)
            fetched = [name for name, statement in wanted.items() if _fetch(copy, name, statement, there)]
            what, other = copy.what, unread(wanted, there)
        with clear_errors(what, STATEMENTS):
            figures = assemble(db, fetched)
        make_folder(folder)
        marks = there.marks(main) | filled(db)
        _write(folder, db, _Copied(kind, what, marks, figures, only, tuple(other)), listed, now_ms)
    return Snapshot.open(folder)


@dataclass(frozen=True)
class _Copied:
    """What was read: the kind of copy, where it is, which of MARKS it can tell, figures, and which rows.

    `unread` tables look like the opportunities, too.
    """

    shape: str
    what: str
    marks: frozenset[str]
    figures: Figures
    only: str
    unread: tuple[str, ...]


def _write(
    folder: Path, db: Database, copied: _Copied, listed: Mapping[str, int] | None, now_ms: int
) -> None:
    """Write the snapshot; `listed` are Lever's own tag counts, None where no key tells them."""
    counted, left_out = tables.counted(db), tables.left_out(db)
    counts = dict(counted if listed is None else listed)
    different = differences(counts, counted)
    missing = [*lacks(copied.shape, copied.marks, copied.figures, is_part=bool(copied.only))]
    missing += loss(counts, different)
    missing += (Lack("rows", text) for text in lacking(left_out, tables.undated(db), 0))
    files = [
        tables.write_newest(db, folder),
        tables.write_query(db, folder / "postings.parquet", "FROM postings_of_copy ORDER BY id"),
        tables.write_tags(db, folder, counts),
        tables.write_query(db, folder / "stages.parquet", "FROM stages_of_copy ORDER BY position"),
    ]
    copy = {"shape": copied.shape, "of": copied.what, "lacks": msgspec.to_builtins(missing)}
    publish(
        folder,
        files,
        window={"started_at": min(copied.figures.copied_at or now_ms, now_ms), "ended_at": now_ms},
        counts={file.stem: tables.size(db, file) for file in files},
        tags_agree=None if listed is None else not different,
        different=different,
        left_out=left_out,
        not_seen=[lack.text for lack in missing],
        more={"copy": copy | {"notes": list(notes(copied.figures, copied.only, copied.unread))}},
    )


def _require_own(folder: Path) -> None:
    """Raise UsageError where a folder holds a snapshot that was read from Lever itself."""
    try:
        meta = json.loads(read(folder / "snapshot.json"))
    except (OSError, ValueError):
        meta = {"copy": {}}
    if (folder / CHECKPOINT).exists() or "copy" not in meta:
        raise UsageError(f"{folder} holds a reading of Lever itself; choose another folder for the copy")


@contextmanager
def _opened(db: Database, uri: str, password: Secret, wanted: Sequence[str]) -> Iterator[Copy]:
    copy: Copy
    if is_address(uri):
        copy = RemoteCopy(db, uri, password)
    else:
        path = Path(os.path.expanduser(uri))
        copy = SqliteCopy(db, path) if is_sqlite(path) else LocalCopy(db, path, wanted)
    with closing(copy):
        yield copy


def _fetch(copy: Copy, name: str, statement: Statement, there: Tables) -> bool:
    """Run a statement in the warehouse; return False where it reads nothing that is there."""
    sql = statement.render(there, copy.dialect)
    if sql:
        copy.fetch(sql, f"fetched_{name}")
    return bool(sql)
