"""Remove erased people from a ledger, and find who was erased by what it knows."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

from leverkit.errors import Locked
from leverkit.history.ledger import Ledger
from leverkit.history.tables import AMONG, EVENTS, SHORT


def erased(ledger: Ledger, contacts: Collection[str], *, anonymized: bool) -> tuple[set[str], set[str]]:
    """Return the opportunities and contacts that are to be forgotten.

    They are these contacts and all of theirs, and with `anonymized` the opportunities that were anonymized or
    deleted in Lever, with each contact of whom no opportunity is left.
    """
    people = json.dumps(sorted(contacts))
    of_contacts = "SELECT opportunity FROM {} WHERE contact " + AMONG
    query = " UNION ".join(map(of_contacts.format, ("base", "events", "marks")))
    opportunities = {id for (id,) in ledger.rows(query, people, people, people)}
    found = set(contacts)
    if anonymized:
        gone = "SELECT opportunity, contact FROM events WHERE kind IN ('anonymized', 'deleted')"
        rows = ledger.rows(f"{gone} AND opportunity NOT IN (SELECT opportunity FROM base)").fetchall()
        opportunities |= {opportunity for opportunity, _ in rows}
        here = {known.contact for known in ledger.base_of({contact for _, contact in rows})}
        found |= {contact for _, contact in rows} - here
    return opportunities - {""}, found - {""}


def forget(
    account_folder: Path,
    opportunities: Collection[str],
    contacts: Collection[str],
    *,
    plans: Mapping[str, str],
    digests: Mapping[str, str],
) -> int:
    """Remove opportunities and contacts from the ledger, and return how many rows were removed.

    Their bytes are overwritten, and what a killed rebuild left is removed. `plans` and `digests` are the new
    ids of plans, and hashes of snapshots, by the old ones. Raises Locked while another process reads the
    ledger, which keeps its bytes there.
    """
    ledger = Ledger.find(account_folder)
    if ledger is None:
        return 0
    with ledger:
        with ledger.writing() as db:
            shutil.rmtree(ledger.path.with_name("draft"), ignore_errors=True)
            db.execute("PRAGMA secure_delete = ON")
            for trigger in ("never_deleted", "never_updated"):
                db.execute(f"DROP TRIGGER {trigger}")
            removed = _delete(db, opportunities, contacts)
            _rename(db, plans, digests)
            for statement in EVENTS.split("END;")[:-1]:
                db.execute(f"{statement} END")
        ledger.rows("VACUUM")
        ((kept, *_),) = ledger.rows("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if kept:
            raise Locked(
                f"{ledger.path}: another process reads it, so who was forgotten is still in the file. "
                "Once that process has ended, the same command ends this"
            )
    return removed


def _delete(db: sqlite3.Connection, opportunities: Collection[str], contacts: Collection[str]) -> int:
    """Delete all rows of opportunities and contacts."""
    listed, people = json.dumps(sorted(opportunities)), json.dumps(sorted(contacts))
    before = db.total_changes
    for table in ("base", "marks", "considered", "events"):
        db.execute(f"DELETE FROM {table} WHERE opportunity {AMONG}", (listed,))
    db.execute(f"DELETE FROM events WHERE contact {AMONG} OR detail {AMONG}", (people, people))
    return db.total_changes - before


def _rename(db: sqlite3.Connection, plans: Mapping[str, str], digests: Mapping[str, str]) -> None:
    """Give plans and snapshots their new ids."""
    for old, new in plans.items():
        db.execute("UPDATE runs SET plan_id = ? WHERE plan_id = ?", (new, old))
        for table in ("marks", "events"):
            db.execute(f"UPDATE {table} SET run = ? WHERE run = ?", (new[:SHORT], old[:SHORT]))
    for old, new in digests.items():
        db.execute("UPDATE readings SET digest = ? WHERE digest = ?", (new, old))
