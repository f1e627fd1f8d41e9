"""CSV files that people edit in a spreadsheet.

Reads what Excel, LibreOffice and Numbers write (BOM, UTF-16, semicolons, tabs, `sep=`, Windows code page,
missing trailing cells) and writes cells that no spreadsheet reads as a formula, a number or a date.
`unguard(guard(text)) == text` for every text.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leverkit.errors import UsageError
from leverkit.storage import files

if TYPE_CHECKING:
    import pandas as pd

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
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_DELIMITERS = (",", ";", "\t")
_WORKBOOKS = (
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
)  # first bytes of .xlsx, .ods and .numbers (zip), and of .xls


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
    """A CSV file as it was read: column names, records, dialect."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    dialect: Dialect


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


def read(path: Path) -> Sheet:
    """Read a CSV file; cells are returned as they are in the file, still guarded.

    Raises UsageError, which names file and line, if it cannot be read as a table.
    """
    with table(path) as (columns, dialect, rows):
        return Sheet(columns, tuple(rows), dialect)


@contextmanager
def table(path: Path) -> Iterator[tuple[tuple[str, ...], Dialect, Iterator[Row]]]:
    """Open a CSV file; yield its columns, its dialect and its records, which are read one by one.

    Raises as `read`, also while the records are read.
    """
    try:
        with files.open_for_reading(path) as file:
            encoding, bom = _encoding(path, file.peek(len(_WORKBOOKS[1])))
            errors = "replace" if encoding == "utf-16" else "surrogateescape"
            text = io.TextIOWrapper(file, encoding, errors, newline="")
            head = text.readline()
            declared = re.fullmatch(r'"?sep=(.)"?\r?\n?', head)
            delimiter = declared[1] if declared else max(_DELIMITERS, key=head.count)
            lines = text if declared or not head else chain((head,), text)
            records = _records(path, lines, delimiter, skipped=bool(declared))
            first = next(records, None)
            if first is None:
                raise UsageError(f"{path}: the file is empty; `leverkit policy suggest` writes a new one")
            columns = tuple(cell.strip() for cell in first[1])
            rows = (_row(path, columns, number, record) for number, record in records if any(record))
            yield columns, Dialect(delimiter, bom), rows
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None


def _records(
    path: Path, lines: Iterable[str], delimiter: str, *, skipped: bool
) -> Iterator[tuple[int, list[str]]]:
    """Yield the records, each with the line on which it starts."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            yield line + skipped, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num + skipped}: not a CSV record: {error}") from None


def render(columns: Sequence[str], rows: Iterable[Sequence[str]], dialect: Dialect) -> bytes:
    """Return a CSV file as UTF-8; lines end with CR LF (RFC 4180). The caller guards text cells."""
    written = io.BytesIO(codecs.BOM_UTF8 * dialect.bom)
    written.seek(0, io.SEEK_END)
    for row in chain((columns,), rows):
        line = dialect.delimiter.join(_quoted(cell, dialect.delimiter) for cell in row)
        written.write(f"{line}\r\n".encode())
    return written.getvalue()


def frame_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as the content of a CSV file, its texts guarded against spreadsheets."""
    rows = [
        [
            "" if value is None or value != value else guard(value) if isinstance(value, str) else str(value)
            for value in row
        ]
        for row in frame.itertuples(index=False, name=None)
    ]
    return render([str(name) for name in frame.columns], rows, Dialect())


def number(text: str) -> float | None:
    """Return a number as spreadsheets write it (`0.97`, `0,97`, `97 %`); None for anything else."""
    plain = unguard(text.strip()).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return None


def _quoted(cell: str, delimiter: str) -> str:
    """Return a cell in quotes if any usual separator is in it, or a blank at an end of it."""
    if delimiter not in cell and not _QUOTED.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def _row(path: Path, columns: tuple[str, ...], line: int, record: list[str]) -> Row:
    surplus = [cell for cell in record[len(columns) :] if cell.strip()]
    if surplus:
        raise UsageError(
            f"{path}, line {line}: {len(record)} cells, but the header has {len(columns)} columns; "
            "put quotes around cells that contain the delimiter"
        )
    cells = record + [""] * (len(columns) - len(record))
    return Row(line, {name: _legacy(cell) for name, cell in zip(columns, cells, strict=False) if name})


def _encoding(path: Path, start: bytes) -> tuple[str, bool]:
    """Return the encoding of a file that begins so, and True if it has a BOM.

    Bytes that are not UTF-8 stay as surrogates.
    """
    if start.startswith(_WORKBOOKS):
        raise UsageError(
            f"{path}: this is a workbook (Excel, LibreOffice or Numbers), not a CSV file: open it in the "
            "spreadsheet and save it as CSV (UTF-8)"
        )
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", True
    bom = start.startswith(b"\xef\xbb\xbf")
    return ("utf-8-sig" if bom else "utf-8"), bom


def _legacy(cell: str) -> str:
    """Return a cell decoded, if a spreadsheet wrote it in the Windows code page into a UTF-8 file."""
    if cell.isascii() or not _NOT_UTF8.search(cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", errors="replace")
