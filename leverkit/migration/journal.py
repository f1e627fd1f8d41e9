"""What was meant and what was done: an append-only, hash-chained SQLite file, journal.sqlite.

An intent is on disk before its request is sent, the answer after it, the outcome once it was read
back. The state of a run is a fold over the entries, so that a kill at any instant loses nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Literal

import msgspec

from leverkit.errors import Refused
from leverkit.storage.sqlite import durable, sound

FORMAT = 1
GENESIS = "0" * 64
OutcomeName = Literal["done", "no_op", "drifted", "gone", "failed"]
Said = Literal["ok", "refused", "denied", "lost"]

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
    """The first entry: the plan and the account that the journal belongs to."""

    plan_id: str
    account: str
    format: int = FORMAT


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """A process began, or resumed, a wave of the run."""

    by: str
    wave: str = "all"


class Intent(msgspec.Struct, frozen=True, tag="intent"):
    """A request that is about to be sent: operations (by position in the plan) and what was read before.

    `updated_at` is Lever's `updatedAt` as read, in milliseconds, null where Lever has none.
    """

    ops: tuple[int, ...]
    opportunity: str
    action: str
    tags: tuple[str, ...]
    before: tuple[str, ...]
    updated_at: int | None = None


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came back for an intent (by its seq): 200, a refusal, 401 or 403 (denied), or nothing.

    `window_ms` is the time from asking for the contact's state to this answer: the longest that
    the state, on which the request rests, can have been out of date.
    """

    intent: int
    said: Said
    window_ms: int
    note: str = ""


class Outcome(msgspec.Struct, frozen=True, tag="outcome"):
    """How an operation ended, with the evidence; `effective` where our request changed the account.

    `stored` is the form in which Lever stored its tag, where that is another one.
    """

    op: int
    outcome: OutcomeName
    effective: bool = False
    evidence: str = ""
    stored: str = ""


class Noticed(msgspec.Struct, frozen=True, tag="noticed"):
    """An opportunity of a planned contact that came after the plan, and so is not in it."""

    contact: str
    opportunity: str


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """The process ended in an orderly way, and why."""

    reason: str


Body = Opened | Begun | Intent | Answer | Outcome | Noticed | Sealed


class Entry(msgspec.Struct, frozen=True):
    """A body with its number, its time (ms since epoch) and the hash that chains it to all before."""

    seq: int
    at_ms: int
    body: Body
    chain: str


class Journal:
    """The journal of one run, open for appending. Threads may share it; processes may not (see lock)."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._now = now
        with sound(path), ExitStack() as stack:
            self._db = stack.enter_context(closing(durable(path)))
            self._db.executescript(_SCHEMA)
            self.entries = _read(self._db)
            stack.pop_all()
        self._chain = self.entries[-1].chain if self.entries else GENESIS

    def bind(self, plan_id: str, account: str) -> None:
        """Bind a new journal to its plan and account. Raises Refused where it is bound to others."""
        if not self.entries:
            self.append(Opened(plan_id, account))
        if not belongs(self.entries, plan_id, account):
            raise Refused("journal.sqlite belongs to another plan or account; choose another run folder")

    def append(self, *bodies: Body) -> int:
        """Append bodies in one durable commit and return the seq of the last."""
        with self._lock:
            fresh: list[Entry] = []
            chain = self._chain
            for seq, body in enumerate(bodies, len(self.entries) + 1):
                at_ms = int(self._now() * 1000)
                chain = _link(chain, seq, at_ms, _text(body))
                fresh.append(Entry(seq, at_ms, body, chain))
            with self._db:
                self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", map(_row, fresh))
            self.entries += fresh
            self._chain = chain
            return len(self.entries)

    def close(self) -> None:
        """Close the file; entries stay readable here."""
        with self._lock:
            self._db.close()


def read(path: Path) -> list[Entry]:
    """Read a journal without changing it; [] where there is none. Raises Refused where it is damaged."""
    if not path.exists():
        return []
    with sound(path), closing(durable(path)) as db:
        return _read(db)


def belongs(entries: Sequence[Entry], plan_id: str, account: str) -> bool:
    """Say whether a journal is this plan's and account's; one without entries is anybody's."""
    return not entries or entries[0].body == Opened(plan_id, account)


class Standing(msgspec.Struct, frozen=True):
    """Where each operation (by position in the plan) stands: its last intent, answer and outcome.

    `intents` are in the order in which they were made.
    `waves` are those that were begun, each once.
    """

    intents: dict[int, Intent]
    answers: dict[int, Answer]
    outcomes: dict[int, Outcome]
    windows: tuple[int, ...]
    noticed: tuple[Noticed, ...]
    state: str
    waves: tuple[str, ...] = ()

    def settled(self, op: int) -> bool:
        """Say whether an operation needs no more work; a failed one is tried again."""
        return op in self.outcomes and self.outcomes[op].outcome != "failed"

    def unanswered(self, op: int) -> Intent | None:
        """Return the intent of an operation whose request may have had an effect that nobody saw."""
        intent = self.intents.get(op)
        answer = self.answers.get(op)
        return None if answer is not None and answer.said in ("refused", "denied") else intent

    def name(self, op: int) -> str:
        """Return the outcome of an operation: one of the five, or `unknown` or `pending`."""
        if op in self.outcomes:
            return self.outcomes[op].outcome
        return "pending" if self.unanswered(op) is None else "unknown"


def fold(entries: Iterable[Entry]) -> Standing:
    """Fold entries to where each operation stands."""
    by_seq: dict[int, Intent] = {}
    intents: dict[int, Intent] = {}
    answers: dict[int, Answer] = {}
    outcomes: dict[int, Outcome] = {}
    windows: list[int] = []
    noticed: dict[str, Noticed] = {}
    state = "not begun"
    waves: dict[str, None] = {}
    for entry in entries:
        match entry.body:
            case Intent(ops=ops) as intent:
                by_seq[entry.seq] = intent
                for op in ops:
                    intents.pop(op, None)  # so that the latest is last
                    intents[op] = intent
                    answers.pop(op, None)
                    outcomes.pop(op, None)
            case Answer() as answer:
                windows.append(answer.window_ms)
                answers.update(dict.fromkeys(by_seq[answer.intent].ops, answer))
            case Outcome(op=op) as outcome:
                outcomes[op] = outcome
            case Noticed(opportunity=opportunity) as newcomer:
                noticed[opportunity] = newcomer
            case Sealed(reason=reason):
                state = reason
            case Begun(wave=wave):
                waves[wave] = None
                state = "broken off"  # until it is sealed
            case _:  # opened, and a process died before it began
                state = "broken off"
    return Standing(intents, answers, outcomes, tuple(windows), tuple(noticed.values()), state, tuple(waves))


def _text(body: Body) -> str:
    return msgspec.json.encode(body).decode()


def _link(chain: str, seq: int, at_ms: int, text: str) -> str:
    return hashlib.sha256(f"{chain}\n{seq}\n{at_ms}\n{text}".encode()).hexdigest()


def _row(entry: Entry) -> tuple[int, int, str, str, str]:
    kind = str(entry.body.__struct_config__.tag)
    return entry.seq, entry.at_ms, kind, _text(entry.body), entry.chain


def _read(db: sqlite3.Connection) -> list[Entry]:
    entries: list[Entry] = []
    chain = GENESIS
    rows = db.execute("SELECT seq, at_ms, body, chain FROM entries ORDER BY seq")
    for expected, (seq, at_ms, text, link) in enumerate(rows, 1):
        chain = _link(chain, seq, at_ms, text)
        if seq != expected or link != chain:
            raise sqlite3.DatabaseError(f"entry {expected} does not follow from the ones before")
        entries.append(Entry(seq, at_ms, msgspec.json.decode(text, type=Body), chain))
    return entries
