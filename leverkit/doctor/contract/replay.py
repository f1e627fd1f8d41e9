"""Compare recorded exchanges with the answers of an emulator that was loaded with the recorded account."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from leverkit.doctor.contract.exchange import Exchange, Row
from leverkit.doctor.contract.sample import OPPORTUNITIES
from leverkit.doctor.contract.scrubbing.known import FIELDS
from leverkit.report.text import count
from leverkit.storage.files import read

EXCHANGES = "exchanges.jsonl"
LISTS = (OPPORTUNITIES, "/candidates")
COUNTED = ("/tags", "/sources")  # of all opportunities, of which the recording has some


def recorded(folder: Path) -> list[Exchange]:
    """Return the exchanges of a recording that can be replayed."""
    lines = read(folder / EXCHANGES).splitlines()
    found = [msgspec.json.decode(line, type=Exchange) for line in lines]
    written = next((each.number for each in found if each.method != "GET"), len(found) + 1)
    made = {str(each.data.get("id")) for each in found if is_creation(each)}
    return [
        _before(each, written) for each in found if is_replayed(each) and not made & {*each.path.split("/")}
    ]


def is_creation(exchange: Exchange) -> bool:
    """Return True for the creation of a test opportunity, which an emulator gives another id."""
    return (exchange.method, exchange.path) == ("POST", OPPORTUNITIES)


def is_replayed(exchange: Exchange) -> bool:
    """Return True for an exchange that is no accident and makes nothing new."""
    status = exchange.status
    return status is not None and status != 429 and status < 500 and not is_creation(exchange)


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
    if not isinstance(exchange.data, list) or exchange.path in COUNTED:
        return []
    return _other_rows(exchange, answer)


def _other_rows(exchange: Exchange, answer: Exchange) -> list[str]:
    """Return in which row two pages differ; the emulator has only what was seen, so perhaps no next page."""
    whole = exchange.path in LISTS and "expand" not in exchange.params
    wanted, found = ((_known(each.rows) if whole else each.ids) for each in (exchange, answer))
    if exchange.next:
        found = found[: len(wanted)]
    if found == wanted:
        return []
    pairs = enumerate(zip_longest(wanted, found))
    place = next(place for place, (one, other) in pairs if one != other)
    return [f"{count(len(found), 'row')} for {len(wanted)}; row {place} is another"]


def _known(rows: Iterable[Row]) -> list[Row]:
    """Return rows without fields that Lever may add: the emulator has such fields of its own."""
    return [{name: value for name, value in row.items() if name in FIELDS} for row in rows]
