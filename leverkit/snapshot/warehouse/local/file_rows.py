"""The SELECT that reads the files of one table, whatever differs between them.

Older files may lack columns, or have them in other types: then each value is read as text. What a file's
name says of its time is a column, so that of several rows the latest is known.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.tables import literal
from leverkit.snapshot.warehouse.local.folder_tables import FolderTable
from leverkit.snapshot.warehouse.values import text_of

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

FILE, TIME = "_leverkit_file", "_file_time"
LARGEST = 1 << 24  # bytes of one JSON object, DuckDB's own limit; a whole listing may be one
LONGEST = 1 << 20  # bytes of a header
SEPARATORS = (",", ";", "\t", "|")
GZIP, ZSTD, UTF16 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"\xff\xfe", b"\xfe\xff")
_ALL = f"union_by_name = true, hive_types_autocast = false, filename = '{FILE}'"
_READERS = {
    "parquet": f"read_parquet([{{files}}], binary_as_string = true, {_ALL})",
    # Quotes may first come late, so all lines are looked at; \N is NULL, and may be an escape.
    # DuckDB finds out what escapes a quote; all else is told, as it may guess that #1 is a comment, or one
    # odd line the form of all.
    "csv": f"(SELECT nullif(COLUMNS(*), '\\N') FROM read_csv([{{files}}], all_varchar = true, header = true, "
    f"sample_size = -1, nullstr = '', comment = '', null_padding = false{{more}}, {_ALL}))",
    "json": f"read_json([{{files}}], maximum_depth = 1, sample_size = -1{{more}}, {_ALL})",
}
_SIGNATURES = """
    SELECT file_name, list(concat_ws(' ', name, type, num_children, converted_type, logical_type::VARCHAR))
    FROM parquet_schema([{files}]) GROUP BY file_name"""


def rows_of(db: Database, table: FolderTable) -> str:
    """Return what stands after FROM for the rows of a table; empty where there is nothing in its files."""
    kind = table.kind
    groups = _groups(db, kind, table.files)
    sources = [_reader(kind, files, more) for more, files in groups]
    if kind == "json":
        sources = [*filter(None, (_plain_json(db, source) for source in sources))]
    elif len(sources) > 1:
        sources = [_as_text(db, source) for source in sources]
    if not sources:
        return ""
    return _with_times(" UNION ALL BY NAME ".join(f"FROM {source}" for source in sources), table.times)


def _groups(db: Database, kind: str, files: Collection[Path]) -> list[tuple[str, list[Path]]]:
    """Return the files in groups that one reader can read, each with its options."""
    if kind == "parquet":
        alike = defaultdict[str, list[Path]](list)
        for name, signature in db.execute(_SIGNATURES.format(files=_listed(files))).fetchall():
            alike[str(signature)].append(Path(name))
        return [("", group) for group in alike.values()]
    by_options = defaultdict[str, list[Path]](list)
    for file in files:
        by_options[_options(kind, file)].append(file)
    return list(by_options.items())


def _options(kind: str, file: Path) -> str:
    """Return what DuckDB has to be told of a text file, beyond what it finds out."""
    with file.open("rb") as opened:
        begin = opened.read(len(ZSTD))
    more = ", compression = 'gzip'" if begin.startswith(GZIP) else ""
    if kind == "csv":
        return more + _dialect(file, begin)
    size = file.stat().st_size
    return f"{more}, maximum_object_size = {size + 1}" if size > LARGEST and not more else more


def _dialect(file: Path, begin: bytes) -> str:
    """Return the encoding of a CSV file, and what separates its values: what is in its header most often."""
    encoding = "utf-16" if begin.startswith(UTF16) else "utf-8"
    try:
        with gzip.open(file) if begin.startswith(GZIP) else file.open("rb") as opened:
            header = opened.readline(LONGEST).decode(encoding, "replace")
    except (OSError, EOFError, zlib.error):  # no gzip, or cut off: DuckDB says which
        header = ""
    bare = re.sub('"[^"]*"', "", header)
    most = max(SEPARATORS, key=bare.count)
    found = f", delim = {literal(most)}, skip = 0" if most in bare and begin != ZSTD else ""
    if found and most != "\t":  # what is separated by tabs is often written without quotes
        found += ", quote = '\"'"
    return f"{found}, encoding = '{encoding}'" if encoding != "utf-8" else found


def _reader(kind: str, files: Iterable[Path], more: str) -> str:
    return _READERS[kind].format(files=_listed(files), more=more)


def _listed(files: Iterable[Path]) -> str:
    return ", ".join(map(literal, files))


def _as_text(db: Database, source: str) -> str:
    columns = db.execute(f"DESCRIBE FROM {source}").fetchall()
    listed = (f"{text_of(_quoted(name), str(kind))} AS {_quoted(name)}" for name, kind, *_ in columns)
    return f"(SELECT {', '.join(listed)} FROM {source})"


def _with_times(query: str, times: dict[Path, int]) -> str:
    if len(set(times.values())) < 2:
        return f"(SELECT * EXCLUDE ({FILE}) FROM ({query}))"
    known = ", ".join(f"({literal(path)}, {time})" for path, time in times.items())
    return (
        f"(SELECT found.* EXCLUDE ({FILE}), known.time AS {TIME} FROM ({query}) AS found "
        f"JOIN (VALUES {known}) AS known(file, time) ON found.{FILE} = known.file)"
    )


def _plain_json(db: Database, source: str) -> str:
    """Return a SELECT of JSON objects with text in each column, without Lever's envelope around them.

    Empty where there is nothing in them.
    """
    columns = [(str(name), str(kind)) for name, kind, *_ in db.execute(f"DESCRIBE FROM {source}").fetchall()]
    names = [name for name, _ in columns]
    if "data" not in names or "id" in names:
        listed = {name: _plain(name, kind) for name, kind in columns}
    else:
        _require_last_page(db, source, names)
        items = "CASE WHEN json_type(data) = 'ARRAY' THEN from_json(data, '[\"JSON\"]') ELSE [data] END"
        source = f"(SELECT unnest({items}) AS record, {FILE} FROM {source})"
        keys = f"SELECT DISTINCT unnest(json_keys(record)) AS key FROM {source} ORDER BY key"
        listed = {str(key): _member(str(key)) for (key,) in db.execute(keys).fetchall()}
        listed |= {FILE: FILE} if listed else {}
    texts = ", ".join(f"{text} AS {_quoted(name)}" for name, text in listed.items())
    return f"(SELECT {texts} FROM {source})" if listed.keys() - {FILE} else ""


def _require_last_page(db: Database, source: str, names: Collection[str]) -> None:
    """Raise UsageError where each page of a listing says that there are more."""
    if "hasNext" not in names:
        return
    more = f"SELECT coalesce(bool_and(\"hasNext\"::VARCHAR = 'true'), false), any_value({FILE}) FROM {source}"
    ((is_cut, file),) = db.execute(more).fetchall()
    if is_cut:
        raise UsageError(
            f"{file}: the last page of this listing is missing: each says that more follow (hasNext)"
        )


def _plain(name: str, kind: str) -> str:
    return f"{_quoted(name)}->>'$'" if kind == "JSON" else f"{_quoted(name)}::VARCHAR"


def _member(key: str) -> str:
    """Return SQL for the text of a member of `record`, by a JSON pointer."""
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"record->>{literal(pointer)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
