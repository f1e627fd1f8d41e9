"""An emulated account in which everything that may be about somebody carries a mark."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from leverkit.emulator.account.account import Account
from leverkit.emulator.response import decode

MARK = "Plantagenet"
KEPT = {
    "id",
    "contact",
    "stage",
    "toStageId",
    "confidentiality",
    "origin",
    "reason",
    "urls",
    "state",
    "status",
}
KEPT |= {"type", "owner", "sourcedBy", "followers", "applications", "pipeline", "userId"}


def plant(account: Account) -> None:
    """Mark every text of opportunities, postings, stages and reasons, and add fields and keys of its own."""
    numbers = itertools.count()
    for row in list(account.rows.values()):
        value = _marked("", decode(row.raw), numbers)
        value["emails"] = [f"{MARK}.{next(numbers)}@example.org"]
        value["phones"] = [
            {"type": MARK, "value": f"{MARK} {next(numbers)}"},
            {MARK: {f"{MARK} key": 441700900123}},
        ]
        account.replace(row, value)
    for posting in account.postings.values():
        posting |= _marked("", posting, numbers)
    account.stages = [stage | {"text": f"{MARK} {stage['text']}"} for stage in account.stages]
    for reason in account.archive_reasons:
        reason["text"] = f"{MARK} {reason['text']}"


def _marked(key: str, value: Any, numbers: Iterator[int]) -> Any:
    if isinstance(value, dict):
        return {name: _marked(name, each, numbers) for name, each in value.items()}
    if isinstance(value, list):
        return [_marked(key, each, numbers) for each in value]
    if isinstance(value, str) and key not in KEPT:
        return f"{MARK} {value or next(numbers)}"
    return value


def secrets_of(account: Account) -> set[str]:
    """Return what must not be in a scrubbed recording: the mark, ids, times, the account's own texts."""
    rows = [decode(row.raw) for row in account.rows.values()]
    ids = {row[name] for row in rows for name in ("id", "contact", "owner") if row[name]}
    times = {str(row[name]) for row in rows for name in ("createdAt", "lastAdvancedAt")}
    others = {*account.postings, *(reason["id"] for reason in account.archive_reasons)}
    return {MARK, MARK.lower(), MARK.upper(), MARK.swapcase(), "441700900123", *ids, *times, *others}
