"""Readings and ledgers for tests, made from plain Python: an account is what each opportunity has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from leverkit.history.catch_up import CaughtUp, take_reading, take_runs
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import Mark
from leverkit.history.reading import Reading, RunWrites, Seen, Write, tags_text

HOUR = 3_600_000
Account = Mapping[str, tuple[str, Collection[str]]]  # contact and tags of each opportunity


def reading(account: Account, hour: int, **fields: Any) -> Reading:
    """A reading of an account that began at this hour; `anonymized` names opportunities that are."""
    anonymized = fields.pop("anonymized", ())
    rows = [
        Seen(id, contact, tags_text(tags), 1, id in anonymized)
        for id, (contact, tags) in sorted(account.items())
    ]
    counts = Counter(tag for _, tags in account.values() for tag in set(tags))
    given = {"account_ids": ("acc",), "tag_counts": counts, "digest": f"{hour}"}
    return Reading(**given | fields, taken_at=hour * HOUR, rows=rows)


def take(folder: Path, account: Account, hour: int, **fields: Any) -> CaughtUp:
    """Take a reading into the ledger of a folder."""
    options = {name: fields.pop(name) for name in ("unsettled", "max_found_removals") if name in fields}
    with Ledger.open(folder) as ledger:
        return take_reading(ledger, reading(account, hour, **fields), **options)


def wrote(folder: Path, *writes: tuple[float, str, str, str, bool], run: str = "run") -> None:
    """Take writes of ours into the ledger: hour, contact, opportunity, tag, and whether it was added."""
    made = tuple(Write(seq, round(hour * HOUR), *rest) for seq, (hour, *rest) in enumerate(writes, 1))
    with Ledger.open(folder) as ledger:
        take_runs(
            ledger,
            [RunWrites(plan_id=run, folder=run, kind="migrate", entries=len(made), head="h", writes=made)],
        )


def marks(folder: Path, opportunities: Iterable[str]) -> dict[tuple[str, str], str]:
    """The kinds of the marks of these opportunities."""
    with Ledger.open(folder) as ledger:
        found: Mapping[tuple[str, str], Mark] = ledger.view(set(opportunities)).marks
    return {pair: mark.kind for pair, mark in found.items()}
