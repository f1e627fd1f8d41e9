"""The code page of a file that people edit: UTF-8, UTF-16, or Windows-1252 of Western spreadsheets."""

from __future__ import annotations

import re
from pathlib import Path

from leverkit.errors import UsageError

LOOK = 8  # bytes at the beginning of a file that tell its form
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_FOREIGN = re.compile(r"[^\x00-\x7f]{3}")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .ods and .numbers (zip), and .xls


def encoding_of(path: Path, start: bytes) -> tuple[str, bool]:
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


def undecoded(cell: str) -> bool:
    """Return True if bytes in a cell are not UTF-8; they stand there as surrogates."""
    return _NOT_UTF8.search(cell) is not None


def decoded(where: str, cell: str) -> str:
    """Return a cell whose bytes are Windows-1252 as text. Raises UsageError, beginning with `where`, if not.

    In Western languages at most two letters in a row are not ASCII; a word of other languages has more.
    """
    if not undecoded(cell):
        return cell
    try:
        text = cell.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or _FOREIGN.search(text):
        raise UsageError(f"{where}: the file is not UTF-8: save it as CSV UTF-8")
    return text
