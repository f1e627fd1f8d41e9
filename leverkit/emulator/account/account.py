"""The state of an emulated account and its primitive changes.

Everything runs on one event loop, so nothing is locked. A change to an opportunity rewrites its JSON,
reads its fields again, and moves it within every cached view.
"""

from __future__ import annotations

import gc
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from leverkit.emulator.account.filters import Predicate
from leverkit.emulator.account.history import History
from leverkit.emulator.account.listing import Listing, Order
from leverkit.emulator.account.opportunity import Row, read_row
from leverkit.emulator.config import Config
from leverkit.emulator.response import RequestError, encode, not_found

Object = dict[str, Any]
EPOCH_MS = 1_748_736_000_000  # generated accounts end here: 2025-06-01
VIEWS = 256


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector, which would traverse a growing account again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Account:
    """Opportunities as rows; every other kind of object as plain JSON, newest first where Lever sorts so."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.by_contact: dict[str, list[Row]] = {}
        self.tags: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.stages: list[Object] = []
        self.ranks: dict[str, float] = {}
        self.archive_reasons: list[Object] = []
        self.dispositions: list[Object] = []  # as a file has them for /disposition_stages
        self.postings: dict[str, Object] = {}
        self.users: dict[str, Object] = {}
        self.deleted: list[Object] = []
        self.webhooks: list[Object] = []
        self.applications: dict[str, Object] = {}
        self.application_archives: dict[str, Object | None] = {}  # `archived` of applications, by id
        self.contacts: dict[str, Object] = {}
        self.children: dict[tuple[str, str], list[Object]] = {}
        self.truth: dict[str, str] = {}
        self.merged_into: dict[str, str] = {}
        self.issued_offsets: dict[str, tuple[Any, float]] = {}
        self.lists: dict[str, list[Object]] = {}
        self.created_ids: set[str] = set()
        self.uploads: dict[str, Object] = {}
        self.contents: dict[str, bytes] = {}
        self.config = Config()
        self.emit: Callable[[str, Object], None] = lambda event, data: None
        self.is_generated = False
        self.skew_ms = 0
        self.history: History | None = None  # only where reads are to be stale
        self.undo_log: list[tuple[str, bytes | None, str | None]] | None = None  # while a fault undoes
        self._views: OrderedDict[Any, Listing] = OrderedDict()
        self._emails: dict[str, set[str]] | None = None
        self._latest = 0

    def now(self) -> int:
        """Return the account's time in milliseconds since epoch: not before its data, plus any skew."""
        return max(int(time.time() * 1000), EPOCH_MS) + self.skew_ms

    def new_id(self) -> str:
        """Return an id as Lever makes them: a lower-case uuid v4."""
        return str(uuid.uuid4())

    def add_stages(self, stages: Iterable[Object]) -> None:
        """Set the pipeline; a stage is `{id, text, pipeline, rank, hasInterview}`."""
        self.stages = list(stages)
        self.ranks = {stage["id"]: stage["rank"] for stage in self.stages}

    def insert(self, raw: bytes, posting: str | None) -> Row:
        """Add an opportunity by its JSON; `posting` is the posting of its application."""
        row = read_row(raw, self.ranks, posting)
        self.rows[row.id] = row
        self.by_contact.setdefault(row.contact, []).append(row)
        self.tags.update(row.tags)
        self.sources.update(row.sources)
        self._emails = None
        for view in self._views.values():
            view.add(row)
        self._record(row.id, None, None)
        return row

    def remove(self, row: Row) -> None:
        """Remove an opportunity from all indexes. Its contact stays while it has others."""
        self._record(row.id, row.raw, row.posting)
        for view in self._views.values():
            view.discard(row)
        del self.rows[row.id]
        self._leave_contact(row)
        self._count(row, -1)
        self._emails = None

    def replace(self, row: Row, value: Object, *, posting: str | None = None) -> None:
        """Replace the JSON of an opportunity, and its place in every view."""
        self._record(row.id, row.raw, row.posting)
        fresh = read_row(encode(value), self.ranks, posting or row.posting)
        for view in self._views.values():
            view.discard(row)
        self._count(row, -1)
        if fresh.contact != row.contact:
            self._leave_contact(row)
            self.by_contact.setdefault(fresh.contact, []).append(row)
        for name in Row.__struct_fields__:
            setattr(row, name, getattr(fresh, name))
        self._count(row, 1)
        for view in self._views.values():
            view.add(row)

    def edit(self, row: Row, change: Callable[[Object], None], *, touch: bool = True) -> None:
        """Change an opportunity's JSON; `touch` bumps updatedAt, as most changes do (section 3.5)."""
        value = row.object()
        change(value)
        if touch:
            value["updatedAt"] = self.tick()
        self.replace(row, value)

    def tick(self) -> int:
        """Return a time later than every one returned before, so that no order has ties."""
        self._latest = max(self.now(), self._latest + 1)
        return self._latest

    def row(self, identifier: str) -> Row:
        """Return an opportunity. Raises RequestError 404."""
        row = self.rows.get(identifier)
        if row is not None:
            return row
        if self.config.deleted_status == 410 and any(item["id"] == identifier for item in self.deleted):
            raise RequestError(410, f"opportunities {identifier} was deleted", code="ResourceGone")
        raise not_found("opportunities", identifier)

    def posting(self, identifier: str) -> Object:
        """Return a posting. Raises RequestError 404."""
        if identifier not in self.postings:
            raise not_found("postings", identifier)
        return self.postings[identifier]

    def as_of(self, row: Row, delay_ms: float) -> Row:
        """Return an opportunity as it was some milliseconds ago. Raises RequestError 404."""
        if self.history is None or not delay_ms:
            return row
        found = self.history.row(row.id, time.monotonic() - delay_ms / 1000)
        if found is None:
            raise not_found("opportunities", row.id)
        return found

    def rows_as_of(self, delay_ms: float) -> Iterable[Row]:
        """Return all opportunities as they were some milliseconds ago."""
        if self.history is None or not delay_ms:
            return self.rows.values()
        return self.history.rows(time.monotonic() - delay_ms / 1000)

    def start_history(self) -> None:
        """Keep earlier versions of opportunities from now on."""
        if self.history is None:
            self.history = History(self.rows, self.ranks)

    def _record(self, identifier: str, raw: bytes | None, posting: str | None) -> None:
        if self.undo_log is not None:
            self.undo_log.append((identifier, raw, posting))
        if self.history is not None:
            self.history.record(identifier, raw, posting, time.monotonic())

    def view(self, name: Any, predicates: list[Predicate], order: Order) -> Listing:
        """Return the sorted view of a filter; the 256 last used are kept up to date."""
        found = self._views.get(name)
        if found is None:
            found = self._views[name] = Listing(self.rows.values(), predicates, order)
            if len(self._views) > VIEWS:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(name)
        return found

    def contacts_with(self, email: str) -> set[str]:
        """Return the contacts that have an e-mail, after canonicalisation (case, spaces)."""
        if self._emails is None:
            self._emails = {}
            for row in (row for row in self.rows.values() if b'"emails":[]' not in row.raw):
                for known in row.object().get("emails") or ():
                    self._emails.setdefault(canonical_email(known), set()).add(row.contact)
        return self._emails.get(canonical_email(email), set())

    def reset_emails(self) -> None:
        """Drop the index of e-mails, since a contact changed."""
        self._emails = None

    def _leave_contact(self, row: Row) -> None:
        siblings = [other for other in self.by_contact[row.contact] if other is not row]
        if siblings:
            self.by_contact[row.contact] = siblings
        else:
            del self.by_contact[row.contact]

    def _count(self, row: Row, step: int) -> None:
        for counter, texts in ((self.tags, row.tags), (self.sources, row.sources)):
            for text in texts:
                counter[text] += step
                if not counter[text]:
                    del counter[text]


def canonical_email(email: str) -> str:
    """Return an e-mail in the form in which it is compared."""
    return email.strip().casefold()


def summary(account: Account) -> dict[str, Any]:
    """Return tags, contact, stage and archive reason of every opportunity, tag counts, and deleted ids."""
    rows = sorted(account.rows.values(), key=lambda row: row.id)
    return {
        "opportunities": {row.id: sorted(row.tags) for row in rows},
        "contacts": {row.id: row.contact for row in rows},
        "stages": {row.id: row.stage for row in rows},
        "archived": {row.id: row.reason for row in rows if row.archived is not None},
        "tags": dict(sorted(account.tags.items())),
        "deleted": [item["id"] for item in account.deleted],
    }
