"""A copy of Lever on this computer: a DuckDB file, or a folder of Parquet, CSV or JSON files.

DuckDB reads them all. Nothing is written there: a file is opened read-only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.tables import literal
from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import COLUMNS, STATEMENTS, Dialect

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

CATALOG = "copy_of_lever"
DIALECT = Dialect(
    catalog=CATALOG, listing=f"{COLUMNS.format(place='')} WHERE table_catalog = {literal(CATALOG)}"
)
FORMATS = {
    "parquet": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
}
# A table in several files: opportunities_1.csv, OPPORTUNITY_0_0_0.csv.gz, stages-20240131T120000.jsonl.
_PART = r"([-_.](\d[\dTZ-]*|part|page|data|snappy|gz|zstd))*"
_FILE = re.compile(rf"(?P<name>.+?){_PART}\.(?P<ending>{'|'.join(FORMATS)})(\.(gz|zst))?", re.IGNORECASE)
_READERS = {
    "parquet": "read_parquet([{files}], union_by_name = true)",
    "csv": "read_csv([{files}], all_varchar = true, union_by_name = true, header = true, "
    "nullstr = ['', '\\N'])",
    "json": "read_json([{files}], maximum_depth = 1, union_by_name = true)",
}
# Files of these tables also hold rows that are gone; which ones stands in a log beside them.
_LOGS = {"_delta_log": "Delta", "metadata": "Iceberg"}
WHAT_IS_READ = (
    "A copy is a DuckDB or SQLite file, or a folder that holds, for each table, a Parquet, CSV or JSON file, "
    "or a folder of them"
)


class LocalCopy:
    """A copy in files, attached to a database; `what` is what snapshot.json says of it."""

    dialect = DIALECT

    def __init__(self, db: Database, path: Path) -> None:
        self._db, self.what = db, path.name
        with clear_errors(self.what, WHAT_IS_READ):
            (_attach_folder if path.is_dir() else _attach_file)(db, path)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column."""
        found: list[tuple[str, str, str]] = self._db.execute(self.dialect.listing).fetchall()
        return found

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
    db.execute(f"ATTACH {literal(path)} AS {CATALOG} (READ_ONLY)")


def _attach_folder(db: Database, folder: Path) -> None:
    """Make a view of each table of a folder: its files, or the files in a folder of its name."""
    tables = _tables(folder)
    if not tables:
        raise UsageError(
            f"{folder} holds no table: no file that ends in .{', .'.join(FORMATS)}. {WHAT_IS_READ}"
        )
    db.execute(f"ATTACH ':memory:' AS {CATALOG}")
    for name, files in tables.items():
        kind = _kind(files[0])
        alike = [file for file in files if _kind(file) == kind]
        source = _READERS[kind].format(files=", ".join(map(literal, alike)))
        if kind == "json":
            source = _plain_json(db, source)
        if source:
            db.execute(f"CREATE VIEW {DIALECT.table('main', name)} AS FROM {source}")


def _tables(folder: Path) -> dict[str, list[Path]]:
    """Return the tables of a folder with their files; hidden files and folders are none."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(filter(_is_shown, folder.iterdir())):
        named = _FILE.fullmatch(path.name)
        name = named["name"] if named else path.name
        if files := [*_files(path)]:
            found[name.lower()] += files
    return found


def _files(path: Path) -> Iterator[Path]:
    """Yield the files of a table that is at a path: itself, or those in it. Raises UsageError."""
    if path.is_file() and _kind(path):
        yield path
    if not path.is_dir():
        return
    for log, kind in _LOGS.items():
        if any((path / log).glob("*.json")):
            raise UsageError(
                f"{path} is a table of {kind}, whose files also hold rows that are gone: export it"
            )
    for each in sorted(filter(_is_shown, path.iterdir())):
        yield from _files(each)


def _is_shown(path: Path) -> bool:
    return not path.name.startswith((".", "_")) or path.name.startswith("_airbyte")


def _kind(path: Path) -> str:
    named = _FILE.fullmatch(path.name)
    return FORMATS[named["ending"].lower()] if named else ""


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
