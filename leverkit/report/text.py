"""report.text."""

from __future__ import annotations

from math import isnan
from numbers import Integral, Real
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    pass


def cell(value: object) -> str:
    """Return a value as people read it: thousands apart, two decimals, dates without time, yes or nothing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return "–"
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else ""
    if isinstance(value, str):
        return value
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return "–" if isnan(value) else f"{float(value):,.2f}"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d"))
    return ", ".join(map(cell, value)) if isinstance(value, list | tuple) else str(value)


def share(value: float | None) -> str:
    """Return a share (0 to 1) as a percentage; a dash where there is none."""
    return "–" if value is None or isnan(value) else f"{value:.0%}"


def count(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun: 1 tag, 1,234 tags."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def plain(text: str) -> str:
    """Return a text as a terminal can show it: control, direction and other unseen characters are escaped."""
    return "".join(c if category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in text)


def short(identifier: str) -> str:
    """Return the start of an id: enough to find it again in a table, and no name."""
    return identifier[:8]
