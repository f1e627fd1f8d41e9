"""The filters of `GET /opportunities` (section 3.1): different filters are an AND, repeated values an OR."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.config import Config
from leverkit.emulator.response import bad_request

Query = dict[str, list[str]]
Predicate = Callable[[Row], bool]

RANGES = {
    "created_at": "created",
    "updated_at": "updated",
    "advanced_at": "advanced",
    "archived_at": "archived",
}
UNIONS: dict[str, Callable[[Row], Iterable[str | None]]] = {
    "tag": attrgetter("tags"),
    "source": attrgetter("sources"),
    "origin": lambda row: (row.origin,),
    "stage_id": lambda row: (row.stage,),
    "posting_id": lambda row: (row.posting,),
    "archived_posting_id": lambda row: (row.posting,) if row.archived else (),
    "archive_reason_id": lambda row: (row.reason,),
    "contact_id": lambda row: (row.contact,),
    "location": lambda row: (row.location or "unspecified",),
}
FLAGS: dict[str, Callable[[Row, int], bool]] = {
    "archived": lambda row, now: row.archived is not None,
    "snoozed": lambda row, now: row.snoozed is not None and row.snoozed > now,
}
TIMES = [f"{name}_{end}" for name in RANGES for end in ("start", "end")]
PAGING = ("limit", "offset")  # what chooses a page of a listing and no filter
SINGLES = (*TIMES, *FLAGS, "confidentiality", "email", *PAGING, "perform_as")
CONFIDENTIALITY = ("confidential", "non-confidential", "all")


def single(query: Query, name: str) -> str | None:
    """Return the last value of a parameter that takes one value, None if it is absent or empty."""
    values = query.get(name)
    return values[-1] or None if values else None


def milliseconds(query: Query, name: str) -> int | None:
    """Return a time parameter. Raises RequestError 400 if it is not a whole number."""
    text = single(query, name)
    if text is None:
        return None
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise bad_request(f"{name} must be a timestamp in milliseconds")
    return int(text)


def flag(query: Query, name: str) -> bool | None:
    """Return a boolean parameter in any case: published connectors send `True`. Raises RequestError 400."""
    text = (single(query, name) or "").lower()
    if text not in ("", "true", "false"):
        raise bad_request(f"{name} must be true or false")
    return text == "true" if text else None


def _union_predicate(name: str, values: list[str]) -> Predicate:
    wanted, value_of = frozenset(values), UNIONS[name]
    return lambda row: not wanted.isdisjoint(value_of(row))


def _range_predicate(name: str, start: int | None, end: int | None, config: Config) -> Predicate:
    value_of = attrgetter(RANGES[name])
    low = -(1 << 62) if start is None else start + (config.range_ends == "end")
    high = 1 << 62 if end is None else end - (config.range_ends == "start")
    never = name == "updated_at" and config.updated_filter_nulls == "kept"

    def predicate(row: Row) -> bool:
        value: int | None = value_of(row)
        return never if value is None else low <= value <= high

    return predicate


def range_switches(config: Config) -> tuple[str, str]:
    """Return the switches on which ranges depend."""
    return config.range_ends, config.updated_filter_nulls


def _flag_predicate(name: str, wanted: bool, now: int) -> Predicate:
    value_of = FLAGS[name]
    return lambda row: value_of(row, now) is wanted


def predicates(query: Query, *, now: int, config: Config) -> list[Predicate]:
    """Return the predicates of a query, except confidentiality and e-mail."""
    found = [_union_predicate(name, query[name]) for name in UNIONS if query.get(name)]
    for name in RANGES:
        start, end = milliseconds(query, f"{name}_start"), milliseconds(query, f"{name}_end")
        if start is not None or end is not None:
            found.append(_range_predicate(name, start, end, config))
    for name in FLAGS:
        wanted = flag(query, name)
        if wanted is not None:
            found.append(_flag_predicate(name, wanted, now))
    return found


def confidentiality(query: Query) -> str:
    """Return which opportunities or postings are requested; the default is non-confidential (section 1.5)."""
    wanted = single(query, "confidentiality") or "non-confidential"
    if wanted not in CONFIDENTIALITY:
        raise bad_request(f"confidentiality must be one of {', '.join(CONFIDENTIALITY)}")
    return wanted


def fingerprint(query: Query) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a key of a filter: without what pages, and whatever the order of its parameters."""
    names = [name for name in (*UNIONS, *SINGLES) if name not in PAGING]
    return tuple((name, tuple(sorted(query[name]))) for name in names if query.get(name))
