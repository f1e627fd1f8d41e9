"""Taking back what a handler did, for answers "200" that have no effect."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from leverkit.emulator.account import Account
from leverkit.emulator.answers import Answer
from leverkit.emulator.rows import decode

PLAIN = (
    "postings",
    "users",
    "lists",
    "webhooks",
    "uploads",
    "left",
)  # what handlers change beside opportunities


def without_effect(account: Account, ids: list[str], handle: Callable[[], Answer]) -> Answer:
    """Return a handler's answer, with everything as it was before, and no event sent.

    `ids` are those of the request's path: what hangs on any other opportunity is not touched by it.
    """
    plain = {name: deepcopy(getattr(account, name)) for name in PLAIN}
    hanging = _hanging(account, ids)
    account.changes, emit = [], account.emit
    account.emit = lambda event, data: None
    try:
        return handle()
    finally:
        changes, account.changes, account.emit = account.changes, None, emit
        for name, value in plain.items():
            setattr(account, name, value)
        _restore(account, changes)
        for key in _hanging(account, [*ids, *(identifier for identifier, _, _ in changes)]):
            del account.children[key]
        account.children.update(hanging)


def _hanging(account: Account, ids: list[str]) -> dict[tuple[str, str], list[Any]]:
    """Return copies of what hangs on some opportunities."""
    wanted = set(ids)
    return {key: deepcopy(items) for key, items in account.children.items() if key[1] in wanted}


def _restore(account: Account, changes: list[tuple[str, bytes | None, str | None]]) -> None:
    for identifier, raw, posting in reversed(changes):
        row = account.rows.get(identifier)
        if row is not None and raw is None:
            account.remove(row)
        elif row is not None and raw is not None:
            account.replace(row, decode(raw), posting=posting)
