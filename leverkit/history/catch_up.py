"""Bring the ledger up to date: first with the journals of our runs, then with a reading of the account.

Each is one durable transaction, and both may be repeated: a kill leaves nothing half done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec

from leverkit.errors import UsageError
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import REMOVED, Mark, MarkKind
from leverkit.history.reading import Pair, Reading, RunWrites, Write, shown_until
from leverkit.history.reading_update import NotTaken, ReadingUpdate
from leverkit.history.tables import (
    SHORT,
    Event,
    add_event,
    end_removal,
    keep_off,
    known_run,
    mark_unless_decided,
    note_run,
    set_mark,
)
from leverkit.report.text import day

SECOND_MS = 1000


class CaughtUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading told: its number, and the events of each kind; `first` if there was none before.

    `refused` is why it changed nothing; empty where it was taken in. `odd` is what else a person should know.
    """

    number: int
    first: bool = False
    counts: dict[str, int] = {}
    refused: str = ""
    odd: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return what is known now, in one line."""
        if self.refused:
            return f"the ledger was not updated: {self.refused}"
        if self.first:
            return "the ledger begins with this reading"
        found = ", ".join(f"{number:,} {kind}" for kind, number in sorted(self.counts.items()))
        return f"since the last reading: {found or 'nothing changed'}"


def take_runs(ledger: Ledger, runs: Iterable[RunWrites]) -> tuple[str, ...]:
    """Record what the journals of runs tell beyond what is known of them; return what is odd."""
    news = (run for run in runs if ledger.run(run.folder) != known_run(run))
    return tuple(filter(None, [_take_run(ledger, run) for run in news]))


def _take_run(ledger: Ledger, run: RunWrites) -> str:
    """Record what a run wrote; return why that is not possible, empty where it is."""
    with ledger.writing() as db:
        known = ledger.run(run.folder)
        done = known.entries if known and known.plan_id == run.plan_id else 0  # else another run was there
        if done > run.entries:
            return f"{run.folder}: its journal has fewer entries than the ledger knows of"
        number = ledger.last.number + 1
        told = frozenset() if done else ledger.told(run.plan_id)  # in another folder: it was moved or copied
        for write in run.writes:
            if write.seq > done:
                known_event = (write.opportunity, write.tag, write.at_ms) in told
                _take_write(ledger, db, write, run.plan_id[:SHORT], number, tell=not known_event)
        note_run(db, run)
    return ""


def follow_run(account_folder: Path, read: Callable[..., RunWrites]) -> None:
    """Record what a run wrote, where there is a ledger; `read` reads its journal as `Run.writes`."""
    if ledger := Ledger.find(account_folder):
        with ledger:
            take_runs(ledger, [read(since_ms=ledger.last.taken_at)])


def note_additions(ledger: Ledger, pairs: Collection[tuple[str, str, str]], taken_at: int) -> None:
    """Note tags that were there when contacts were read at a time, and that others put there.

    `pairs` are contact, opportunity and tag, none of them expected there by the ledger. A tag with which an
    opportunity arrives ends no removal. Without a reading nobody knows what is new, so there is no event.
    """
    if not pairs:
        return
    number = ledger.last.number
    with ledger.writing() as db:
        known = ledger.visible([opportunity for _, opportunity, _ in pairs])
        for contact, opportunity, tag in sorted(pairs):
            if (opportunity, contact) in known:
                detail = "put back" if end_removal(db, contact, opportunity, tag) else ""
            else:
                keep_off(db, contact, tag)
                detail = ""
            set_mark(db, opportunity, tag, Mark(contact, "added by others", taken_at, "", number + 1))
            if number:
                event = (number + 1, taken_at, "added by others", contact, opportunity, tag, "", detail)
                add_event(db, Event(*event))


def _take_write(
    ledger: Ledger, db: sqlite3.Connection, write: Write, run: str, reading: int, *, tell: bool
) -> None:
    pair = write.opportunity, write.tag
    if not write.kept:
        mark_unless_decided(db, *pair, Mark(write.contact, "not kept", write.at_ms, run, reading))
        return
    kind: MarkKind = "added by us" if write.added else "taken back"
    if seen := _seen_as_others(ledger, db, write):
        reading = seen
        db.execute("DELETE FROM marks WHERE opportunity = ? AND tag = ?", pair)
    set_mark(db, *pair, Mark(write.contact, kind, write.at_ms, run, reading))
    if tell:
        add_event(db, Event(reading, write.at_ms, kind, write.contact, *pair, run))


def _seen_as_others(ledger: Ledger, db: sqlite3.Connection, write: Write) -> int:
    """Return the reading that took a write of ours for one of others: its run was not known; else 0."""
    query = "SELECT kind, at_ms, reading FROM marks WHERE opportunity = ? AND tag = ?"
    row = db.execute(query, (write.opportunity, write.tag)).fetchone()
    if row is None or (row[0] in REMOVED, row[0] == "added by others") != (not write.added, write.added):
        return 0
    _, at_ms, reading = row
    return int(reading) if shown_until(ledger.taken_at(reading - 1)) < write.at_ms <= at_ms else 0


def take_reading(
    ledger: Ledger,
    reading: Reading,
    *,
    unsettled: Collection[Pair] = frozenset(),
    max_found_removals: int | None = None,
    limited: bool = True,
) -> CaughtUp:
    """Record a reading: what others changed since the last one, and the account as it is now.

    `unsettled` are pairs to which a run of ours wrote with an outcome that is not known yet. A reading of
    another account, an older one, and one that lacks many opportunities which nobody deleted change nothing.
    Raises BrakeTripped where others removed more than `max_found_removals` (200, or 1 % of all taggings),
    UsageError for a negative limit, and Locked. Where a person makes the ledger again, what is missing or
    removed is not `limited`.
    """
    if max_found_removals is not None and max_found_removals < 0:
        raise UsageError(f"max_found_removals must be 0 or more, not {max_found_removals}")
    number = 0
    try:
        with ledger.writing() as db:
            last = ledger.last
            number = last.number
            if (last.taken_at, last.digest) == (reading.taken_at, reading.digest):
                return CaughtUp(number=number)
            _require_next(ledger, reading)
            update = ReadingUpdate(ledger, db, reading, number + 1)
            counts = update.run(unsettled, max_found_removals, limited=limited)
    except NotTaken as why:
        return CaughtUp(number=number, refused=str(why))
    return CaughtUp(number=number + 1, first=number == 0, counts=counts)


def _require_next(ledger: Ledger, reading: Reading) -> None:
    """Raise NotTaken unless a reading is of the ledger's account and later than what it knows."""
    last = ledger.last
    if last.number and ledger.account_ids.isdisjoint(reading.account_ids):
        raise NotTaken("the reading is of another account")
    if reading.taken_at + SECOND_MS < last.taken_at:  # Lever's clock shows whole seconds
        raise NotTaken(f"the reading is older than the one of {day(last.taken_at)} that it knows")
