"""What an account holds, as a value to compare: the same before and after means nothing has changed."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account import Account


def summary(account: Account) -> dict[str, Any]:
    """Return tags, contact, stage, archive state of every opportunity, tag counts, and what was deleted."""
    rows = sorted(account.rows.values(), key=lambda row: row.id)
    return {
        "opportunities": {row.id: sorted(row.tags) for row in rows},
        "contacts": {row.id: row.contact for row in rows},
        "stages": {row.id: row.stage for row in rows},
        "archived": {row.id: row.reason for row in rows if row.archived is not None},
        "tags": dict(sorted(account.tags.items())),
        "deleted": [each["id"] for each in account.deleted],
    }
