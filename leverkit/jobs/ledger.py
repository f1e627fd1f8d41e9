"""Bring an account's ledger up to date: journals of the runs and a snapshot are handed to it as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from leverkit.api.models import DeletedOpportunity
from leverkit.errors import ApiError, LeverkitError, UsageError
from leverkit.history.catch_up import SECOND_MS, CaughtUp, take_reading, take_runs
from leverkit.history.ledger import Ledger
from leverkit.history.reading import Pair, Reading, RunWrites, Seen
from leverkit.history.rebuild import Kept, rebuild
from leverkit.history.tables import KnownRun
from leverkit.jobs.packing import opened_run, packed_file
from leverkit.planning.run_folder import JOURNAL, PACKED, holds_only_a_run, journal_head
from leverkit.snapshot.pull import MARGIN as LATE
from leverkit.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

_ROWS = """
    SELECT id, contact, to_json(list_sort(tags))::VARCHAR, created_at,
           is_anonymized, to_json(postings)::VARCHAR
    FROM opportunities ORDER BY id
"""
_COUNTS = """
    WITH held AS (SELECT unnest(list_distinct(tags)) AS tag FROM opportunities)
    SELECT tag, count(*) FROM held GROUP BY tag
"""
_POSTING_TAGS = """
    SELECT id, list_concat([text, team, department, location, commitment, level], locations, tags)
    FROM postings
"""


def update_ledger(
    account_folder: Path,
    snapshot: Snapshot,
    *,
    lever: ReadOnlyLever | None = None,
    max_found_removals: int | None = None,
) -> CaughtUp:
    """Bring the ledger of an account up to date with its runs and a snapshot; make it where there is none.

    `lever` is asked which opportunities were deleted; without it, those that are not in the snapshot any more
    count as hidden. Raises BrakeTripped, Refused (a damaged ledger), Locked, AccessDenied, Unreachable.
    """
    with Ledger.open(account_folder) as ledger:
        last_at = ledger.last.taken_at
        deleted = _deleted(lever, last_at - LATE) if lever and last_at else frozenset()
        unsettled, odd = _take_runs(ledger, account_folder)
        reading = reading_of(snapshot, deleted)
        found = take_reading(ledger, reading, unsettled=unsettled, max_found_removals=max_found_removals)
    return msgspec.structs.replace(found, odd=odd)


def follow_runs(account_folder: Path) -> None:
    """Let the ledger of an account know what its runs wrote by now. Raises as `update_ledger`."""
    with Ledger.open(account_folder) as ledger:
        _take_runs(ledger, account_folder)


def last_reading(account_folder: Path) -> int:
    """Return the number of the last reading that the ledger of an account knows; 0 where there is none."""
    with Ledger.find(account_folder) or nullcontext() as ledger:
        return ledger.last.number if ledger else 0


def runs_of_receivers(account_folder: Path) -> list[Path]:
    """Return the folders of runs that receivers and `propagate` registered.

    A caller of `propagate` may have named a folder of theirs, with other things in it: that is left out.
    """
    with Ledger.open(account_folder) as ledger:
        folders = [Path(run.folder) for run in ledger.runs() if run.kind == "propagate"]
    return [folder for folder in folders if holds_only_a_run(folder)]


def rebuild_ledger(account_folder: Path, snapshot: Snapshot) -> CaughtUp:
    """Make the ledger of an account again, from a snapshot and the journals of the registered runs.

    What others removed, and what was considered, only the old ledger knows: it is kept where that can be
    read. Raises Locked.
    """
    reading = reading_of(snapshot)
    kept = Kept.of(account_folder, reading.account_ids)
    packed = (path.resolve() for path in account_folder.glob(f"runs/*{PACKED}"))
    places = [*(run.folder for run in kept.runs), *(str(path).removesuffix(PACKED) for path in packed)]
    writes, odd = _writes(account_folder, dict.fromkeys(places), 0)
    found = rebuild(account_folder, kept, writes, reading)
    return msgspec.structs.replace(found, odd=(*odd, *found.odd))


@contextmanager
def ledger_of_two(old: Snapshot, new: Snapshot, known: Ledger | None) -> Iterator[Ledger]:
    """Make a ledger of two snapshots of an account, for the length of a `with` block.

    From the account's own ledger, `known`, it has the decisions, and what registered runs wrote in between.
    Raises UsageError where the snapshots are of two accounts, or in the wrong order.
    """
    with TemporaryDirectory(prefix="leverkit-") as place, Ledger.open(Path(place)) as ledger:
        take_reading(ledger, reading_of(old))
        if known:
            ledger.consider((), known.view(()).decisions)
            runs, _ = _writes(known.path.parents[1], {run.folder: None for run in known.runs()}, 0)
            between = range(old.taken_at + 1, new.taken_at + SECOND_MS)  # a write's time is rounded up
            for run in runs:
                writes = tuple(write for write in run.writes if write.at_ms in between)
                take_runs(ledger, [msgspec.structs.replace(run, writes=writes)])
        if refused := take_reading(ledger, reading_of(new), limited=False).refused:
            raise UsageError(f"{old.path} and {new.path} cannot be compared: {refused}")
        yield ledger


def reading_of(snapshot: Snapshot, deleted: frozenset[str] = frozenset()) -> Reading:
    """Return a snapshot as a reading; its rows can be used once. Raises UsageError for one out of a copy."""
    if snapshot.is_copy:
        raise UsageError(
            f"{snapshot.path} was read out of a copy, which may hold what is gone and lack what is there: "
            "the ledger takes readings of Lever alone. Make one: leverkit pull -o snapshot"
        )
    return Reading(
        account_ids=(snapshot.account, *snapshot.account_facts["account_ids"]),
        taken_at=snapshot.taken_at,
        digest=snapshot.digest,
        rows=map(Seen._make, snapshot.rows(_ROWS)),
        deleted=deleted,
        tag_counts=dict(snapshot.sql(_COUNTS).fetchall()),
        posting_tags=posting_tags(snapshot),
    )


def posting_tags(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Return the tags that Lever takes from each posting."""
    rows = snapshot.sql(_POSTING_TAGS).fetchall()
    return {posting: frozenset(filter(None, tags)) for posting, tags in rows}


def _take_runs(ledger: Ledger, account_folder: Path) -> tuple[frozenset[Pair], tuple[str, ...]]:
    """Record the journals in the ledger; return pairs with an open outcome, and what is odd."""
    known = {run.folder: run for run in ledger.runs()}
    found, odd = _writes(account_folder, known, ledger.last.taken_at)
    odd += take_runs(ledger, found)
    return frozenset[Pair]().union(*(run.unsettled for run in found)), tuple(odd)


def _writes(
    account_folder: Path, known: Mapping[str, KnownRun | None], since_ms: int
) -> tuple[list[RunWrites], list[str]]:
    """Return what journals tell beyond what is known of them: of known runs, and of those in the folder."""
    inside = (str(path.parent.resolve()) for path in account_folder.glob(f"runs/*/{JOURNAL}"))
    found, odd = list[RunWrites](), list[str]()
    for folder in sorted({*known, *inside}):
        try:
            if writes := _news(Path(folder), known.get(folder), since_ms):
                found.append(writes)
        except LeverkitError as error:
            odd.append(f"the run in {folder} cannot be read, so its writes count as made by others: {error}")
    return found, odd


def _news(folder: Path, known: KnownRun | None, since_ms: int) -> RunWrites | None:
    """Return what a journal tells; None where the ledger knows all of it, or nothing was begun.

    A run is packed when it is settled and known, so it is unpacked only where nothing is known of it.
    """
    head = journal_head(folder)
    if known and (not head or (not known.unsettled and head == known.head)):
        return None
    if not head and not packed_file(folder).exists():
        return None
    with opened_run(folder) as run:
        return msgspec.structs.replace(run.writes(since_ms=since_ms), folder=str(folder.resolve()))


def _deleted(lever: ReadOnlyLever, since_ms: int) -> frozenset[str]:
    """Return the ids that Lever lists as deleted since a time; none where the key may not read that."""
    try:
        pages = lever.pages("/opportunities/deleted", type=DeletedOpportunity, deleted_at_start=since_ms)
        return frozenset(each.id for page in pages for each in page.items)
    except ApiError as error:
        if not error.means_no_access:
            raise
        return frozenset()
