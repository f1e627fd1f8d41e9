"""Make a ledger again beside the old one, and put it in its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from leverkit.errors import Refused
from leverkit.history.catch_up import CaughtUp, take_reading, take_runs
from leverkit.history.ledger import WAIT, Ledger, ledger_file, lock_file
from leverkit.history.merge_table import REMOVED
from leverkit.history.reading import Reading, RunWrites, tags_of
from leverkit.history.tables import KnownRun
from leverkit.storage.files import sync
from leverkit.storage.lock import hold
from leverkit.storage.sqlite import sound

_KEPT = {
    "meta": "SELECT * FROM meta WHERE name = 'account_ids'",
    "readings": "SELECT * FROM readings",  # marks and gaps name them, so the numbers go on
    "base": "SELECT * FROM base",
    "marks": "SELECT * FROM marks WHERE kind NOT IN ('added by us', 'taken back', 'not kept')",
    "considered": "SELECT * FROM considered",
}  # not `decisions`: an old copy may lack what people removed, so a person reads the next plan
FOREIGN = "the old ledger belonged to another account; nothing was kept from it"
LOST = "the old ledger could not be read: earlier removals by others are no longer known"


class Kept(msgspec.Struct, frozen=True):
    """What only the old ledger knows: its runs, and rows of other tables by their names."""

    runs: tuple[KnownRun, ...] = ()
    rows: tuple[tuple[str, tuple[tuple[object, ...], ...]], ...] = ()
    odd: tuple[str, ...] = ()

    @classmethod
    def of(cls, account_folder: Path, account_ids: Collection[str]) -> Kept:
        """Read it from the ledger of an account; nothing where it is another account's, or damaged."""
        try:
            ledger = Ledger.find(account_folder)
            if ledger is None:
                return cls()
            with ledger, sound(ledger.path, "the ledger"):
                if ledger.last.number and ledger.account_ids.isdisjoint(account_ids):
                    return cls(odd=(FOREIGN,))
                rows = ((table, tuple(ledger.rows(query).fetchall())) for table, query in _KEPT.items())
                return cls(tuple(ledger.runs()), tuple(rows))
        except Refused:
            return cls(odd=(LOST,))


def rebuild(account_folder: Path, kept: Kept, runs: Iterable[RunWrites], reading: Reading) -> CaughtUp:
    """Make the ledger of an account from what was kept of the old one, all its runs and a reading."""
    path = ledger_file(account_folder)
    with hold(lock_file(path), purpose="rebuild the ledger", wait=WAIT):
        draft = path.parent / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        with Ledger.open(draft) as ledger:
            with ledger.writing() as db:
                for table, rows in (each for each in kept.rows if each[1]):
                    values = ", ".join("?" * len(rows[0]))
                    db.executemany(f"INSERT INTO {table} VALUES ({values})", rows)
            odd = take_runs(ledger, runs)
            found = take_reading(ledger, reading, limited=False)
            with ledger.writing() as db:
                _end_removals(db)
        _remove(path)
        ledger_file(draft).replace(path)
        sync(path.parent)
        shutil.rmtree(draft)
    return msgspec.structs.replace(found, odd=(*kept.odd, *odd))


def _end_removals(db: sqlite3.Connection) -> None:
    """Delete what was kept of removals that have ended since: the tag is there."""
    kinds = ", ".join(f"'{kind}'" for kind in REMOVED)
    rows = db.execute(
        f"SELECT opportunity, tag, tags FROM marks JOIN base USING (opportunity) WHERE kind IN ({kinds})"
    )
    ended = [(opportunity, tag) for opportunity, tag, tags in rows if tag in tags_of(tags)]
    db.executemany("DELETE FROM marks WHERE opportunity = ? AND tag = ?", ended)


def _remove(path: Path) -> None:
    """Remove a ledger, what SQLite keeps beside it first."""
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")
