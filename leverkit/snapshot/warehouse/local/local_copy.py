"""A copy of Lever on this computer: a DuckDB file, or a folder of Parquet, CSV or JSON files.

DuckDB reads them all. Nothing is written there: a file is opened read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.tables import literal
from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import COLUMNS, STATEMENTS, Dialect
from leverkit.snapshot.warehouse.local.file_rows import rows_of
from leverkit.snapshot.warehouse.local.folder_tables import (
    MAIN,
    WHAT_IS_READ,
    FolderTable,
    folder_tables,
    require_folder_of,
)

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

CATALOG = "copy_of_lever"
DIALECT = Dialect(
    catalog=CATALOG, listing=f"{COLUMNS.format(place='')} WHERE table_catalog = {literal(CATALOG)}"
)


class LocalCopy:
    """A copy in files, attached to a database; `what` is what snapshot.json says of it."""

    dialect, schema = DIALECT, ""

    def __init__(self, db: Database, path: Path, wanted: Sequence[str]) -> None:
        self._db, self.what = db, path.name
        self.places = "folders" if path.is_dir() else "schemas"
        with clear_errors(self.what, WHAT_IS_READ):
            if path.is_dir():
                _attach_folder(db, path, wanted)
            else:
                _attach_file(db, path)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column."""
        found: list[tuple[str, str, str]] = self._db.execute(self.dialect.listing).fetchall()
        return found

    def values(self, sql: str) -> list[str | None]:
        """Return the one column of a SELECT."""
        with clear_errors(self.what, STATEMENTS):
            return [value for (value,) in self._db.execute(sql).fetchall()]

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT."""
        with clear_errors(self.what, STATEMENTS):
            self._db.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def close(self) -> None:
        """Detach the files."""
        self._db.execute(f"DETACH {CATALOG}")


def _attach_file(db: Database, path: Path) -> None:
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder. {WHAT_IS_READ}")
    require_folder_of(path)
    db.execute(f"ATTACH {literal(path)} AS {CATALOG} (READ_ONLY)")


def _attach_folder(db: Database, folder: Path, wanted: Sequence[str]) -> None:
    """Make a view of each table of a folder. One that is not wanted may be broken."""
    tables = folder_tables(folder, wanted)
    db.execute(f"ATTACH ':memory:' AS {CATALOG}")
    for table in tables:
        try:
            _make_view(db, table)
        except Exception:
            if table.is_wanted:
                raise


def _make_view(db: Database, table: FolderTable) -> None:
    if not (source := rows_of(db, table)):
        return
    if table.schema != MAIN:
        db.execute(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{DIALECT.quote(table.schema)}")
    db.execute(f"CREATE VIEW {DIALECT.table(table.schema, table.name)} AS FROM {source}")
