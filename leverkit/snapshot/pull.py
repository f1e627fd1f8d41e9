"""Read an account into a snapshot: everything once, afterwards what changed.

The listing moves while it is read (its order follows stages). So every pull ends with a catch-up on what
was created, updated or deleted since it began, and compares its tag counts with `GET /tags`. What Lever
counts and no window showed, such as an opportunity that was created at no time, is looked for by its tag.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from leverkit.api.models import DeletedOpportunity, DispositionStages, Posting, Stage, StageRank, fields
from leverkit.api.threads import thread_pool
from leverkit.errors import ApiError, UsageError
from leverkit.report.progress import Progress, progress
from leverkit.report.text import count
from leverkit.settings import connect
from leverkit.snapshot import tables
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.completeness import (
    UNGRANTED,
    Difference,
    differences,
    lacking,
    missed_tags,
    read_plainly,
)
from leverkit.snapshot.identity import recognise
from leverkit.snapshot.listing_reader import ListingPass, read
from leverkit.snapshot.publishing import COLUMNS, account_facts, publish
from leverkit.snapshot.snapshot import Snapshot, database
from leverkit.snapshot.tables import LeftOut
from leverkit.snapshot.windows import HIGHEST, LOWEST
from leverkit.storage.files import make_folder

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever
    from leverkit.snapshot.snapshot import Database

T = TypeVar("T")
MARGIN = 10 * 60 * 1000  # ms before the start that a catch-up reads again, for late updates at Lever
DAY = 24 * 3600 * 1000
ROUNDS = 2  # catch-ups: a second if tag counts differ, as the account may just have changed


def pull(
    out: Path | str,
    *,
    lever: ReadOnlyLever | None = None,
    workers: int = 16,
    full: bool = False,
    same_account: bool = False,
) -> Snapshot:
    """Read the account into the folder `out` and return it as a snapshot.

    A snapshot of the same account gets what changed since (`full` reads everything again). After a stop or
    a kill the pull resumes. At most `workers` requests are in flight at once. `same_account`: you
    confirm that a doubtful account is the snapshot's; that is recorded in the workspace.
    Raises Refused (another account or host), Locked, UsageError, AccessDenied, ApiError, Unreachable.
    """
    folder = Path(out).expanduser()
    account = lever or connect()
    try:
        account.account_id()  # before the folder is made: a wrong key leaves none
        _make(folder)
        with PullCheckpoint(folder) as checkpoint, progress("pull", unit="page") as shown:
            _Pull(account, checkpoint, folder, shown, workers).run(full, same_account)
    finally:
        if lever is None:
            account.close()
    return Snapshot.open(folder)


class _Pull:
    """One pull, from where its checkpoint stands."""

    def __init__(
        self, lever: ReadOnlyLever, checkpoint: PullCheckpoint, folder: Path, shown: Progress, workers: int
    ) -> None:
        self._lever, self._checkpoint, self._folder = lever, checkpoint, folder
        self._shown, self._workers = shown, workers
        self._pages = self._records = 0
        self._not_seen: set[str] = set()
        self._left_out: list[LeftOut] = []
        self._last = _opened(folder)

    def run(self, full: bool, same_account: bool) -> None:
        self._begin(full, same_account)
        grant = {"confidentiality": "all"} if self._lever.sees_confidential() else {}
        if not grant:
            self._not_seen.add(UNGRANTED)
        with thread_pool(3) as pool, database() as db:
            postings = pool.submit(lambda: self._all("/postings", Posting, include=fields(Posting), **grant))
            stages = pool.submit(lambda: self._all("/stages", Stage))
            ranks = pool.submit(self._ranks)
            self._read_main()
            opportunities, tags, different = self._read_again(db, pool)
            files = [opportunities, tags, tables.write_postings(db, self._folder, postings.result())]
            files.append(tables.write_stages(db, self._folder, stages.result(), ranks.result()))
            self._lever.account.note("stage", (stage.id for stage in stages.result()))
            counts = {file.stem: tables.size(db, file) for file in files}
        self._publish(files, counts, different)
        self._checkpoint.discard()
        self._recognised.remember(self._lever.account)

    def _begin(self, full: bool, same_account: bool) -> None:
        """Note what this pull reads, or check that it is the one begun earlier."""
        facts = self._checkpoint.facts()
        account = self._lever.account
        self._recognised = recognise(account, facts, self._folder, same_account=same_account)
        me = {
            "account": self._recognised.id,
            "account_ids": " ".join(account.ids()),
            "host": account.host,
            "confidential": str(self._lever.sees_confidential()),
            "columns": " ".join(COLUMNS),
        }
        same = not (full and facts.get("since") != "0")
        same = same and all(facts.get(name) == me[name] for name in ("confidential", "columns"))
        if facts and same and not self._is_published(facts):
            there = count(self._checkpoint.pages, "page is", "pages are")
            _say(f"resuming the pull into {self._folder}: {there} already there")
        else:
            if facts and not same:
                _say(f"starting the pull into {self._folder} again: it was started with other settings")
            self._checkpoint.clear()
            since = 0 if full else self._last_time()
            self._checkpoint.note(**me, since=str(since), started=str(self._lever.now()))
        facts = self._checkpoint.facts()
        self._started, self._since = int(facts["started"]), int(facts["since"])

    def _is_published(self, facts: dict[str, str]) -> bool:
        """Return True if a kill came after the snapshot was complete, before the checkpoint was removed."""
        return self._last is not None and self._last.taken_at == int(facts["started"])

    def _last_time(self) -> int:
        """Return since when changes are to be read (milliseconds since epoch); 0 for everything."""
        if not (self._folder / "snapshot.json").exists():
            return 0
        last, sees = self._last or Snapshot.open(self._folder), self._lever.sees_confidential()
        reasons = {
            "the snapshot of an older leverkit lacks columns": last.meta.get("columns") != COLUMNS,
            "the key's access to confidential data has changed": (UNGRANTED in last.meta["not_seen"]) == sees,
            "this key would not see what became confidential since last time": not sees,
        }
        if why := next((text for text, applies in reasons.items() if applies), ""):
            _say(f"reading everything again: {why}")
            return 0
        return last.taken_at - MARGIN

    def _read_main(self) -> None:
        if self._since:
            self._read(ListingPass("created", "created_at", self._since, HIGHEST))
            self._read(ListingPass("updated", "updated_at", self._since, HIGHEST))
            return
        self._read(ListingPass("created", "created_at", LOWEST, self._started + DAY))
        if self._checkpoint.pages <= 1:  # so small that one request shows what no filter by time does
            read_plainly(self._lever, self._checkpoint, self._show_page)

    def _read_again(self, db: Database, pool: ThreadPoolExecutor) -> tuple[Path, Path, list[Difference]]:
        """Catch up and compare with Lever's tag counts; repeat if they differ: tags may just have changed."""
        different: list[Difference] = []
        for number in range(1, ROUNDS + 2):
            if number > ROUNDS and not self._found_by_tags(different):
                break
            counts = pool.submit(self._lever.tag_counts)
            self._catch_up(number, pool)
            opportunities = tables.write_opportunities(
                db, self._folder, self._checkpoint, self._prior(), self._left_out_before()
            )
            listed = counts.result()
            different = differences(listed, tables.counted(db))
            if not different:
                break
        self._left_out = tables.left_out(db)
        lost = tables.vanished(db, self._folder, self._checkpoint) if self._last else 0
        self._not_seen.update(lacking(self._left_out, tables.undated(db), lost))
        return opportunities, tables.write_tags(db, self._folder, listed), different

    def _found_by_tags(self, different: list[Difference]) -> bool:
        """Read what Lever counts and no window showed; return True if anything was read."""
        tags = missed_tags(different) if self._lever.sees_confidential() else []
        for tag in tags:
            read_plainly(self._lever, self._checkpoint, self._show_page, tag=tag)
        return bool(tags)

    def _catch_up(self, number: int, pool: ThreadPoolExecutor) -> None:
        since = self._started - MARGIN
        deleted_since = self._last.taken_at - MARGIN if self._last else since
        path = "/opportunities/deleted"
        gone = pool.submit(lambda: self._all(path, DeletedOpportunity, deleted_at_start=deleted_since))
        self._read(ListingPass(f"updated again {number}", "updated_at", since, HIGHEST))
        self._read(ListingPass(f"created again {number}", "created_at", since, HIGHEST))
        self._checkpoint.forget(opportunity.id for opportunity in gone.result())

    def _left_out_before(self) -> list[LeftOut]:
        return list(self._last.meta.get("left_out", ())) if self._last and self._since else []

    def _read(self, listing: ListingPass) -> None:
        read(listing, self._lever, self._checkpoint, workers=self._workers, seen=self._show_page)

    def _show_page(self, records: int) -> None:
        self._pages += 1
        self._records += records
        self._shown.update(self._pages, count(self._records, "row"))

    def _prior(self) -> Path | None:
        return self._folder / "opportunities.parquet" if self._since else None

    def _all(self, path: str, kind: type[T], **params: Any) -> list[T]:
        """Read a listing to its end; one that the key may not read is empty, and noted as not seen."""
        try:
            return [item for page in self._lever.pages(path, type=kind, **params) for item in page.items]
        except ApiError as error:
            if not error.means_no_access:
                raise
            self._not_seen.add(f"{path}: the key may not read it ({error.status})")
            return []

    def _ranks(self) -> tuple[StageRank, ...]:
        try:
            return self._lever.get("/disposition_stages", type=DispositionStages).stages
        except ApiError:
            return ()  # undocumented, so nothing depends on it

    def _publish(self, files: list[Path], counts: dict[str, int], different: list[Difference]) -> None:
        """Publish the files and say whether Lever's own counts of tags differ."""
        publish(
            self._folder,
            files,
            account=account_facts(self._lever.account, self._recognised.id),
            window={"started_at": self._started, "ended_at": self._lever.now()},
            counts=counts,
            tags_agree=not different,
            different=different,
            left_out=self._left_out,
            not_seen=sorted(self._not_seen),
        )
        if different:
            tags = count(len(different), "tag count differs", "tag counts differ")
            _say(f"{tags} from Lever's own: see snapshot.json")


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be the folder of a snapshot: {error.strerror}") from None


def _opened(folder: Path) -> Snapshot | None:
    """Return the snapshot in a folder; None where there is none, or a damaged one."""
    try:
        return Snapshot.open(folder)
    except UsageError:
        return None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
