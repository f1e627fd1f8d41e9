"""Values, counts and shares as text for people, and text that a terminal can be trusted with."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isnan
from numbers import Integral, Real
from unicodedata import category


def cell(value: object) -> str:
    """Return a value as people read it: thousands separated, two decimals, dates without time, yes or ""."""
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
    """Return a share (0 to 1) as a percentage; a dash for None and NaN."""
    return "–" if value is None or isnan(value) else f"{value:.0%}"


def noun(number: int, singular: str, plural: str = "") -> str:
    """Return a noun as it stands after a number: tag after 1, tags after 0 and 2."""
    return singular if number == 1 else plural or singular + "s"


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: 1 tag, 1,234 tags."""
    return f"{number:,} {noun(number, singular, plural)}"


def figures(*counted: tuple[int, str] | tuple[int, str, str]) -> dict[str, object]:
    """Return numbers by their nouns, for `report.html.facts`. Takes a number, its noun, and an odd plural."""
    return {noun(*each): each[0] for each in counted}


def plain(text: str) -> str:
    """Return a text with control, direction and other invisible characters escaped, for a terminal."""
    return "".join(c if category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in text)


def short(identifier: str) -> str:
    """Return the start of an id: enough to find it in a table."""
    return identifier[:8]


def day(at_ms: int) -> str:
    """Return the day (UTC) of a time in milliseconds since the epoch, such as 12 March 2026."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{moment.day} {moment:%B %Y}"
