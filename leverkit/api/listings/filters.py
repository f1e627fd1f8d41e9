"""Filters of a listing, checked before anything is sent: their names, their times, and that none is empty.

Lever ignores a parameter that it does not know, and an empty one: a misspelt filter would read everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from leverkit.api.listings.catalogue import CHOICES, Kind, Listing
from leverkit.errors import UsageError, did_you_mean

SECONDS = range(100_000_000, 100_000_000_000)  # as milliseconds 1970 to 1973; as seconds, from 1973 on
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def checked(listing: Listing, given: Mapping[str, Any], *, paging: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the query of filters as Lever takes them. `paging` may be among them too.

    Raises UsageError for a name that Lever does not document, an empty value, or one of the wrong kind.
    """
    query: dict[str, Any] = {}
    for name, value in given.items():
        kind = listing.filters.get(name)
        if kind is None and name not in paging:
            raise UsageError(_unknown(listing, name, paging))
        sent = _sent_name(name, kind, value)
        query[sent] = value if kind is None else _value(name, kind, value)
    return query


def path_of(text: str) -> str:
    """Return a path of the API. Raises UsageError where filters or a whole address are in it."""
    if "?" in text or "#" in text or "://" in text:
        raise UsageError(f"{text.partition('?')[0]}: name a path of the API, and filters as parameters")
    return "/" + text.strip("/")


def _unknown(listing: Listing, name: str, paging: tuple[str, ...]) -> str:
    known = [*listing.filters, *paging]
    hint = did_you_mean(name, known) or f"; it takes {', '.join(known) or 'none'}."
    through = f"extra={{{name!r}: …}} sends it all the same"
    return f"{listing.path} has no filter {name}{hint} Nothing was sent; {through}"


def _sent_name(name: str, kind: Kind | None, value: object) -> str:
    """Return the name that Lever documents: several roles are sent with brackets."""
    return f"{name}[]" if kind == "roles" and not isinstance(value, str) else name


def _value(name: str, kind: Kind, value: Any) -> Any:
    if value is None or (isinstance(value, Sized) and len(value) == 0):
        raise UsageError(f"{name} is empty: Lever would leave it out and send everything. Nothing was sent")
    return VALUES[kind](name, value)


def _texts(name: str, value: Any) -> list[str]:
    """Return one text or several as a list. Raises UsageError for anything else, and for an empty text."""
    try:
        found = [value] if isinstance(value, str) else [*value]
    except TypeError:
        found = [value]
    wrong = next((each for each in found if not isinstance(each, str)), None)
    if wrong is not None:
        raise UsageError(f"{name} must be a text or a list of texts, not a {type(wrong).__name__}")
    if "" in found:
        raise UsageError(f"{name} holds an empty text: Lever would take it for none. Nothing was sent")
    return found


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a text, not a {type(value).__name__}")
    return value


def _choices(name: str, value: Any) -> list[str]:
    found = _texts(name, value)
    for each in found:
        if each not in CHOICES[name]:
            raise UsageError(f"{name} must be one of {', '.join(CHOICES[name])}. Nothing was sent")
    return found


def _choice(name: str, value: Any) -> str:
    return _choices(name, _text(name, value))[0]


def _flag(name: str, value: Any) -> str:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise UsageError(f"{name} must be True or False")
    return text


def milliseconds(name: str, value: Any) -> int:
    """Return a moment as Lever has it: milliseconds since epoch.

    A date is the whole day, UTC: its first millisecond, or for a filter `…_end` its last. Raises UsageError
    for a datetime without a zone, a number of seconds, and anything else.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"{name} has no time zone: datetime(…, tzinfo=UTC), so that nobody has to guess")
        return (value - EPOCH) // MILLISECOND
    if isinstance(value, date):
        start = milliseconds(name, datetime.combine(value, time(), UTC))
        return start + 86_400_000 - 1 if name.endswith("_end") else start
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{name} must be a datetime with a time zone, a date, or milliseconds since epoch")
    if value in SECONDS:
        raise UsageError(f"{name} looks like seconds: Lever takes milliseconds since epoch")
    return value


VALUES: Mapping[Kind, Callable[[str, Any], Any]] = {
    "time": milliseconds,
    "text": _text,
    "texts": _texts,
    "roles": _texts,
    "flag": _flag,
    "choice": _choice,
    "choices": _choices,
}
