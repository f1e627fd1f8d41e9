"""The ledger of an account: ACCOUNT/ledger/ledger.sqlite, what was last read and what no reading can tell.

It holds ids and tags, no names. The journals of the runs are the truth about what we wrote; the ledger
catches up with them. It is SQLite alone, so that the receiver reads it without duckdb and pandas.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from leverkit.errors import Refused, UsageError
from leverkit.history.compare import Known, OurWrite
from leverkit.history.merge_table import Mark
from leverkit.history.reading import Pair, tags_of
from leverkit.history.tables import AMONG, FORMAT, NO_READING, SCHEMA, SHORT, Event, KnownRun, LastReading
from leverkit.history.view import Considered, View
from leverkit.report.text import day
from leverkit.storage.files import make_folder, naming
from leverkit.storage.lock import hold
from leverkit.storage.sqlite import durable, holds_nothing, sound

R = TypeVar("R", bound=NamedTuple)
WAIT = 60.0  # seconds for another process that brings the ledger up to date
_MARK = "contact, kind, at_ms, run, reading"


def ledger_file(account_folder: Path) -> Path:
    """Return where the ledger of an account is, or will be."""
    return account_folder / "ledger" / "ledger.sqlite"


def lock_file(ledger: Path) -> Path:
    """Return the lock of a ledger, which whoever changes it holds."""
    return ledger.with_name("lock")


class Ledger:
    """An open ledger. Its values are read one by one; `writing` gives the connection to change it."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path, self._db = path, db

    @classmethod
    def open(cls, account_folder: Path) -> Self:
        """Open the ledger of an account, new where there is none. Raises Refused where it is damaged."""
        path = ledger_file(account_folder)
        try:
            make_folder(path.parent)
        except OSError as error:
            raise UsageError(f"{path}: cannot be made: {error.strerror}") from None
        with sound(path, "the ledger"), ExitStack() as stack:
            db = stack.enter_context(closing(durable(path)))
            db.isolation_level = None
            if holds_nothing(db):
                db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
            opened = cls(path, db)
            if opened.meta("format") != str(FORMAT):
                raise Refused(f"{path}: ledger format {opened.meta('format')}, this leverkit reads {FORMAT}")
            stack.pop_all()
        return opened

    @classmethod
    def find(cls, account_folder: Path) -> Self | None:
        """Open the ledger of an account; None where there is none."""
        return cls.open(account_folder) if ledger_file(account_folder).exists() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._db.close()

    def meta(self, name: str) -> str:
        """Return a fact about the ledger; empty where it is not known."""
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        return str(row[0]) if row else ""

    @property
    def account_ids(self) -> frozenset[str]:
        """Return the ids by which its account can be recognised; none before the first reading."""
        return frozenset(json.loads(self.meta("account_ids") or "[]"))

    @property
    def last(self) -> LastReading:
        """Return the last reading; NO_READING, with the number 0, where there was none yet."""
        return next(self._records(LastReading, "readings ORDER BY number DESC LIMIT 1"), NO_READING)

    @property
    def readings(self) -> list[LastReading]:
        """Return all readings, oldest first."""
        return list(self._records(LastReading, "readings ORDER BY number"))

    def taken_at(self, number: int) -> int:
        """Return when a reading began (ms since epoch); 0 for one that is not known."""
        row = self._one("SELECT taken_at FROM readings WHERE number = ?", number)
        return int(row[0]) if row else 0

    def runs(self) -> list[KnownRun]:
        """Return the registered runs."""
        return list(self._records(KnownRun, "runs ORDER BY folder"))

    def run(self, folder: str) -> KnownRun | None:
        """Return a registered run; None for one that is not known."""
        return next(self._records(KnownRun, "runs WHERE folder = ?", folder), None)

    def has_followed(self, plan_id: str) -> bool:
        """Return True if it knows what the run of a plan wrote, wherever its folder is now."""
        if self._one("SELECT 1 FROM runs WHERE plan_id = ? AND entries", plan_id):
            return True
        return self._one("SELECT 1 FROM events WHERE run = ? LIMIT 1", plan_id[:SHORT]) is not None

    def told(self, plan_id: str) -> frozenset[tuple[str, str, int]]:
        """Return the opportunity, tag and time (ms) of each event that a run of a plan has told."""
        query = "SELECT opportunity, tag, at_ms FROM events WHERE run = ?"
        return frozenset(self.rows(query, plan_id[:SHORT]))

    def open_runs(self) -> list[KnownRun]:
        """Return the runs that may have written since the ledger followed them, or have open requests."""
        return list(self._records(KnownRun, "runs WHERE head = '' OR unsettled"))

    def register(self, folder: str, *, plan_id: str, kind: str, begun: bool) -> None:
        """Note a run whose journal is to be followed, as one that is about to write.

        Where its journal has not `begun`, what is known of that folder is of another one, which is gone.
        """
        with self.writing() as db:
            if not begun:
                db.execute("DELETE FROM runs WHERE folder = ?", (folder,))
            row = (folder, plan_id, kind, 0, "", 0)
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET head = excluded.head",
                row,
            )

    def consider(self, gaps: Iterable[Pair], decisions: Mapping[str, str]) -> None:
        """Note the gaps that the first plan of these decisions (by tag) listed."""
        number = self.last.number
        with self.writing() as db:
            rows = ((opportunity, tag, decisions[tag], number) for opportunity, tag in gaps)
            db.executemany("INSERT OR REPLACE INTO considered VALUES (?, ?, ?, ?)", rows)
            db.executemany("INSERT OR REPLACE INTO decisions VALUES (?, ?)", decisions.items())

    def view(self, opportunities: Collection[str], contacts: Collection[str] = ()) -> View:
        """Return what is known of these opportunities, and of what is gone for these contacts."""
        ids, people = json.dumps(sorted(opportunities)), json.dumps(sorted(contacts))
        last = self.last
        base = self.rows(f"SELECT opportunity, tags, since FROM base WHERE opportunity {AMONG}", ids)
        everywhere = self.rows(
            f"SELECT contact, tag, {_MARK} FROM marks WHERE kind = 'removed everywhere' AND contact {AMONG}",
            people,
        )
        listed = self.rows(
            f"SELECT opportunity, tag, decision, reading FROM considered WHERE opportunity {AMONG}", ids
        )
        known = {opportunity: (tags_of(tags), since) for opportunity, tags, since in base}
        return View(
            number=last.number,
            taken_at=last.taken_at,
            tags={opportunity: tags for opportunity, (tags, _) in known.items()},
            since={opportunity: since for opportunity, (_, since) in known.items()},
            marks=dict(self.marks(opportunities)),
            everywhere={(contact, tag): Mark(*rest) for contact, tag, *rest in everywhere},
            considered={(opportunity, tag): Considered(*rest) for opportunity, tag, *rest in listed},
            decisions=dict(self.rows("SELECT tag, decision FROM decisions")),
        )

    def marks(self, opportunities: Collection[str]) -> Iterator[tuple[Pair, Mark]]:
        """Yield the marks of these opportunities, one by one: a large run has many."""
        query = f"SELECT opportunity, tag, {_MARK} FROM marks WHERE opportunity {AMONG}"
        rows = self.rows(query, json.dumps(sorted(opportunities)))
        return (((opportunity, tag), Mark(*rest)) for opportunity, tag, *rest in rows)

    def base(self) -> Iterator[Known]:
        """Yield the opportunities as they were last known, sorted by id."""
        return self._records(Known, "base ORDER BY opportunity")

    def base_of(self, contacts: Collection[str]) -> Iterator[Known]:
        """Yield the opportunities of these contacts as they were last known."""
        return self._records(Known, f"base WHERE contact {AMONG}", json.dumps(sorted(contacts)))

    def known(self, opportunities: Collection[str]) -> set[str]:
        """Return those of these opportunities that are in the base, hidden or not."""
        query = f"SELECT opportunity FROM base WHERE opportunity {AMONG}"
        return {id for (id,) in self.rows(query, json.dumps(sorted(opportunities)))}

    def visible(self, opportunities: Collection[str]) -> set[Pair]:
        """Return those of these opportunities that the last reading saw, each with its contact then."""
        query = f"SELECT opportunity, contact FROM base WHERE visible AND opportunity {AMONG}"
        return set(self.rows(query, json.dumps(sorted(opportunities))))

    def our_writes(self, later_than: int) -> Iterator[OurWrite]:
        """Yield the last change that is known of each pair, later than a time (ms), by opportunity."""
        rows = self.rows(
            "SELECT opportunity, tag, kind != 'taken back', at_ms FROM marks "
            "WHERE kind NOT LIKE 'removed%' AND kind != 'not kept' AND at_ms > ? ORDER BY opportunity, tag",
            later_than,
        )
        return (OurWrite(opportunity, tag, bool(added), at_ms) for opportunity, tag, added, at_ms in rows)

    def events(self, first: int, last: int) -> Iterator[Event]:
        """Yield the events of these readings, oldest first."""
        return self._records(Event, "events WHERE reading BETWEEN ? AND ? ORDER BY seq", first, last)

    def gone_for_contacts(self) -> dict[str, set[str]]:
        """Return the tags that others removed from all opportunities of a contact, by contact."""
        found: dict[str, set[str]] = {}
        for contact, tag in self.rows("SELECT contact, tag FROM marks WHERE kind = 'removed everywhere'"):
            found.setdefault(contact, set()).add(tag)
        return found

    def counts(self) -> dict[str, int]:
        """Return how many pairs have each kind of mark."""
        return dict(self.rows("SELECT kind, count(*) FROM marks GROUP BY kind ORDER BY kind"))

    def facts(self) -> dict[str, object]:
        """Return what the ledger knows, in figures: readings, marks by kind, runs."""
        last, runs = self.last, self.runs()
        return {
            "file": str(self.path),
            "readings": last.number,
            "last_reading": day(last.taken_at) if last.number else "",
            "opportunities": last.opportunities,
            "taggings": last.taggings,
            "marks": self.counts(),
            "runs": len(runs),
            "runs_with_open_requests": [run.folder for run in runs if run.unsettled],
        }

    def rows(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run a query."""
        with sound(self.path, "the ledger"):
            return self._db.execute(query, values)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the ledger's lock and one durable transaction. Raises Locked."""
        with (
            hold(lock_file(self.path), purpose="bring the ledger up to date", wait=WAIT),
            sound(self.path, "the ledger"),
            naming(self.path),
            closing(durable(self.path)) as db,
        ):
            db.isolation_level = None
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db

    def _records(self, kind: type[R], rest: str, *values: object) -> Iterator[R]:
        """Yield rows as records; `rest` of the query begins with the name of their table."""
        return map(kind._make, self.rows(f"SELECT {', '.join(kind._fields)} FROM {rest}", *values))

    def _one(self, query: str, *values: object) -> Any:
        return self.rows(query, *values).fetchone()


def register_run(account_folder: Path, run_folder: Path, *, plan_id: str, kind: str, begun: bool) -> None:
    """Note a run before it writes, where there is a ledger: whoever decides meanwhile reads its journal.

    `begun` is True if its journal has entries.
    Raises Refused where the ledger is damaged, Locked, UsageError where it cannot be written.
    """
    if ledger := Ledger.find(account_folder):
        with ledger:
            ledger.register(str(run_folder.resolve()), plan_id=plan_id, kind=kind, begun=begun)
