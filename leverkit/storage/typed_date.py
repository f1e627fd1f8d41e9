"""Dates as people and spreadsheets write them: 11/27/2026 9:15, 27.11.2026, Nov 27, 2026, 2026年11月27日."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

_NUMBERS = re.compile(r"(\d{1,4})[\s./年-]+(\d{1,2})[\s./月-]+(\d{1,4})(?!\d)")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_NAMED = re.compile(
    rf"{_MONTH}[\s.-]*(\d{{1,2}})(?:st|nd|rd|th)?[\s,.-]+(\d{{4}}|\d\d)(?!\d)|"
    rf"(\d{{1,2}})[\s.-]*{_MONTH}[\s,.-]+(\d{{4}}|\d\d)(?!\d)",
    re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_FAR = timedelta(hours=14)  # the time zone that is farthest from UTC


def days(text: str) -> frozenset[date]:
    """Return the days that a text may mean; two for 5/11/2026, none where it begins with no date."""
    found: set[date] = set()
    for year, month, day in _readings(text.strip()):
        try:
            found.add(date(year + 2000 * (year < 100), month, day))
        except ValueError:
            continue
    return frozenset(found)


def _readings(text: str) -> Iterator[tuple[int, int, int]]:
    if numbers := _NUMBERS.match(text):
        first, second, third = map(int, numbers.groups())
        if len(numbers[1]) == 4:
            yield first, second, third
        else:
            yield third, second, first
        if len(numbers[1]) < 4 and "." not in numbers[0]:  # with dots, the day is always first
            yield third, first, second
    if named := _NAMED.match(text):
        name, day, year = (named[1], named[2], named[3]) if named[1] else (named[5], named[4], named[6])
        yield int(year), _MONTHS.index(name[:3].lower()) + 1, int(day)


def span(text: str) -> tuple[datetime, datetime]:
    """Return the earliest and the latest time that a text may mean.

    They are equal for a time with its zone, as leverkit writes it. What a person typed has no zone, and
    may be any time of the day. A text that is no date may be any time; an empty one is the earliest.
    """
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if not text.strip():
        return first, first
    try:
        exact = datetime.fromisoformat(text.strip())
        if exact.tzinfo:
            return exact, exact
    except ValueError:
        pass
    midnights = [datetime.combine(day, time(), UTC) for day in days(text)]
    if not midnights:
        return first, last
    return min(midnights) - _FAR, max(midnights) + timedelta(days=1) + _FAR
