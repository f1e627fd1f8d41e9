"""The journal of a run: journal.sqlite, an append-only file whose entries are chained by hashes.

An intent is on disk before its request is sent, the response after it, the outcome once it was read back.
The state of a run follows from the entries, so a kill at any instant loses nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Literal

import msgspec

from leverkit.errors import Refused
from leverkit.storage.files import naming
from leverkit.storage.memory import keep_texts_once
from leverkit.storage.sqlite import durable, holds_nothing, readable, sound

FORMAT = 1
GENESIS = "0" * 64
_Row = tuple[int, int, Any, str, str]
OutcomeName = Literal["done", "no_op", "drifted", "gone", "failed"]
WriteStatus = Literal["ok", "refused", "denied", "lost"]

_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?)"
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS entries (
        seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
        body TEXT NOT NULL, chain TEXT NOT NULL);
    CREATE TRIGGER IF NOT EXISTS never_updated BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The first entry: the plan and the account that the journal belongs to.

    `replaces` is the end of the journal from which it was written again, without people who were erased.
    """

    plan_id: str
    account: str
    format: int = FORMAT
    replaces: str | msgspec.UnsetType = msgspec.UNSET


class StandingApproval(msgspec.Struct, frozen=True):
    """Who gave the standing approval that a session rests on, and when (ISO 8601, UTC)."""

    by: str
    at: str


class SessionStarted(msgspec.Struct, frozen=True, tag="begun"):
    """A process began or resumed a wave of the run; not `standing` where a person approved just its plan."""

    by: str
    wave: str = "all"
    standing: StandingApproval | msgspec.UnsetType = msgspec.UNSET


class Intent(msgspec.Struct, frozen=True, tag="intent", gc=False):
    """A request that is about to be sent: its operations (positions in the plan) and what was read before.

    `updated_at` is Lever's `updatedAt` as it was read, in milliseconds since the epoch, or None.
    """

    ops: tuple[int, ...]
    opportunity: str
    action: str
    tags: tuple[str, ...]
    before: tuple[str, ...]
    updated_at: int | None = None

    def __post_init__(self) -> None:
        keep_texts_once(self, "opportunity", "action", "tags", "before")


class WriteResponse(msgspec.Struct, frozen=True, tag="answer", gc=False):
    """The response to an intent (its seq): 200 (ok), a refusal, a denial of every write, or none (lost).

    A denial is 401, 403, or a missing `perform_as`. `in_doubt`: it may have had its effect, by an earlier
    attempt, or as a gateway refused it and not Lever.

    `window_ms` is the time from requesting the contact's state to this response: the state on which the
    request rests was out of date for no longer than that.
    """

    intent: int
    status: WriteStatus = msgspec.field(name="said")
    window_ms: int
    note: str = ""
    in_doubt: bool = False

    @property
    def is_without_effect(self) -> bool:
        """Return True if the request can have changed nothing."""
        return self.status in ("refused", "denied") and not self.in_doubt


class Outcome(msgspec.Struct, frozen=True, tag="outcome", gc=False):
    """The outcome of an operation, and the evidence; `effective` if our request changed the account.

    `stored` is the form in which Lever stored the tag, if it differs from the planned one. `lever_ms` is the
    time of the reading by Lever's clock, `updated_at` the opportunity's `updatedAt` as it was read, both in
    milliseconds since the epoch; None where Lever tells none, unset where there was no reading.
    """

    op: int
    outcome: OutcomeName
    effective: bool = False
    evidence: str = ""
    stored: str = ""
    lever_ms: int | None = None
    updated_at: int | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        keep_texts_once(self, "evidence")


class NewOpportunity(msgspec.Struct, frozen=True, tag="noticed"):
    """An opportunity of a planned contact that was created after the plan, so it is not in the plan."""

    contact: str
    opportunity: str


class Undone(msgspec.Struct, frozen=True, tag="undone"):
    """A reading showed operations that had changed the account, and that somebody had undone since."""

    ops: tuple[int, ...]


class SessionEnded(msgspec.Struct, frozen=True, tag="sealed"):
    """The process ended in an orderly way; `reason` tells why."""

    reason: str


Body = Opened | SessionStarted | Intent | WriteResponse | Outcome | NewOpportunity | Undone | SessionEnded
_BODY: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A body with its number, its time (ms since the epoch) and the hash that chains it to all before it."""

    seq: int
    at_ms: int
    body: Body
    digest: bytes  # half of the memory of its hex digits

    @property
    def chain(self) -> str:
        """Return the hash in hex digits."""
        return self.digest.hex()


class Journal:
    """The journal of a run, to append to; its file is made with the first entry.

    Threads may share it, processes must not. Raises as `read`.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._path, self._now = path, now
        self._db: sqlite3.Connection | None = None
        self.entries = read(path)
        self._chain = self.entries[-1].chain if self.entries else GENESIS

    def bind(self, plan_id: str, account: str) -> None:
        """Bind a new journal to its plan and account. Raises Refused where it is bound to others."""
        if not self.entries:
            self.append(Opened(plan_id, account))
        if not belongs_to(self.entries, plan_id, account):
            raise Refused("journal.sqlite belongs to another plan or account; choose another run folder")

    def append(self, *bodies: Body) -> int:
        """Append bodies in one durable commit and return the seq of the last."""
        with self._lock:
            times = ((int(self._now() * 1000), body) for body in bodies)
            rows = list(_chained(times, len(self.entries) + 1, self._chain))
            db = self._db = self._db or _writable(self._path)
            with naming(self._path), db:
                db.executemany(_INSERT, rows)
            for (seq, at_ms, _, _, chain), body in zip(rows, bodies, strict=True):
                self.entries.append(Entry(seq, at_ms, body, bytes.fromhex(chain)))
                self._chain = chain
            return len(self.entries)

    def close(self) -> None:
        """Close the file; entries stay readable here."""
        with self._lock:
            if self._db:
                self._db.close()


def _writable(path: Path) -> sqlite3.Connection:
    """Open a journal to append to it, new where there is none. Raises as `read`."""
    with sound(path), ExitStack() as stack:
        db = stack.enter_context(closing(durable(path)))
        db.executescript(_SCHEMA)
        stack.pop_all()
    return db


def read(path: Path) -> list[Entry]:
    """Read a journal; [] where there is none, or no table in it yet. Raises Refused where it is damaged."""
    if not path.exists():
        return []
    with sound(path), readable(path) as db:
        return [] if holds_nothing(db) else _read(db)


def last_entry_ms(path: Path) -> int:
    """Return the latest time of a journal's entries (ms since the epoch), 0 for none. Raises as `read`.

    The chain is not checked.
    """
    with sound(path), readable(path) as db:
        latest = None if holds_nothing(db) else db.execute("SELECT max(at_ms) FROM entries").fetchone()[0]
        return latest or 0


def write_anew(path: Path, bodies: Iterable[tuple[int, Body]]) -> list[str]:
    """Write a new journal with these bodies and their times (ms); return the chain after each of them."""
    rows = list(_chained(bodies, 1, GENESIS))
    with closing(_writable(path)) as db, db:
        db.executemany(_INSERT, rows)
    return [row[-1] for row in rows]


def belongs_to(entries: Sequence[Entry], plan_id: str, account: str) -> bool:
    """Return True if a journal is bound to this plan and account, or has no entries."""
    first = entries[0].body if entries else None
    if isinstance(first, Opened):
        return (first.plan_id, first.account, first.format) == (plan_id, account, FORMAT)
    return first is None


def _chained(bodies: Iterable[tuple[int, Body]], seq: int, chain: str) -> Iterator[_Row]:
    """Yield the rows of bodies with their times (ms), each chained to the one before it."""
    for number, (at_ms, body) in enumerate(bodies, seq):
        text = msgspec.json.encode(body).decode()
        chain = _link(chain, number, at_ms, text)
        yield number, at_ms, body.__struct_config__.tag, text, chain


def _link(chain: str, seq: int, at_ms: int, text: str) -> str:
    return hashlib.sha256(f"{chain}\n{seq}\n{at_ms}\n{text}".encode()).hexdigest()


def _read(db: sqlite3.Connection) -> list[Entry]:
    entries, chain, times = list[Entry](), GENESIS, dict[int, int]()
    rows = db.execute("SELECT seq, at_ms, body, chain FROM entries ORDER BY seq")
    for expected, (seq, at_ms, text, link) in enumerate(rows, 1):
        chain = _link(chain, seq, at_ms, text)
        if seq != expected or link != chain:
            raise sqlite3.DatabaseError(f"entry {expected} does not follow from the ones before")
        at_ms = times.setdefault(at_ms, at_ms)  # many entries have one time, kept once
        entries.append(Entry(seq, at_ms, _BODY.decode(text), bytes.fromhex(link)))
    return entries
