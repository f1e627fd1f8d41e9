"""CSV files that people edit in a spreadsheet.

Reads what Excel, LibreOffice and Numbers write (BOM, UTF-16, semicolons, tabs, `sep=`, Windows code page,
missing trailing cells) and writes cells that no spreadsheet reads as a formula, a number or a date.
`unguard(guard(text)) == text` for every text.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from leverkit.errors import UsageError
from leverkit.storage import files
from leverkit.storage.code_page import LOOK, decoded, encoding_of, undecoded

_BLANKS = "\\s\\u200b\\u2060\\ufeff"
_FORMULA = "=+\\-@%＝＋－＠"
_CURRENCY = "$¢-¥֏؋৲৳฿៛₠-⃀﷼﹩＄￠￡￥￦"
# What a spreadsheet would calculate, or turn into a number: by its first character.
_START = re.compile(rf"[{_BLANKS}]*[{_FORMULA}{_CURRENCY}\d.,(|]|[\t\r\n]")
# The end of a number, date or time: a digit, maybe with a unit, "pm" or a Japanese or Korean day behind it.
_END = re.compile(
    rf"\d[\W_]*(?:[ap]\.?m\.?|st|nd|rd|th|[{_CURRENCY}年月日時分秒년월일])?[\W_]*\Z", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_年月日時分秒년월일]+")
_WORDS = 3  # most words in a date: weekday, month, "pm"
_TRUTH = """true false wahr falsch vrai faux verdadero falso vero verdadeiro verdade waar onwaar sant falskt
    sand falsk sann usann tosi epätosi prawda fałsz pravda nepravda istina neistina laž igaz hamis doğru
    yanliş yanlış истина ложь істина хибність исина вярно невярно adevărat fals αληθησ αληθής ψευδησ ψευδής
    tõene väär cert patiess aplams tiesa netiesa benar salah resnica neresnica egia faltsua đúng sai"""
_TRUTH_WORDS = frozenset(word.casefold() for word in _TRUTH.split())
# A formula behind a separator would be a cell where the spreadsheet splits at another one than ours.
_SEPARATORS = ";,|\t\r\n"
_INNER = rf"'*[^\S{_SEPARATORS}]*[{_FORMULA}]"
_UNGUARDED = re.compile(rf"(?<=[{_SEPARATORS}])(?={_INNER})")
_GUARDED = re.compile(rf"(?<=[{_SEPARATORS}])'(?={_INNER})")
_QUOTED = re.compile(rf'["{_SEPARATORS}]|^\s|\s$')
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’\s]\d{2,3})*[.,'’\s]\d{3}(?:[.,]0{1,2})?")
_ABOVE = 5  # most lines above a header
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Dialect:
    """The form of a file: its delimiter, and `bom` if it starts with a byte order mark."""

    delimiter: str = ","
    bom: bool = False


class Row(NamedTuple):
    """One record: the line on which it starts in the file, and its cells by column name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A CSV file as it was read: its names, records, dialect; `utf8` is False if a code page was guessed."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    dialect: Dialect
    header: int = 1
    utf8: bool = True


@lru_cache(maxsize=10_000)  # a plan has many rows of few tags
def guard(text: str) -> str:
    """Return `text` so that no spreadsheet changes or calculates it: with apostrophes where needed."""
    inside = _UNGUARDED.sub("'", text)
    return "'" + inside if _is_risky(inside) else inside


@lru_cache(maxsize=10_000)
def unguard(text: str) -> str:
    """Return the text that `guard` was given; a text that needs no guard is returned unchanged."""
    inside = text[1:] if text.startswith("'") and _is_risky(text) else text
    return _GUARDED.sub("", inside)


def _is_risky(text: str) -> bool:
    """Return True if a spreadsheet would calculate a cell, or read it as a number, date or truth value."""
    text = text.lstrip("'")
    if _START.match(text) or text.strip().casefold() in _TRUTH_WORDS:
        return True
    return _END.search(text) is not None and len(_WORD.findall(text)) <= _WORDS


def read(path: Path, *, needed: str = "") -> Sheet:
    """Read a CSV file; cells are returned as they are in the file, still guarded.

    The header is the first line that is not empty; with `needed`, one of the first lines with this column.
    Raises UsageError, which names file and line, if it cannot be read as a table, or is in a code page that
    is neither UTF-8, UTF-16 nor Windows-1252.
    """
    with _opened(path, needed) as (columns, dialect, header, records):
        found = tuple(records)
    utf8 = not any(undecoded(cell) for cell in chain(columns, *(row.cells.values() for row in found)))
    rows = found if utf8 else tuple(_decoded(path, row) for row in found)
    return Sheet(columns, rows, dialect, header, utf8)


@contextmanager
def table(path: Path) -> Iterator[tuple[tuple[str, ...], Dialect, Iterator[Row]]]:
    """Open a CSV file; yield its columns, its dialect and its records, which are read one by one.

    Raises as `read`, also while the records are read.
    """
    with _opened(path, "") as (columns, dialect, _, rows):
        yield columns, dialect, (_decoded(path, row) for row in rows)


@contextmanager
def _opened(path: Path, needed: str) -> Iterator[tuple[tuple[str, ...], Dialect, int, Iterator[Row]]]:
    """Open a CSV file; yield columns, dialect, the line of the header, and records with bytes undecoded."""
    try:
        with files.open_for_reading(path) as file:
            encoding, bom = encoding_of(path, file.peek(LOOK))
            errors = "replace" if encoding == "utf-16" else "surrogateescape"
            text = io.TextIOWrapper(file, encoding, errors, newline="")
            header, delimiter, above = _header(path, text, needed)
            records = _records(path, chain((header,), text), delimiter, above=above)
            first = next(records, None)
            if first is None:
                raise UsageError(f"{path}: the file is empty; `leverkit policy suggest` writes a new one")
            columns = tuple(cell.strip() for cell in first[1])
            rows = (_row(path, columns, number, record) for number, record in records if any(record))
            yield columns, Dialect(delimiter, bom), first[0], rows
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None


def _header(path: Path, text: Iterable[str], needed: str) -> tuple[str, str, int]:
    """Return the line with the names of the columns, its delimiter, and the number of lines above it.

    Spreadsheets may put `sep=`, an empty line, or the name of the table above it. Raises UsageError where
    none of the first lines has the column `needed`.
    """
    declared = ""
    first = ""
    for above, line in enumerate(islice(text, _ABOVE + 1)):
        if separator := re.fullmatch(r'"?sep=(.)"?\r?\n?', line):
            declared = separator[1]
            continue
        delimiter = declared or max(_DELIMITERS, key=line.count)
        names = [name.strip(' "\r\n').casefold() for name in line.split(delimiter)]
        if needed in names or (not needed and any(names)):
            return line, delimiter, above
        first = first or line.strip()
    if not first:
        raise UsageError(f"{path}: the file is empty; `leverkit policy suggest` writes a new one")
    if "\0" in first:
        raise UsageError(f"{path} is not a text file: name the file that `policy suggest` wrote")
    raise UsageError(
        f"{path}, line 1 is no header: no column {needed!r} in {first[:80]!r}, nor in the lines below"
    )


def _records(
    path: Path, lines: Iterable[str], delimiter: str, *, above: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the records, each with the line on which it starts."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            yield line + above, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num + above}: not a CSV record: {error}") from None


def render(columns: Sequence[str], rows: Iterable[Sequence[str]], dialect: Dialect) -> bytes:
    """Return a CSV file as UTF-8; lines end with CR LF (RFC 4180). The caller guards text cells."""
    written = io.BytesIO(codecs.BOM_UTF8 * dialect.bom)
    written.seek(0, io.SEEK_END)
    for row in chain((columns,), rows):
        line = dialect.delimiter.join(_quoted(cell, dialect.delimiter) for cell in row)
        written.write(f"{line}\r\n".encode())
    return written.getvalue()


def number(text: str) -> float | None:
    """Return a number as spreadsheets write it (`0.97`, `0,97`, `97 %`); None for anything else."""
    plain = unguard(text.strip()).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        found = float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def whole(text: str) -> int | None:
    """Return a whole number, also with separators (`1,234`, `1.234`, `1 234.00`); None for anything else."""
    plain = unguard(text.strip())
    if _THOUSANDS.fullmatch(plain):
        return int(re.sub(r"[.,]0{1,2}\Z|\D", "", plain))
    found = number(plain)
    return int(found) if found is not None and found.is_integer() else None


def _quoted(cell: str, delimiter: str) -> str:
    """Return a cell in quotes if any usual separator is in it, or a blank at an end of it."""
    if delimiter not in cell and not _QUOTED.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def _row(path: Path, columns: tuple[str, ...], line: int, record: list[str]) -> Row:
    surplus = [cell for cell in record[len(columns) :] if cell.strip()]
    if surplus:
        raise UsageError(
            f"{path}, line {line}: more cells ({len(record)}) than columns in the header ({len(columns)}); "
            "put quotes around cells that contain the delimiter"
        )
    cells = record + [""] * (len(columns) - len(record))
    return Row(line, {name: cell for name, cell in zip(columns, cells, strict=False) if name})


def _decoded(path: Path, row: Row) -> Row:
    """Return a record with the cells decoded that a spreadsheet wrote in the Windows code page."""
    if all(cell.isascii() or not undecoded(cell) for cell in row.cells.values()):
        return row
    where = f"{path}, line {row.line}"
    return Row(row.line, {name: decoded(where, cell) for name, cell in row.cells.items()})
