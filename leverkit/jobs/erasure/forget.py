"""Forget people who were erased in Lever: ledger, snapshots, runs, and files of the account's folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from leverkit.errors import LeverkitError
from leverkit.history.forget import erased
from leverkit.history.ledger import Ledger
from leverkit.history.tables import SHORT
from leverkit.jobs.erasure.replacing import STAGING, Prepared, Replacement, draft_of, finish, note
from leverkit.jobs.erasure.run_files import holds_more, inboxes, mentions, write_again
from leverkit.jobs.erasure.substitutions import Substitutions
from leverkit.jobs.nightly.record import sync_lock
from leverkit.jobs.packing import packed_file, unpacked, write_archive
from leverkit.migration.journal import NewOpportunity
from leverkit.migration.ownership import PlanHead, related
from leverkit.migration.run import Run
from leverkit.planning.run_folder import PACKED, draft_lock
from leverkit.planning.waves import ALL
from leverkit.report.text import count
from leverkit.snapshot.checkpoint import NAME as CHECKPOINT
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.forget import without
from leverkit.snapshot.publishing import META
from leverkit.snapshot.snapshot import TABLES, Snapshot
from leverkit.storage import files
from leverkit.storage.lock import hold

WAIT = 60.0  # seconds for somebody who plans
_ROWS = """
    SELECT id FROM opportunities
    WHERE id IN (SELECT unnest($ids)) OR contact IN (SELECT unnest($contacts))
    OR ($anonymized AND is_anonymized)
"""
_GONE = "SELECT contact FROM opportunities GROUP BY contact HAVING bool_and(is_anonymized)"
_CHECKPOINT = (CHECKPOINT, f"{CHECKPOINT}-wal", f"{CHECKPOINT}-shm")
_OURS = (META, *_CHECKPOINT, "lock", *(f"{table}.parquet" for table in TABLES))
_LEDGER = ("draft", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm")  # beside its lock


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed, and where; `left` is what could not be, and why."""

    opportunities: int
    rows: int
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Return it in words."""
        who = count(self.opportunities, "opportunity", "opportunities")
        return [f"{who} forgotten; removed {count(self.rows, 'row')} from the ledger", *self.changed]


class _Found(NamedTuple):
    """A run, and what of it is to be replaced: its folder, or the archive that it was unpacked from."""

    target: Path
    run: Run


def forget_people(
    account_folder: Path, snapshots: Collection[Path], contacts: Collection[str], *, anonymized: bool = False
) -> Forgotten:
    """Remove contacts, and with `anonymized` all people erased in Lever, from the files of an account.

    `snapshots` are those outside of its folder. A killed call is ended by the next. Raises Locked while the
    nightly job or a plan is made, Refused where the ledger is damaged.
    """
    finish(account_folder)
    with ExitStack() as stack:
        locks = (sync_lock(account_folder), draft_lock(account_folder / "runs"))
        stack.enter_context(hold(*locks, purpose="forget people", wait=WAIT))
        work = _Work(account_folder, stack)
        work.find(snapshots)
        work.name(contacts, anonymized)
        work.prepare()
        rows = work.finish()
    return Forgotten(
        opportunities=len(work.opportunities), rows=rows, changed=tuple(work.changed), left=tuple(work.left)
    )


class _Work:
    """One forgetting: what is looked at, who is to be forgotten, and what was prepared so far."""

    def __init__(self, account_folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = account_folder, stack
        self._snapshots: list[Snapshot] = []
        self._runs: list[_Found] = []
        self._looked_at: set[Path] = set()  # folders of snapshots
        self._places: set[Path] = set()  # of runs
        self._busy: set[Path] = set()
        self._replacements: list[Replacement] = []
        self._plans: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        self.opportunities: set[str] = set()
        self.contacts: set[str] = set()
        self.changed: list[str] = []
        self.left: list[str] = []

    def find(self, snapshots: Collection[Path]) -> None:
        """Find snapshots and runs, and hold them: what cannot be held or read is left."""
        named = {path.resolve() for path in snapshots}
        self._looked_at = named | {path.parent for name in (META, CHECKPOINT) for path in self._inside(name)}
        for folder in sorted(self._looked_at):
            with self._leaving(folder):
                self._stack.enter_context(PullCheckpoint(folder)).clear()
                if folder in named or (folder / META).exists():  # else a first pull that was never ended
                    self._snapshots.append(Snapshot.open(folder))
        self._places = set(self._run_places())
        for place in sorted(self._places):
            with self._leaving(place):
                self._runs.append(self._opened(place))
        self._runs.sort(key=lambda found: self._depth(found.run))

    def _run_places(self) -> list[Path]:
        """Return the folders and archives of runs: in the account's folder, registered, and beside these."""
        with Ledger.open(self._folder) as ledger:
            known = {Path(run.folder) for run in ledger.runs()}
        packed = {packed_file(folder) for folder in known if not folder.exists()}
        packed = {path for path in packed if path.exists()}
        folders = {path.parent for path in self._inside("plan.json")} | known
        folders -= {path.with_name(path.name.removesuffix(PACKED)) for path in packed}
        folders |= {other.resolve() for folder in folders for other, _ in related(folder)}
        return sorted(folders | packed | set(self._inside(f"*{PACKED}")))

    def _inside(self, name: str) -> Iterator[Path]:
        """Yield the files of a name in the account's folder."""
        folder = self._folder.resolve()
        yield from (path for path in folder.rglob(name) if STAGING not in path.parts and path.is_file())

    @contextmanager
    def _leaving(self, what: Path) -> Iterator[None]:
        """Note what cannot be held or read as left."""
        try:
            yield
        except (LeverkitError, OSError) as error:
            self.left.append(f"{what}: {error}")

    def _opened(self, place: Path) -> _Found:
        """Open a run and hold it; one in an archive is unpacked."""
        if place.is_file():
            return _Found(place, self._unpacked(place))
        self._stack.enter_context(hold(Run.planned(place).lock_file, purpose="forget people"))
        return _Found(place, Run.open(place))

    def _unpacked(self, archive: Path) -> Run:
        folder = draft_of(archive.with_name(f"{archive.name}.unpacked"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return unpacked(archive, folder)

    def _depth(self, run: Run) -> int:
        """Return 0 for a migration, 1 for its rollback, 2 for a rollback of that."""
        undone = (found.run for found in self._runs if found.run.plan.plan_id == run.plan.policy_digest)
        of = next(undone, None) if run.plan.kind == "rollback" else None
        return 1 + self._depth(of) if of else 0

    def name(self, contacts: Collection[str], anonymized: bool) -> None:
        """Find all ids of the people who are to be forgotten."""
        with Ledger.open(self._folder) as ledger:
            self.opportunities, self.contacts = erased(ledger, contacts, anonymized=anonymized)
        for snapshot in self._snapshots:
            if anonymized:
                self.contacts.update(contact for (contact,) in snapshot.sql(_GONE).fetchall())
            given = {"ids": sorted(self.opportunities), "contacts": sorted(self.contacts)}
            rows = snapshot.sql(_ROWS, params={**given, "anonymized": anonymized}).fetchall()
            self.opportunities.update(id for (id,) in rows)
        for _, run in self._runs:
            self.opportunities |= {id for id, at in run.plan.before.items() if at.contact in self.contacts}
            self.opportunities |= {
                entry.body.opportunity
                for entry in run.entries
                if isinstance(entry.body, NewOpportunity) and entry.body.contact in self.contacts
            }

    def prepare(self) -> None:
        """Write what is to take the place of each file and folder that names them."""
        substitutions = Substitutions(self.opportunities | self.contacts)
        for snapshot in self._snapshots:
            self._prepare_snapshot(snapshot)
        self._keep_links()
        for found in self._runs:
            if mentions(found.run, substitutions):
                self._prepare_run(found, substitutions)
        self.left += inboxes(self._places, substitutions)
        for path in sorted(self._inside("*")):
            if not self._is_known(path):
                self._prepare_file(path, substitutions)

    def _prepare_snapshot(self, snapshot: Snapshot) -> None:
        query = "SELECT count(*) FROM opportunities WHERE id IN (SELECT unnest($ids))"
        ((number,),) = snapshot.sql(query, params={"ids": sorted(self.opportunities)}).fetchall()
        if number:
            drafts = [draft_of(snapshot.path / name) for name in (META, f"{TABLES[0]}.parquet")]
            new = without(snapshot, self.opportunities, drafts[0].parent)
            self._digests[snapshot.digest] = new.digest
            for draft in drafts:
                self._replace(snapshot.path / draft.name, draft)
            self.changed.append(f"{snapshot.path}: removed {count(number, 'opportunity', 'opportunities')}")

    def _keep_links(self) -> None:
        """Leave runs that are open or hold more, and those whose rollback is left: it names their hashes."""
        read = {found.target for found in self._runs}
        unread = (PlanHead.read(place) for place in self._run_places() if place not in read)
        undone = {head.policy_digest for head in unread if head}
        for target, run in reversed(self._runs):
            is_open = run.entries and not run.is_settled(run.wave(ALL))
            if is_open or run.plan.plan_id in undone or holds_more(run):
                self._busy.add(target)
                undone.add(run.plan.policy_digest)

    def _prepare_run(self, found: _Found, substitutions: Substitutions) -> None:
        target, run = found
        if holds_more(run):
            self.left.append(f"{target}: other things are in it too; move the run to a folder of its own")
        elif target in self._busy:
            self.left.append(
                f"{target}: the run, or its rollback, is not finished; finish it, then repeat this"
            )
        elif not run.entries:
            self._replacements.append(Replacement(str(target)))
            self.changed.append(f"{target}: removed, because it was not begun; plan again")
        else:
            draft = draft_of(target)
            folder = draft if target == run.folder else draft.with_name(run.folder.name)
            self._plans[run.plan.plan_id] = new = write_again(run, folder, substitutions)
            if folder != draft:
                write_archive(folder, draft)
            self._replace(target, draft)
            self.changed.append(f"{target}: random ids instead of theirs; its plan is now {new[:SHORT]}")

    def _is_known(self, path: Path) -> bool:
        """Return True for files of runs and snapshots, and of the ledger: they are looked at as such.

        So are those that could not be held: somebody works there, or a person has to look.
        """
        if path.name.endswith(".lock") or (path.name in _OURS and path.parent in self._looked_at):
            return True
        ledger = self._folder.resolve() / "ledger"
        return not {path, *path.parents}.isdisjoint(
            {*self._places, ledger / "lock", *(ledger / name for name in _LEDGER)}
        )

    def _prepare_file(self, path: Path, substitutions: Substitutions) -> None:
        content = files.read(path)
        if b"\0" in content:
            self.left.append(f"{path}: not a text file, so it was not searched; remove it if it names people")
        elif substitutions.occur_in(content):
            draft = draft_of(path)
            files.write_atomic(draft, substitutions.replaced(content), mode=files.mode_of(path))
            self._replace(path, draft)
            self.changed.append(f"{path}: random ids instead of theirs")

    def _replace(self, target: Path, draft: Path) -> None:
        self._replacements.append(Replacement(str(target), str(draft)))

    def finish(self) -> int:
        """Put everything in its place; return how many rows the ledger lost."""
        prepared = Prepared(
            replacements=tuple(self._replacements),
            opportunities=frozenset(self.opportunities),
            contacts=frozenset(self.contacts),
            plans=self._plans,
            digests=self._digests,
        )
        note(self._folder, prepared)
        return finish(self._folder)
