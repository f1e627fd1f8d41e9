"""One reading that is being taken into the ledger, in one transaction: guards, marks, events, the base."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from leverkit.errors import BrakeTripped, LeverkitError
from leverkit.history.changes import FROM_POSTING
from leverkit.history.compare import Expectation, Known, RowChange, compare
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import Mark, MarkKind
from leverkit.history.reading import Pair, Reading, Seen, shown_until, tags_of
from leverkit.history.renames import Found, renames
from leverkit.history.tables import AMONG, Event, add_event, end_removal, keep_off, set_mark
from leverkit.report.text import count

FOUND, FOUND_SHARE = 200, 0.01  # removals by others, or of all taggings: more than both need a person
FEW, MISSING_SHARE = 5, 0.02  # of the opportunities: where more are missing, nothing is learnt


class NotTaken(LeverkitError):
    """A reading from which nothing may be learnt."""


class ReadingUpdate:
    """What one reading changes in the ledger."""

    def __init__(self, ledger: Ledger, db: sqlite3.Connection, reading: Reading, number: int) -> None:
        self._ledger, self._db, self._number = ledger, db, number
        self._last = ledger.last
        self._reading = msgspec.structs.replace(reading, rows=self._counted(reading))
        self._counts: Counter[str] = Counter()
        self._rows = self._missing = 0
        self._lost: list[Found] = []
        self._gained: list[Found] = []
        self._gone_for = ledger.gone_for_contacts()

    def run(self, unsettled: Collection[Pair], limit: int | None, *, limited: bool) -> dict[str, int]:
        """Change the ledger and return the number of events of each kind. Raises NotTaken, BrakeTripped."""
        expectation = Expectation(
            writes=self._ledger.our_writes(shown_until(self._last.taken_at)),
            unsettled=unsettled,
            last_at=self._last.taken_at,
        )
        changes = compare(self._ledger.base(), self._reading, expectation)
        rows = (row for change in changes if (row := self._take_row(change)))
        self._db.executemany("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?, ?)", rows)
        if limited:
            self._require_whole()
        self._take_renames()
        if limited:
            self._require_few(limit)
        self._take_lost()
        for found in self._gained:
            self._take_gained(found)
        self._note()
        return dict(self._counts)

    def _counted(self, reading: Reading) -> Iterator[Seen]:
        for row in reading.rows:
            self._rows += not row.is_anonymized
            yield row

    def _take_row(self, change: RowChange) -> Known | None:
        """Note what became of an opportunity; return it as it is known from now on, None if it is not."""
        was, now = change.was, change.now
        if now is None or now.is_anonymized:
            if was is not None:
                self._take_missing(was, now)
            return None
        if was is None:
            self._arrive(now)
            if self._last.number:
                self._event("new opportunity", now.contact, now.opportunity, detail=now.tags)
        else:
            self._take_known(was, now)
        if change.lost or change.gained:
            self._lost += self._found(now, change.lost)
            self._gained += self._found(now, change.gained)
        since = was.since if was else self._number
        return Known(now.opportunity, now.contact, now.tags, now.created_at, 1, since)

    def _take_missing(self, was: Known, now: Seen | None) -> None:
        """Forget an opportunity that is deleted or anonymized; keep one that is hidden."""
        if now is not None or was.opportunity in self._reading.deleted:
            for table in ("base", "marks", "considered"):
                self._db.execute(f"DELETE FROM {table} WHERE opportunity = ?", (was.opportunity,))
            kind, tags = "deleted" if now is None else "anonymized", was.tags if was.visible else ""
            self._event(kind, was.contact, was.opportunity, detail=tags)
            return
        update = "UPDATE base SET visible = 0, tags = ? WHERE opportunity = ?"
        self._db.execute(update, (was.tags, was.opportunity))
        if was.visible:
            self._missing += 1
            self._event("hidden", was.contact, was.opportunity, detail=was.tags)

    def _take_known(self, was: Known, now: Seen) -> None:
        if was.contact != now.contact:
            self._event("moved", now.contact, now.opportunity, detail=was.contact)
            self._db.execute(
                "UPDATE marks SET contact = ?, "
                "kind = CASE kind WHEN 'removed everywhere' THEN 'removed by others' ELSE kind END "
                "WHERE opportunity = ?",
                (now.contact, now.opportunity),
            )
        if not was.visible:
            self._event("seen again", now.contact, now.opportunity, detail=was.tags)
        if was.contact != now.contact or not was.visible:
            self._arrive(now)

    def _arrive(self, now: Seen) -> None:
        """End `removed everywhere` for tags that arrive with an opportunity; other removals stay."""
        for tag in tags_of(now.tags) if now.contact in self._gone_for else ():
            if tag in self._gone_for[now.contact]:
                keep_off(self._db, now.contact, tag)

    def _found(self, now: Seen, tags: frozenset[str]) -> Iterator[Found]:
        postings = json.loads(now.postings) if tags else ()
        words = {word for posting in postings for word in self._reading.posting_tags.get(posting, ())}
        for tag in sorted(tags):
            yield Found(now.opportunity, now.contact, tag, tags_of(now.tags), tag in words)

    def _require_whole(self) -> None:
        """Raise NotTaken where many opportunities are missing that nobody deleted."""
        known, missing = self._last.opportunities, self._missing
        if missing * 2 > known or missing > max(FEW, MISSING_SHARE * known):
            raise NotTaken(
                f"the reading lacks {missing:,} of {count(known, 'opportunity', 'opportunities')}, and Lever "
                "does not list them as deleted: another key may see fewer, or the account is another one"
            )

    def _take_renames(self) -> None:
        """Carry over what is known of renamed tags; who has the new one has lost and gained nothing."""
        names = renames(self._lost, self._gained, self._reading.tag_counts)
        if not names:
            return
        moved = {(found.opportunity, names[found.tag]) for found in self._lost if found.tag in names}
        self._lost = [
            found._replace(tag=names.get(found.tag, found.tag))
            for found in self._lost
            if names.get(found.tag) not in found.tags
        ]
        self._gained = [found for found in self._gained if (found.opportunity, found.tag) not in moved]
        for old, new in sorted(names.items()):
            self._event("renamed", tag=old, detail=new)
            for table in ("marks", "considered"):
                self._db.execute(f"UPDATE OR REPLACE {table} SET tag = ? WHERE tag = ?", (new, old))

    def _require_few(self, limit: int | None) -> None:
        """Raise BrakeTripped where others removed more than a person would."""
        if limit is None:
            limit = max(FOUND, int(FOUND_SHARE * self._last.taggings))
        number = len(self._lost)
        if number > limit:
            tag, most = Counter(found.tag for found in self._lost).most_common(1)[0]
            raise BrakeTripped(
                f"others removed {count(number, 'tagging')} ({most:,} of them of tag {tag!r}), more than "
                f"--max-found-removals {limit}, and the ledger was not changed. "
                "A script, an outage or a tag deleted in Lever's settings is no decision about people. "
                f"If it is one, give --max-found-removals {number}"
            )

    def _take_lost(self) -> None:
        carried = self._ledger_carries({found.contact for found in self._lost})
        for found in self._lost:
            nowhere = (found.contact, found.tag) not in carried
            self._mark(found, "removed everywhere" if nowhere else "removed by others")

    def _ledger_carries(self, contacts: Collection[str]) -> set[tuple[str, str]]:
        """Return the tags that any visible opportunity of these contacts has, by contact."""
        query = f"SELECT contact, tags FROM base WHERE visible AND contact {AMONG}"
        rows = self._db.execute(query, (json.dumps(sorted(contacts)),)) if contacts else ()
        return {(contact, tag) for contact, tags in rows for tag in tags_of(tags)}

    def _take_gained(self, found: Found) -> None:
        put_back = end_removal(self._db, found.contact, found.opportunity, found.tag)
        self._mark(found, "added by others", "put back" if put_back else "")

    def _mark(self, found: Found, kind: MarkKind, detail: str = "") -> None:
        mark = Mark(found.contact, kind, self._reading.taken_at, "", self._number)
        set_mark(self._db, found.opportunity, found.tag, mark)
        detail = FROM_POSTING if found.from_posting else detail
        self._event(kind, found.contact, found.opportunity, found.tag, detail)

    def _event(
        self, kind: str, contact: str = "", opportunity: str = "", tag: str = "", detail: str = ""
    ) -> None:
        self._counts[kind] += 1
        at = self._reading.taken_at
        add_event(self._db, Event(self._number, at, kind, contact, opportunity, tag, "", detail))

    def _note(self) -> None:
        reading, taggings = self._reading, sum(self._reading.tag_counts.values())
        row = (self._number, reading.taken_at, reading.digest, self._rows, taggings, "")
        self._db.execute("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?)", row)
        ids = json.dumps(sorted(reading.account_ids))
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('account_ids', ?)", (ids,))
