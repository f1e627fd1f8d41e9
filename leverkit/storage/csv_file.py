"""CSV files that people edit in a spreadsheet.

Reads what Excel, LibreOffice and Numbers write (BOM, UTF-16, semicolons, tabs, `sep=`, Windows code page,
missing trailing cells) and writes cells that no spreadsheet reads as a formula, a number or a date.
`unguard(guard(text)) == text` for every text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leverkit.errors import UsageError

# A cell is risky if a spreadsheet would calculate it (=, +, -, @, control characters, their full-width
# forms), or would turn it into a number, a date or a truth value ("3.10", "007", "SEPT2", "TRUE").
_RISKY = re.compile(
    r"'*(?:[=+\-@|%\t\r\n＝＋－＠]|[\d.,(]|[^\W\d_]+[\s\-/.]*\d+\Z|(?:true|false)\Z)", re.IGNORECASE
)
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


@dataclass(frozen=True)
class Row:
    """One record: the line on which it starts in the file, and its cells by column name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A CSV file as it was read: column names, records, dialect."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    dialect: Dialect


def guard(text: str) -> str:
    """Return `text` so that a spreadsheet shows it unchanged: with a leading apostrophe if needed."""
    return "'" + text if _RISKY.match(text) else text


def unguard(text: str) -> str:
    """Return the text that `guard` was given; a text that needs no guard is returned unchanged."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text


def read(path: Path) -> Sheet:
    """Read a CSV file; cells are returned as they are in the file, still guarded.

    Raises UsageError, which names file and line, if it cannot be read as a table.
    """
    text, bom = _decode(path)
    text, delimiter, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for record in reader:
            records.append((line + skipped, record))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num + skipped}: not a CSV record: {error}") from None
    if not records:
        raise UsageError(f"{path}: the file is empty; `leverkit policy suggest` writes a new one")
    columns = tuple(cell.strip() for cell in records[0][1])
    rows = tuple(_row(path, columns, number, record) for number, record in records[1:] if any(record))
    return Sheet(columns, rows, Dialect(delimiter, bom))


def render(columns: Sequence[str], rows: Iterable[Sequence[str]], dialect: Dialect) -> bytes:
    """Return a CSV file as UTF-8; lines end with CR LF (RFC 4180). The caller guards text cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig" if dialect.bom else "utf-8")


def number(text: str) -> float | None:
    """Return a number as spreadsheets write it (`0.97`, `0,97`, `97 %`); None for anything else."""
    plain = unguard(text.strip()).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return None


def _row(path: Path, columns: tuple[str, ...], line: int, record: list[str]) -> Row:
    surplus = [cell for cell in record[len(columns) :] if cell.strip()]
    if surplus:
        raise UsageError(
            f"{path}, line {line}: {len(record)} cells, but the header has {len(columns)} columns; "
            "put quotes around cells that contain the delimiter"
        )
    cells = record + [""] * (len(columns) - len(record))
    return Row(line, {name: _legacy(cell) for name, cell in zip(columns, cells, strict=False) if name})


def _decode(path: Path) -> tuple[str, bool]:
    """Return the text, and True if it had a BOM; bytes that are not UTF-8 stay as surrogates."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if content.startswith(_WORKBOOKS):
        raise UsageError(
            f"{path}: this is a workbook (Excel, LibreOffice or Numbers), not a CSV file: open it in the "
            "spreadsheet and save it as CSV (UTF-8)"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), True
    bom = content.startswith(b"\xef\xbb\xbf")
    return content.decode("utf-8-sig" if bom else "utf-8", errors="surrogateescape"), bom


def _legacy(cell: str) -> str:
    """Return a cell decoded, if a spreadsheet wrote it in the Windows code page into a UTF-8 file."""
    if not any("\udc80" <= character <= "\udcff" for character in cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", errors="replace")


def _delimiter(text: str) -> tuple[str, str, int]:
    """Return the text without Excel's `sep=` line, the delimiter, and the number of skipped lines."""
    head, _, rest = text.partition("\n")
    declared = re.fullmatch(r'"?sep=(.)"?\r?', head)
    if declared:
        return rest, declared[1], 1
    return text, max(_DELIMITERS, key=head.count), 0
