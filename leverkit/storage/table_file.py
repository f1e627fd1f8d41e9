"""Frames as files for colleagues: CSV that no spreadsheet changes, and .xlsx with links to click on.

A list becomes a JSON array in its cell, so that a tag with a comma stays one tag.
"""

from __future__ import annotations

import importlib
import json
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.errors import UsageError
from leverkit.extras import require
from leverkit.storage.csv_file import Dialect, guard, render
from leverkit.storage.files import SHARED, naming, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

SUFFIXES = (".csv", ".xlsx")
_WHOLE = ("int64", "int32", "bool")  # of which no value is missing
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_frame(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame as .csv or .xlsx, by the name of the file, and return its path.

    Raises UsageError for another name, for .xlsx without the extra `xlsx`, and for a path that is no file's.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: the name of a table ends in .csv or .xlsx")
    content = _csv(frame) if path.suffix == ".csv" else _workbook(frame)
    with naming(path):
        write_atomic(path, content, mode=SHARED)
    return path


def _value(value: Any) -> Any:
    """Return a cell: a list as JSON, a missing value as None, numbers and times as they are."""
    if isinstance(value, str) or hasattr(value, "tolist"):
        value = value if isinstance(value, str) else value.tolist()
    if isinstance(value, list | tuple):
        return json.dumps(list(value), ensure_ascii=False)
    missing = value is None or type(value).__name__ == "NAType" or value != value
    return None if missing else value


def _csv(frame: pd.DataFrame) -> bytes:
    columns = [_texts(column) for _, column in frame.items()]
    return render(_names(frame), zip(*columns, strict=True), Dialect(bom=True))


def _texts(column: pd.Series[Any]) -> Iterator[str]:
    """Return the cells of a column one by one: a frame may have a row for each of millions of people."""
    if str(column.dtype) in _WHOLE:
        return map(str, column)
    return (_text(_value(value)) for value in column)


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    guarded = guard(value)
    return guarded.removeprefix("'") if value.startswith('["') else guarded  # a list is no number, no date


def _workbook(frame: pd.DataFrame) -> bytes:
    from io import BytesIO

    require("xlsx")
    openpyxl: Any = importlib.import_module("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("leverkit")
    sheet.freeze_panes = "A2"
    cells = importlib.import_module("openpyxl.cell")
    for row in chain((_names(frame),), frame.itertuples(index=False, name=None)):
        sheet.append([_cell(cells.WriteOnlyCell(sheet), _value(value)) for value in row])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(cell: Any, value: Any) -> Any:
    """Fill a cell; a text is never a formula, and an address into the web is a link."""
    if not isinstance(value, str):
        cell.value = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
        return cell
    cell.value = _CONTROL.sub("\ufffd", value)  # which a workbook cannot hold
    cell.data_type = "s"
    if value.startswith("https://"):
        cell.hyperlink = value
    return cell
