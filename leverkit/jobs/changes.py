"""Ask an account's ledger what changed between two readings; origin and posting are those of the snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.history.changes import WENT, Change, net_changes, with_names_of_now
from leverkit.history.ledger import Ledger
from leverkit.history.splits import OpportunityState, Split, contacts_of_interest, splits
from leverkit.history.tables import Event, LastReading
from leverkit.jobs import change_frames as frames
from leverkit.jobs.change_facts import ChangeFacts
from leverkit.jobs.change_frames import Place
from leverkit.jobs.ledger import ledger_of_two, posting_tags
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.text import day
from leverkit.settings import workspace
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.account_registry import account_folder
from leverkit.storage.files import SHARED, write_atomic
from leverkit.storage.table_file import write_frame

if TYPE_CHECKING:
    from leverkit.report.html import Chart, Section

_PLACES = """
    SELECT o.id, coalesce(o.origin, ''), coalesce(o.postings[1], ''), coalesce(p.text, '')
    FROM opportunities o LEFT JOIN postings p ON p.id = o.postings[1]
    WHERE o.id IN (SELECT unnest($ids))
"""


class Changes(ChangeFacts):
    """What changed between two readings, with charts and reports of it."""

    def chart(self) -> Chart:
        """Draw how many splits each reading found, by tag."""
        from leverkit.jobs.changes_report import chart

        return chart(self)

    def sections(self, *, anonymise: bool = False, page: Path | None = None) -> dict[str, Section]:
        """Return the parts of the report by name, each of which draws itself in a notebook.

        `page` is the report that `to_html` writes: the parts name the CSV files beside it.
        """
        from leverkit.jobs.changes_report import sections

        host = str(self.snapshot.meta.get("base_url_host", ""))
        return sections(self, PersonDisplay.of(self.snapshot.path, api=host, anonymise=anonymise), page)

    def to_html(self, path: Path | str, *, anonymise: bool = False) -> Path:
        """Write the report as one HTML file without scripts or names; return its path.

        All rows of its tables are written beside it, as CSV files whose names begin with that of the page.
        """
        from leverkit.analysis.report import rows_file
        from leverkit.jobs.changes_report import render

        path = Path(path)
        parts = self.sections(anonymise=anonymise, page=path)
        for name, part in parts.items():
            if part.rows is not None:
                write_frame(part.rows, rows_file(path, name))
        write_atomic(path, render(self, parts).encode(), mode=SHARED)
        return path

    def _repr_html_(self) -> str:
        from leverkit.jobs.changes_report import summary_html

        return summary_html(self)

    def __repr__(self) -> str:
        return f"<Changes: {self.headline}>"


def changes(
    snapshot: Snapshot | Path | str,
    old: Snapshot | Path | str | None = None,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    tags: Collection[str] = (),
) -> Changes:
    """Return what changed between two readings of the account of a snapshot, by the account's ledger.

    It begins at the reading of `old`, an earlier snapshot, or at the last one before `since`; else at the one
    before. It ends at the snapshot's reading, or at the last one before `until`. These are dates, or times
    (UTC, where they name no zone). `tags` leaves out all others. The ledger lies beside the snapshot or in
    the workspace; two snapshots that it did not take in are compared as they are. Raises UsageError where
    there is nothing to compare, and for wrong dates.
    """
    if old is not None and since is not None:
        raise UsageError("give either an old snapshot or --since, not both")
    account, earlier = _opened(snapshot), None if old is None else _opened(old)
    with _ledger(account, earlier) as ledger:
        readings = ledger.readings
        begin = None if since is None else _ms(since)
        begin = begin if earlier is None else earlier.taken_at
        end = _at(readings, account) if until is None else _ms(until, end=True)
        first, last = _window(readings, begin, end)
        return _between(ledger, account, first, last, tags)


@contextmanager
def _ledger(account: Snapshot, earlier: Snapshot | None) -> Iterator[Ledger]:
    """Open the account's ledger; where it does not know both of two snapshots, one of these two alone."""
    folder = account_folder(workspace(), account.account)
    with Ledger.find(account.path.parent) or Ledger.find(folder) or nullcontext() as ledger:
        known = {reading.taken_at for reading in ledger.readings} if ledger else set[int]()
        if earlier is not None and not {earlier.taken_at, account.taken_at} <= known:
            with ledger_of_two(earlier, account, ledger) as of_two:
                yield of_two
        elif ledger is None:
            raise UsageError(
                f"{folder} has no ledger yet, and so nothing to compare: `leverkit pull` begins one, or name "
                "an older snapshot, too"
            )
        else:
            yield ledger


def _opened(snapshot: Snapshot | Path | str) -> Snapshot:
    return snapshot if isinstance(snapshot, Snapshot) else Snapshot.open(snapshot)


def _at(readings: Iterable[LastReading], snapshot: Snapshot) -> int:
    """Return when a snapshot was taken. Raises UsageError where it is none of these readings."""
    if all(reading.taken_at != snapshot.taken_at for reading in readings):
        raise UsageError(
            f"{snapshot.path}: the ledger did not take in this reading; name dates with --since and --until"
        )
    return snapshot.taken_at


def _ms(when: str | date, *, end: bool = False) -> int:
    """Return a date or time in milliseconds since the epoch; of a date its end if `end`."""
    text = str(when).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date such as 2026-03-31") from None
    if end and len(text) <= len("2026-03-31"):
        moment = datetime.combine(moment, time.max)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _window(
    readings: list[LastReading], since_ms: int | None, until_ms: int
) -> tuple[LastReading, LastReading]:
    """Return the last readings before two times; the first one where there is none before `since_ms`."""
    if since_ms is not None and since_ms > until_ms:
        raise UsageError("the end is before the beginning: name the older snapshot or date first")
    known = [reading for reading in readings if reading.taken_at <= until_ms]
    if not known:
        begin = f"its first is of {day(readings[0].taken_at)}" if readings else "it has none yet"
        raise UsageError(f"the ledger has no reading so early: {begin}")
    earlier = known[:-1] if since_ms is None else [each for each in known if each.taken_at <= since_ms]
    return earlier[-1] if earlier else known[0], known[-1]


def _between(
    ledger: Ledger, snapshot: Snapshot, since: LastReading, until: LastReading, tags: Collection[str]
) -> Changes:
    """Return what changed after one reading up to another; of these tags alone, if there are any."""
    readings = [each for each in ledger.readings if each.number > since.number]
    events = with_names_of_now(list(ledger.events(since.number + 1, readings[-1].number))) if readings else []
    inside, words = [event for event in events if event.reading <= until.number], posting_tags(snapshot)
    counted = _counted(ledger, events, tags)
    found = [change for change in _net(ledger, events, inside) if not tags or change.tag in counted]
    split = _splits(ledger, events, until.number, counted, frozenset[str]().union(*words.values()))
    ids = (each.opportunity for group in (found, split, inside) for each in group)
    places = _places(snapshot, set(ids))
    split_rows = frames.split_rows(split, places)
    relevant = (event for event in inside if not tags or event.tag in {*counted, ""})
    return Changes(
        snapshot=snapshot,
        since=since,
        until=until,
        counted=frozenset(counted) if counted else None,
        taggings=frames.taggings(_told_apart(found, places, words), places),
        splits=split_rows,
        opportunities=frames.opportunities(inside, places),
        renames=frames.renames(inside),
        readings=frames.per_reading(
            [each for each in readings if each.number <= until.number], relevant, split_rows
        ),
    )


def _counted(ledger: Ledger, events: Iterable[Event], tags: Collection[str]) -> set[str]:
    """Return the tags whose splits are counted, by all their names; none where all tags are."""
    counted = set(tags) or set(ledger.view(()).decisions)
    return counted | {event.detail for event in events if event.kind == "renamed" and event.tag in counted}


def _net(ledger: Ledger, events: Iterable[Event], inside: Iterable[Event]) -> Iterable[Change]:
    """Return the net changes; not what we wrote to opportunities that came and went between two readings."""
    found = net_changes(inside)
    there = ledger.known({change.opportunity for change in found if change.by == "us"})
    there |= {event.opportunity for event in events if event.kind in WENT}
    return (change for change in found if change.by != "us" or change.opportunity in there)


def _splits(
    ledger: Ledger,
    events: Sequence[Event],
    until: int,
    counted: Collection[str],
    of_postings: Collection[str],
) -> list[Split]:
    """Return the splits of the tags that count; of all but those of postings where none is named."""
    states = {
        each.opportunity: OpportunityState.of(each) for each in ledger.base_of(contacts_of_interest(events))
    }
    return splits(
        states, events, until, counts=lambda tag: tag in counted if counted else tag not in of_postings
    )


def _places(snapshot: Snapshot, ids: Collection[str]) -> dict[str, Place]:
    """Return origin and posting of these opportunities, of those that are in the snapshot."""
    rows = snapshot.sql(_PLACES, params={"ids": sorted(ids)}).fetchall()
    return {id: Place(*rest) for id, *rest in rows}


def _told_apart(
    found: Iterable[Change], places: Mapping[str, Place], words: Mapping[str, Collection[str]]
) -> Iterable[Change]:
    """Yield the changes; a tag of its posting with which a new opportunity came is the posting's."""
    for change in found:
        posting = places[change.opportunity].posting if change.opportunity in places else ""
        if change.by == "new opportunity" and change.tag in words.get(posting, ()):
            yield change._replace(by="posting")
        else:
            yield change
