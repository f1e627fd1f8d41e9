"""A copy of Lever on this computer: a DuckDB file, or a folder of Parquet, CSV or Lever's own JSON files.

DuckDB reads them all. Nothing is written there: a file is opened read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.tables import literal
from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import COLUMNS, Dialect

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

CATALOG = "copy_of_lever"
DIALECT = Dialect(
    catalog=CATALOG, listing=f"{COLUMNS.format(place='')} WHERE table_catalog = {literal(CATALOG)}"
)
FORMATS = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv", ".json": "json", ".jsonl": "json"}
_READERS = {
    "parquet": "read_parquet([{files}], union_by_name = true)",
    "csv": "read_csv([{files}], all_varchar = true, union_by_name = true, header = true)",
    "json": "read_json([{files}], maximum_depth = 1, union_by_name = true)",
}


class LocalCopy:
    """A copy in files, attached to a database; `what` is what snapshot.json says of it."""

    dialect = DIALECT

    def __init__(self, db: Database, path: Path) -> None:
        self._db, self.what = db, path.name
        with clear_errors(self.what):
            (_attach_folder if path.is_dir() else _attach_file)(db, path)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column."""
        found: list[tuple[str, str, str]] = self._db.execute(self.dialect.listing).fetchall()
        return found

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT."""
        with clear_errors(self.what):
            self._db.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def close(self) -> None:
        """Detach the files."""
        self._db.execute(f"DETACH {CATALOG}")


def _attach_file(db: Database, path: Path) -> None:
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder")
    db.execute(f"ATTACH {literal(path)} AS {CATALOG} (READ_ONLY)")


def _attach_folder(db: Database, folder: Path) -> None:
    """Make a view of each table of a folder: a file, or a folder of files of one kind."""
    tables = dict(_tables(folder))
    if not tables:
        raise UsageError(f"{folder} holds no table: no file that ends in {', '.join(FORMATS)}")
    db.execute(f"ATTACH ':memory:' AS {CATALOG}")
    for name, files in tables.items():
        source = _READERS[FORMATS[_ending(files[0])]].format(files=", ".join(map(literal, files)))
        if FORMATS[_ending(files[0])] == "json":
            source = _plain_json(db, source)
        if source:
            db.execute(f"CREATE VIEW {DIALECT.table('main', name)} AS FROM {source}")


def _tables(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield the tables of a folder with their files; hidden files and folders are none."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) and not path.name.startswith("_airbyte"):
            continue
        files = sorted(each for each in path.rglob("*") if _ending(each)) if path.is_dir() else [path]
        if files and (ending := _ending(files[0])):
            alike = [file for file in files if FORMATS[_ending(file)] == FORMATS[ending]]
            yield path.name if path.is_dir() else path.name.removesuffix(ending), alike


def _ending(path: Path) -> str:
    return next((end for end in FORMATS if path.name.lower().endswith(end) and path.is_file()), "")


def _plain_json(db: Database, source: str) -> str:
    """Return a SELECT of JSON objects with text in each column, without Lever's envelope around them.

    Empty where there is nothing in them.
    """
    names = [str(name) for name, *_ in db.execute(f"DESCRIBE FROM {source}").fetchall()]
    listed = {name: f"{DIALECT.quote(name)}->>'$'" for name in names}
    if "data" in names and "id" not in names:
        items = "CASE WHEN json_type(data) = 'ARRAY' THEN from_json(data, '[\"JSON\"]') ELSE [data] END"
        source = f"(SELECT unnest({items}) AS record FROM {source})"
        keys = f"SELECT DISTINCT unnest(json_keys(record)) AS key FROM {source} ORDER BY key"
        listed = {str(key): _member(str(key)) for (key,) in db.execute(keys).fetchall()}
    columns = ", ".join(f"{text} AS {DIALECT.quote(name)}" for name, text in listed.items())
    return f"(SELECT {columns} FROM {source})" if columns else ""


def _member(key: str) -> str:
    """Return SQL for the text of a member of `record`, by a JSON pointer."""
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"record->>{literal(pointer)}"
