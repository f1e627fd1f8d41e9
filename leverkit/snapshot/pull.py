"""Read an account into a snapshot: everything once, afterwards what changed.

The listing moves while it is read (its order follows stages), so each pull ends with a catch-up on what
was created, updated or deleted since it began, and compares its tag counts with `GET /tags`.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import DeletedOpportunity, DispositionStages, Posting, Stage, StageRank, fields
from leverkit.api.threads import hands
from leverkit.errors import ApiError, Refused, UsageError
from leverkit.report.progress import Progress, progress
from leverkit.settings import connect
from leverkit.snapshot.checkpoint import Spool
from leverkit.snapshot.listing_reader import Sweep, read
from leverkit.snapshot.snapshot import FORMAT, Snapshot, database
from leverkit.snapshot.tables import (
    counted,
    size,
    write_opportunities,
    write_postings,
    write_stages,
    write_tags,
)
from leverkit.storage.files import fingerprint

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")
Difference = dict[str, str | int]
MARGIN = 10 * 60 * 1000  # ms before the start that a catch-up reads again: clocks and late jobs of Lever's
DAY = 24 * 3600 * 1000
LATEST = 4_102_444_800_000  # the year 2100
ROUNDS = 2  # catch-ups at most: a second one where tag counts differ, as the account may just have changed
UNGRANTED = "confidential opportunities and postings: the key has no grant for them"


def pull(
    out: Path | str, *, lever: ReadOnlyLever | None = None, workers: int = 16, full: bool = False
) -> Snapshot:
    """Read the account into the folder `out` and return it as a snapshot.

    Into a snapshot of the same account it brings what changed since (`full` reads everything again);
    after a stop or a kill it goes on. `workers` requests at most are under way at once.
    Raises Refused (another account), Locked, UsageError, AccessDenied, ApiError, Unreachable.
    """
    folder = Path(out).expanduser()
    account = lever or connect()
    try:
        account.account_id()  # before there is a folder: a wrong key leaves none
        _make(folder)
        with Spool(folder) as spool, progress("pull, pages") as shown:
            _Pull(account, spool, folder, shown, workers).run(full)
    finally:
        if lever is None:
            account.close()
    return Snapshot.open(folder)


class _Pull:
    """One pull, from whatever the spool says is done."""

    def __init__(
        self, lever: ReadOnlyLever, spool: Spool, folder: Path, shown: Progress, workers: int
    ) -> None:
        self._lever, self._spool, self._folder = lever, spool, folder
        self._shown, self._workers = shown, workers
        self._pages = self._records = 0
        self._unseen: set[str] = set()

    def run(self, full: bool) -> None:
        self._begin(full)
        grant = {"confidentiality": "all"} if self._lever.sees_confidential() else {}
        if not grant:
            self._unseen.add(UNGRANTED)
        with hands(3) as pool, database() as db:
            postings = pool.submit(lambda: self._all("/postings", Posting, include=fields(Posting), **grant))
            stages = pool.submit(lambda: self._all("/stages", Stage))
            ranks = pool.submit(self._ranks)
            self._read_main()
            opportunities, tags, differences = self._read_again(db)
            files = [opportunities, tags, write_postings(db, self._folder, postings.result())]
            files.append(write_stages(db, self._folder, stages.result(), ranks.result()))
            counts = {file.stem: size(db, file) for file in files}
        self._publish(files, counts, differences)
        self._spool.discard()

    def _begin(self, full: bool) -> None:
        """Note what this pull is to be, or check that it is the one begun earlier."""
        me = {"account": self._lever.account_id(), "confidential": str(self._lever.sees_confidential())}
        facts = self._spool.facts()
        _check_account(facts.get("account") or _account_in(self._folder), me["account"], self._folder)
        same = facts.get("confidential") == me["confidential"] and not (full and facts.get("since") != "0")
        if facts and same and not self._is_published(facts):
            _say(f"going on with the pull into {self._folder}: {self._spool.pages} pages are there already")
        else:
            if facts and not same:
                _say(f"beginning the pull into {self._folder} anew: it was begun with other settings")
            self._spool.clear()
            since = 0 if full else self._last_time(me)
            self._spool.note(**me, since=str(since), started=str(self._lever.now()))
        facts = self._spool.facts()
        self._started, self._since = int(facts["started"]), int(facts["since"])

    def _is_published(self, facts: dict[str, str]) -> bool:
        """Say whether a kill came after the snapshot was complete, before the spool was removed."""
        try:
            return Snapshot.open(self._folder).taken_at == int(facts["started"])
        except UsageError:
            return False

    def _last_time(self, me: dict[str, str]) -> int:
        """Return since when changes are wanted: 0 is everything."""
        if not (self._folder / "snapshot.json").exists():
            return 0
        last = Snapshot.open(self._folder)
        if str(UNGRANTED not in last.meta["not_seen"]) != me["confidential"]:
            _say("reading everything again: the key has another grant for confidential data than last time")
            return 0
        return last.taken_at - MARGIN

    def _read_main(self) -> None:
        self._read(Sweep("created", "created_at", self._since, self._started + DAY))
        if self._since:
            self._read(Sweep("updated", "updated_at", self._since, LATEST))

    def _read_again(self, db: duckdb.DuckDBPyConnection) -> tuple[Path, Path, list[Difference]]:
        """Catch up, and compare with Lever's tag counts; again if they differ: it may have just changed."""
        for number in range(1, ROUNDS + 1):
            self._catch_up(number)
            listed = self._lever.tag_counts()
            opportunities = write_opportunities(db, self._folder, self._spool, self._prior())
            differences = _differences(listed, counted(db, opportunities))
            if not differences:
                break
        return opportunities, write_tags(db, self._folder, listed), differences

    def _catch_up(self, number: int) -> None:
        since = self._started - MARGIN
        self._read(Sweep(f"updated again {number}", "updated_at", since, LATEST))
        self._read(Sweep(f"created again {number}", "created_at", since, LATEST))
        deleted_since = self._since or since
        gone = self._all("/opportunities/deleted", DeletedOpportunity, deleted_at_start=deleted_since)
        self._spool.forget(one.id for one in gone)

    def _read(self, sweep: Sweep) -> None:
        read(sweep, self._lever, self._spool, workers=self._workers, seen=self._saw)

    def _saw(self, records: int) -> None:
        self._pages += 1
        self._records += records
        self._shown.update(self._pages, f"{self._records:,} opportunities")

    def _prior(self) -> Path | None:
        return self._folder / "opportunities.parquet" if self._since else None

    def _all(self, path: str, kind: type[T], **params: Any) -> list[T]:
        """Read a listing to its end; one that the key may not read is empty, and noted."""
        try:
            return [one for page in self._lever.pages(path, type=kind, **params) for one in page.items]
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            self._unseen.add(f"{path}: the key may not read it ({error.status})")
            return []

    def _ranks(self) -> tuple[StageRank, ...]:
        try:
            return self._lever.get("/disposition_stages", type=DispositionStages).stages
        except ApiError:
            return ()  # undocumented, so not missed

    def _publish(self, files: list[Path], counts: dict[str, int], differences: list[Difference]) -> None:
        """Put the files in place and describe them in `snapshot.json`, which comes last."""
        hashes = {}
        for file in files:
            final = file.with_suffix(".parquet")
            hashes[final.name] = fingerprint(file)
            file.replace(final)
        meta = {
            "format": FORMAT,
            "account": self._lever.account_id(),
            "base_url_host": self._lever.host,
            "window": {"started_at": self._started, "ended_at": self._lever.now()},
            "complete": True,
            "counts": counts,
            "completeness": {"tags_agree": not differences, "differences": differences},
            "not_seen": sorted(self._unseen),
            "files": hashes,
            "versions": {name: version(name) for name in ("leverkit", "duckdb")},
        }
        fresh = self._folder / "snapshot.new"
        fresh.write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(self._folder / "snapshot.json")
        if differences:
            _say(f"the counts of {len(differences)} tags differ from Lever's own: see snapshot.json")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be the folder of a snapshot: {error.strerror}") from None


def _account_in(folder: Path) -> str | None:
    """Return the account of the snapshot in a folder, even of a damaged one."""
    try:
        return str(json.loads((folder / "snapshot.json").read_bytes())["account"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_account(known: str | None, account: str, folder: Path) -> None:
    if known and known != account:
        raise Refused(
            f"{folder} holds account {known}, and the key is for account {account}: pull into another folder"
        )


def _differences(listed: dict[str, int], found: dict[str, int]) -> list[Difference]:
    return [
        {"tag": tag, "listed": listed.get(tag, 0), "counted": found.get(tag, 0)}
        for tag in sorted(listed.keys() | found.keys())
        if listed.get(tag, 0) != found.get(tag, 0)
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
