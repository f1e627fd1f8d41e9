"""One account's folder in the workspace, as notebooks use it: what is in it, and what they make there.

WORKSPACE/<account>/snapshot/       what was read
WORKSPACE/<account>/policy.csv      what people decided
WORKSPACE/<account>/runs/<plan>/    one folder per plan: migrations and rollbacks
WORKSPACE/<account>/ledger/         what people decided since, tagging by tagging
"""

from __future__ import annotations

import shutil
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.accounts import NO_ENTRY, AccountEntry
from leverkit.analysis.audit import audit
from leverkit.errors import UsageError
from leverkit.history.ledger import Ledger
from leverkit.history.tables import SHORT
from leverkit.jobs.ledger import update_ledger
from leverkit.jobs.nightly.record import SyncRecord
from leverkit.migration.result import status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.notebook.migration_order import NOTHING_ASKED, MigrationOrder
from leverkit.notebook.migration_step import MODES, MigrationStep
from leverkit.notebook.nightly_step import NightlyStep, nightly
from leverkit.planning.plan import LEAST, Plan
from leverkit.planning.plan_document import Kind
from leverkit.planning.planner import plan_with
from leverkit.planning.run_folder import DRAFT, draft_lock, run_folders, was_begun
from leverkit.policy.policy import Policy
from leverkit.report.html import Html, table
from leverkit.report.masthead import is_local
from leverkit.report.text import count
from leverkit.settings import Settings, connect
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.files import make_folder
from leverkit.storage.lock import hold

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.audit import Audit
    from leverkit.api.client import ReadOnlyLever

WAIT = 60.0  # seconds for another notebook that plans


def desk(
    workspace: str = "", *, rate: float = 9.8, policy_file: str = "", snapshot_folder: str = ""
) -> AccountWorkspace:
    """Open the folder of the account that the environment names, below `workspace` or LEVERKIT_WORKSPACE.

    `rate` is requests per second, of the 10 that Lever allows a key. `policy_file` and `snapshot_folder`
    are used in place of those in the folder, or of accounts.toml. Raises AccessDenied, Unreachable, and
    Refused where it may be an account that has a folder there already.
    """
    settings = Settings.from_environment()
    home = Path(workspace).expanduser().resolve() if workspace else settings.home
    lever = connect(settings=replace(settings, home=home), rate=rate)
    with ExitStack() as stack:
        stack.callback(lever.close)
        folder = lever.account.folder_in(home)
        lever.account.remember()
        make_folder(folder)
        stack.pop_all()
    entry = settings.entry or NO_ENTRY
    named, snapshot = (Path(name).expanduser().absolute() for name in (policy_file, snapshot_folder))
    policy = named if policy_file else entry.policy_file or folder / "policy.csv"
    source = snapshot if snapshot_folder else folder / "snapshot"
    return AccountWorkspace(folder, lever, rate, policy, source, entry)


@dataclass(frozen=True)
class AccountWorkspace:
    """One account's folder, and the account itself, read-only; `entry` is its entry in accounts.toml."""

    folder: Path
    lever: ReadOnlyLever
    rate: float
    policy_file: Path
    snapshot_folder: Path
    entry: AccountEntry = NO_ENTRY

    def pull(self) -> Snapshot:
        """Read the account: everything the first time, afterwards what changed; and update the ledger.

        Raises BrakeTripped where others removed more tags than a person would.
        """
        snapshot = pull(self.snapshot_folder, lever=self.lever)
        limit = self.entry.brakes.max_found_removals
        found = update_ledger(self.folder, snapshot, lever=self.lever, max_found_removals=limit)
        if found.refused:
            print(found.summary, file=sys.stderr)
        return snapshot

    def snapshot(self) -> Snapshot:
        """Return the snapshot in the folder; read the account if there is none."""
        here = self.snapshot_folder
        return Snapshot.open(here) if (here / "snapshot.json").exists() else self.pull()

    @property
    def policy(self) -> Policy:
        """Return what people decided so far. Raises UsageError where a file that was named is not there."""
        named = self.policy_file.parent != self.folder and self.policy_file != self.entry.policy_file
        return Policy.read(self.policy_file) if named else Policy.at(self.policy_file)

    def decided(self, facts: Audit) -> Policy:
        """Return what people decided so far, with a suggestion for every tag; writes nothing."""
        return self.policy.with_suggestions(facts)

    def suggest(self, facts: Audit, accept: float = 0.0) -> Policy:
        """Write a suggested scope for every tag into policy.csv; keep what people decided there.

        Suggestions with at least the confidence `accept` are filled in; 0 fills in none.
        """
        return Policy.suggest(facts, accept=accept or None, earlier=self.policy).write(self.policy_file)

    def migration(self, mode: str, approve: str = "", **options: Any) -> MigrationStep:
        """Plan the migration from what people decided, or return the plan that was approved.

        Options are those of `MigrationOrder.of`. Mode `plan` reads the account first; without a policy.csv,
        one is proposed. Modes `apply` and `verify` take the plan that `approve` names, or the newest. Brakes
        are checked in modes plan and apply. Raises BrakeTripped, UsageError, and Refused where policy.csv was
        changed since the plan that is to be applied.
        """
        order = MigrationOrder.of(**options).within(self.entry.brakes.given)
        if run := self._planned(mode, "migrate", approve, order.folder):
            if mode == "apply":
                order.require_policy(run.plan, self.policy)
            return self._step(mode, run, approve, order)
        with self._drafting():
            snapshot = self.pull()
            policy = self.policy
            if not policy.source:
                policy = self.suggest(audit(snapshot))
            with Ledger.open(self.folder) as ledger:
                out, policy = order.folder or self._draft, policy.narrowed(order.matching)
                made = plan_with(snapshot, policy, out, brakes=order.brakes, only=order.tags, ledger=ledger)
            run = Run(order.folder, made) if order.folder else self._keep(made)
            return self._step(mode, run, approve, order)

    def rollback(self, mode: str, of: str = "", approve: str = "", *, run_folder: str = "") -> MigrationStep:
        """Plan the rollback of a run, or return the rollback that was approved.

        Mode `plan` undoes the run in `run_folder`, or whose plan id `of` begins, or the newest migration that
        was begun.
        """
        if run := self._planned(mode, "rollback", approve):
            return self._step(mode, run, approve)
        undone = Path(run_folder).expanduser() if run_folder else self._run_to_undo(of)
        with self._drafting():
            return self._step(mode, self._keep(rollback(undone, self._draft)), approve)

    def sync(self, mode: str = "plan", policy_file: str = "", **options: Any) -> NightlyStep:
        """Do the nightly job here, in mode `plan` without writing to Lever; options as of `SyncOrder`."""
        path = Path(policy_file).expanduser() if policy_file else self.policy_file
        return nightly(self.folder, path, mode, rate=self.rate, **options)

    @property
    def runs(self) -> pd.DataFrame:
        """Return one row per run, newest first: plan, kind, operations, state, done, pending."""
        import pandas as pd

        rows = []
        for run in self._runs:
            found = status(Run.open(run))
            size = (found.planned, found.state, found.in_place, found.counts["pending"])
            rows.append((found.plan_id[:SHORT], found.kind, *size))
        return pd.DataFrame(rows, columns=["plan", "kind", "operations", "state", "done", "pending"])

    @property
    def steps(self) -> pd.DataFrame:
        """Return one row per step of the flow: step, state, notebook."""
        import pandas as pd

        rows = [
            ("read the account", self._reading(), "10_audit"),
            ("decide which tags are about the person", self._deciding(), "20_policy"),
            ("plan, apply, verify", self._latest("migrate"), "30_migrate"),
            ("take it back, if you want", self._latest("rollback"), "40_rollback"),
            ("keep it so, every night", SyncRecord.find(self.folder, self.folder.name).state, "60_sync"),
        ]
        return pd.DataFrame(rows, columns=["step", "state", "notebook"])

    def _reading(self) -> str:
        if not (self.snapshot_folder / "snapshot.json").exists():
            return "not yet"
        return (
            f"{count(self.snapshot().meta['counts']['opportunities'], 'opportunity', 'opportunities')} read"
        )

    def _deciding(self) -> str:
        if not self.policy_file.exists():
            return "not yet"
        scopes = list(Policy.read(self.policy_file).scopes.values())
        return f"{len(scopes) - scopes.count('undecided'):,} of {count(len(scopes), 'tag')} decided"

    def _latest(self, kind: Kind) -> str:
        found = (status(Run.open(run)) for run in self._runs)
        return next(
            (f"plan {run.plan_id[:SHORT]}: {run.summary}" for run in found if run.kind == kind), "not yet"
        )

    @property
    def _draft(self) -> Path:
        return self.folder / "runs" / DRAFT

    @property
    def _runs(self) -> list[Path]:
        """Return the folders of runs, newest first, without a draft that tripped a brake."""
        return run_folders(self.folder / "runs")

    def _drafting(self) -> AbstractContextManager[None]:
        """Hold what notebooks of this account share while they plan: the draft, and the snapshot."""
        return hold(draft_lock(self.folder / "runs"), purpose="plan", wait=WAIT)

    def _keep(self, made: Plan) -> Run:
        """Move the draft to the folder of its plan id, unless that plan is there already; return the run."""
        folder = self._draft.with_name(made.short)
        if folder.exists():
            shutil.rmtree(self._draft)
            return Run.planned(folder)
        return Run(self._draft.replace(folder), made)

    def _step(
        self, mode: str, run: Run, approve: str, order: MigrationOrder = NOTHING_ASKED
    ) -> MigrationStep:
        folders = (self.snapshot_folder, self.policy_file)
        return MigrationStep(mode, run.folder, run.plan, *folders, self.lever, self.rate, approve, order)

    def _planned(self, mode: str, kind: Kind, approve: str, folder: Path | None = None) -> Run | None:
        """Return the run that modes apply and verify take; None in mode plan. Raises UsageError."""
        if mode not in MODES:
            raise UsageError(f"mode must be plan, apply or verify, not {mode!r}")
        if mode == "plan":
            return None
        return Run.planned(folder) if folder else self._find(kind, approve)

    def _find(self, kind: Kind, identifier: str) -> Run:
        """Return the newest run of a kind, or the one whose plan id begins with `identifier`."""
        wanted = identifier.strip().lower()
        if 0 < len(wanted) < LEAST:
            raise UsageError(f"{identifier!r} is no plan id: give at least its first {LEAST} digits")
        for run in map(Run.planned, self._runs):
            if run.plan.kind == kind and run.plan.plan_id.startswith(wanted):
                return run
        raise UsageError(f"no {kind} plan {wanted or 'at all'} for this account; make one with mode = plan")

    def _run_to_undo(self, of: str) -> Path:
        """Return the run to undo; where nothing was ever planned, a plan that did nothing."""
        if of:
            return self._find("migrate", of).folder
        migrations = [run for run in self._runs if Plan.read(run).kind == "migrate"]
        begun = list(filter(was_begun, migrations))
        return (begun or migrations or [self.migration("plan").run])[0]

    def __repr__(self) -> str:
        return f"<AccountWorkspace of account {self.lever.account.title}>"

    def _repr_html_(self) -> str:
        demo = self.lever.account.label.demo or is_local(self.lever.host)
        where = "DEMO: emulated on this computer, with invented people" if demo else f"at {self.lever.host}"
        head = Html("<p><strong>Account {}</strong>, {}</p>").format(self.lever.account.title, where)
        runs = self.runs
        return head + (table(runs, limit=8, caption="Plans so far, newest first") if len(runs) else "")
