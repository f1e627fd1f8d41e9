"""A copy of Lever in an SQLite file, opened read-only; the SELECTs run in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import STATEMENTS, Dialect
from leverkit.snapshot.warehouse.local.folder_tables import WHAT_IS_READ

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

BEGINNING = b"SQLite format 3\0"
BATCH = 50_000  # rows
_COLUMNS = """
    SELECT 'main', tables.name, columns.name
    FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns"""


def is_sqlite(path: Path) -> bool:
    """Return True for a file that begins as SQLite's do."""
    if not path.is_file():
        return False
    with clear_errors(path.name, WHAT_IS_READ), path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


class SqliteCopy:
    """A copy in a file; `what` is what snapshot.json says of it. Every value comes as text."""

    dialect, places, schema = Dialect(text="TEXT"), "schemas", ""

    def __init__(self, db: Database, path: Path) -> None:
        self._db, self.what = db, path.name
        with clear_errors(self.what, WHAT_IS_READ):
            self._file = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column."""
        with clear_errors(self.what, WHAT_IS_READ):
            return self._file.execute(_COLUMNS).fetchall()

    def values(self, sql: str) -> list[str | None]:
        """Return the one column of a SELECT."""
        with clear_errors(self.what, STATEMENTS):
            return [value for (value,) in self._file.execute(sql)]

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT."""
        from pandas import DataFrame

        with clear_errors(self.what, STATEMENTS):
            found = self._file.execute(f"SELECT * FROM ({sql}) LIMIT 0").description
            names = [self.dialect.quote(column[0]) for column in found]
            self._db.execute(
                f'CREATE OR REPLACE TEMP TABLE "{name}" ({", ".join(f"{n} TEXT" for n in names)})'
            )
            texts = ", ".join(f"CAST({column} AS TEXT)" for column in names)
            rows = self._file.execute(f"SELECT {texts} FROM ({sql})")
            while batch := rows.fetchmany(BATCH):
                self._db.register("rows_of_copy", DataFrame(batch, columns=names, dtype="string"))
                self._db.execute(f'INSERT INTO "{name}" FROM rows_of_copy')
                self._db.unregister("rows_of_copy")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
