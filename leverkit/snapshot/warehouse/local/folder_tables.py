"""Which files of a folder are which table, however deep they lie.

A path below the folder is cut at its first part that bears the name of a table that is wanted: what stands
above is the schema (`alpha/raw`), what stands below are partitions and parts of the table. So
`opportunities.parquet`, `opportunities/dt=2024-05-01/0.parquet` and `namespace/opportunities/0.parquet` are
all found. What bears no such name is a table by its first part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from leverkit.errors import UsageError

MAIN = "main"  # the schema of tables that lie in the folder itself
FORMATS = {
    "parquet": "parquet",
    "parq": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
}
WHAT_IS_READ = (
    "A copy is a DuckDB or SQLite file, or a folder that holds, for each table, a Parquet, CSV or JSON file, "
    "or a folder of them"
)
MOST, DEEPEST = 100_000, 12  # files and levels: more is somebody's disk, not a copy
# A table in several files: opportunities_1.csv, OPPORTUNITY_0_0_0.csv.gz, stages-20240131T120000.jsonl,
# opportunities_part2.csv, "opportunities (1).json" of a browser.
_PART = r"([-_.](\d[\dTZ-]*|(part|page|chunk|batch|data)\d*|snappy|gz|zstd)| ?\(\d+\))*"
_FILE = re.compile(rf"(?P<name>.+?){_PART}\.(?P<ending>{'|'.join(FORMATS)})(\.(gz|zst))?", re.IGNORECASE)
_OTHER = re.compile(r".+\.(avro|orc|arrow|feather|xlsx?|zip|tar|tgz|7z|bz2|xz|lz4|zst|gz)", re.IGNORECASE)
# Files of these tables also hold rows that are gone; which ones stands in a log beside them.
_LOGS = {"_delta_log": "Delta", "metadata": "Iceberg", ".hoodie": "Hudi"}
_EPOCH = re.compile(r"(?<!\d)(1\d{9})(\d{3})?(?!\d)")
_DATE = re.compile(
    r"(?<!\d)(20\d\d)[-_]?([01]\d)[-_]?([0-3]\d)(?:[-_T ]?([0-2]\d)[-_:]?([0-5]\d)[-_:]?([0-5]\d))?(?!\d)"
)


@dataclass(frozen=True)
class FolderTable:
    """A table of a folder: its files, of one kind, each with the part of its path below the table."""

    schema: str
    name: str
    is_wanted: bool
    files: dict[Path, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the kind of its files. Raises UsageError where there are several, or one cannot be read."""
        kinds = sorted({_kind(path) or _other(path) for path in self.files})
        if len(kinds) > 1 or kinds[0] not in FORMATS.values():
            raise UsageError(
                f"{self.name} holds files of {' and '.join(kinds)}: those of a table have to be all Parquet, "
                "all CSV or all JSON"
            )
        return kinds[0]

    @property
    def times(self) -> dict[Path, int]:
        """Return when each file was written, in ms since the epoch, if all their names say so."""
        found = {path: _time(below) for path, below in self.files.items()}
        return {path: time for path, time in found.items() if time} if all(found.values()) else {}


def folder_tables(folder: Path, wanted: Sequence[str]) -> list[FolderTable]:
    """Return the tables of a folder; `wanted` are patterns of names. Raises UsageError.

    Hidden files and folders are no tables.
    """
    found: dict[tuple[str, str], FolderTable] = {}
    for number, (parts, path) in enumerate(_files(folder, ())):
        if number >= MOST:
            raise UsageError(f"{folder} holds more than {MOST:,} files: name the folder of the copy in it")
        at, is_wanted = _table_at(parts, wanted)
        key = ("/".join(parts[:at]) or MAIN, parts[at].lower())
        if path.is_dir() and is_wanted:
            raise UsageError(
                f"{path} is a table of {_log(path)}, whose files also hold rows that are gone: export it"
            )
        if _kind(path) or (is_wanted and _other(path)):
            table = found.setdefault(key, FolderTable(*key, is_wanted))
            table.files[path] = "/".join([*parts[at + 1 :], path.name])
    if not any(table.is_wanted for table in found.values()):
        _require_above(folder, wanted)
    if not found:
        raise UsageError(
            f"{folder} holds no table: no file that ends in .{', .'.join(FORMATS)}. {WHAT_IS_READ}"
        )
    return list(found.values())


def require_folder_of(file: Path) -> None:
    """Raise UsageError, with the folder to give, for a file that is one table of a folder."""
    if _kind(file):
        raise UsageError(f"{file} is one table: give the folder that holds them all, {file.parent}")


def _files(folder: Path, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Yield each file with the names on its way, the last without ending; of a logged table its folder."""
    if len(above) > DEEPEST:
        return
    if above and _log(folder):
        yield above, folder
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) and not path.name.startswith("_airbyte"):
            continue
        if path.is_dir():
            yield from _files(path, (*above, path.name))
        elif path.is_file():
            named = _FILE.fullmatch(path.name)
            yield (*above, named["name"] if named else path.name), path


def _table_at(parts: Sequence[str], wanted: Sequence[str]) -> tuple[int, bool]:
    """Return which part names the table, and whether it is one that is wanted, perhaps with a prefix."""
    for before in ("", "*_"):
        for at, part in enumerate(parts):
            if any(fnmatch(part.lower(), f"{before}{pattern}".lower()) for pattern in wanted):
                return at, True
    return 0, False


def _require_above(folder: Path, wanted: Sequence[str]) -> None:
    """Raise UsageError, with the folder to give, where the folder lies in that of one table."""
    for each in (folder.absolute(), *folder.absolute().parents[:2]):
        if _table_at([each.name], wanted)[1]:
            raise UsageError(
                f"{folder} is one table, or a part of it: give the folder that holds them all, {each.parent}"
            )


def _log(folder: Path) -> str:
    """Return the kind of table that a log in a folder tells of; empty without one."""
    for name, kind in _LOGS.items():
        if (folder / name).is_dir() and (kind != "Iceberg" or any((folder / name).glob("*.json"))):
            return kind
    return ""


def _kind(path: Path) -> str:
    named = _FILE.fullmatch(path.name)
    return FORMATS[named["ending"].lower()] if named else ""


def _other(path: Path) -> str:
    """Return the ending of a file that holds rows which cannot be read; empty for any other file."""
    named = _OTHER.fullmatch(path.name)
    return named[1].lower() if named else ""


def _time(text: str) -> int:
    """Return the time that a path tells, in ms since the epoch; 0 for none."""
    text = re.sub(r"[^/=]*=", "", text).replace("/", "-")  # year=2024/month=05/day=01
    if matched := _EPOCH.search(text):
        return int(matched[1]) * 1000 + int(matched[2] or 0)
    if matched := _DATE.search(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in matched.groups())
        try:
            time = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            return int(time.timestamp()) * 1000
        except ValueError:
            return 0
    return 0
