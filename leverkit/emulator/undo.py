"""Taking back what a handler did to opportunities, for answers "200" that have no effect."""

from __future__ import annotations

from collections.abc import Callable

from leverkit.emulator.account import Account
from leverkit.emulator.answers import Answer
from leverkit.emulator.rows import decode


def without_effect(account: Account, handle: Callable[[], Answer]) -> Answer:
    """Return a handler's answer, with every opportunity as it was before, and no event sent."""
    account.changes, emit, left = [], account.emit, dict(account.left)
    account.emit = lambda event, data: None
    try:
        return handle()
    finally:
        changes, account.changes, account.emit, account.left = account.changes, None, emit, left
        for identifier, raw, posting in reversed(changes):
            row = account.rows.get(identifier)
            if row is not None and raw is None:
                account.remove(row)
            elif row is not None and raw is not None:
                account.replace(row, decode(raw), posting=posting)
