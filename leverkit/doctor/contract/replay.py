"""Compare recorded exchanges with the answers of an emulator that was loaded with the recorded account."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.sample import OPPORTUNITIES
from leverkit.storage.files import read

EXCHANGES = "exchanges.jsonl"
LISTS = (OPPORTUNITIES, "/candidates")
COUNTED = ("/tags", "/sources")  # of all opportunities, of which the recording has some


def recorded(folder: Path) -> list[Exchange]:
    """Return the exchanges of a recording that can be replayed."""
    lines = read(folder / EXCHANGES).splitlines()
    found = [msgspec.json.decode(line, type=Exchange) for line in lines]
    written = next((each.number for each in found if each.method != "GET"), len(found) + 1)
    return [_before(each, written) for each in found if is_replayed(each)]


def is_replayed(exchange: Exchange) -> bool:
    """Return True for an exchange that is no accident and makes nothing new."""
    status = exchange.status
    return (
        status is not None
        and status != 429
        and status < 500
        and (exchange.method, exchange.path)
        != (
            "POST",
            OPPORTUNITIES,
        )
    )


def _before(exchange: Exchange, written: int) -> Exchange:
    """Return an exchange without the rows of its answer if something had been written by then."""
    if exchange.number < written or exchange.method != "GET" or not exchange.ok:
        return exchange
    return msgspec.structs.replace(exchange, content={})


def may_see_confidential(exchanges: Iterable[Exchange]) -> bool:
    """Return True unless the key was refused confidential opportunities."""
    return not any(each.status == 403 and "confidentiality" in each.params for each in exchanges)


def differences(exchange: Exchange, status: int, content: Any) -> list[str]:
    """Return in what an answer differs from the recorded one: status, code, rows or tags."""
    answer = msgspec.structs.replace(exchange, status=status, content=content)
    if (exchange.status, exchange.code) != (status, answer.code):
        return [f"{exchange.status} {exchange.code} became {status} {answer.code}"]
    if exchange.method != "GET":
        tags, now = (each.data.get("tags") for each in (exchange, answer))
        return [] if tags == now else [f"the tags {tags} became {now}"]
    if not exchange.rows or exchange.path in COUNTED:
        return []
    count = len(exchange.rows)
    if exchange.path in LISTS and "expand" not in exchange.params:
        return [] if answer.rows[:count] == exchange.rows else [f"other rows: {_first(exchange, answer)}"]
    return [] if answer.ids[:count] == exchange.ids else [f"other ids: {_first(exchange, answer)}"]


def _first(exchange: Exchange, answer: Exchange) -> str:
    pairs = zip(exchange.rows, [*answer.rows, *[{}] * len(exchange.rows)], strict=False)
    place, (one, other) = next((at, pair) for at, pair in enumerate(pairs) if pair[0] != pair[1])
    names = [name for name in one if one[name] != other.get(name)]
    return f"row {place}, {', '.join(names) or 'more fields'}"
