"""The desk that notebooks work at: one account's folder in the workspace, and what lies there or is made.

WORKSPACE/<account>/snapshot/       what was read
WORKSPACE/<account>/policy.csv      what people decided
WORKSPACE/<account>/runs/<plan>/    one folder a plan: migrations and rollbacks
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.analysis.audit import audit
from leverkit.api.client import ReadOnlyLever
from leverkit.errors import Refused, UsageError
from leverkit.migration.result import status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.notebook.migration_step import MigrationStep, check_mode
from leverkit.planning.brakes import GROWTH, OFF, Brakes
from leverkit.planning.plan import LEAST, SHORT, Plan, was_begun
from leverkit.planning.plan_document import Kind
from leverkit.planning.planner import plan_with
from leverkit.policy.policy import Policy
from leverkit.report.html import Html, table
from leverkit.settings import Settings, connect
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.audit import Audit


def desk(workspace: str = "", *, rate: float = 9.8) -> AccountWorkspace:
    """Open the desk of the account that the environment names, below `workspace` or LEVERKIT_WORKSPACE.

    `rate` is requests a second, of the 10 that Lever allows a key. Raises AccessDenied, Unreachable.
    """
    settings = Settings.from_environment()
    home = Path(workspace).expanduser().resolve() if workspace else settings.home
    lever = connect(settings=settings, rate=rate)
    folder = home / lever.account_id()
    folder.mkdir(parents=True, exist_ok=True)
    return AccountWorkspace(folder, lever, settings.demo, rate)


@dataclass(frozen=True)
class AccountWorkspace:
    """One account's folder, and the account itself, read-only."""

    folder: Path
    lever: ReadOnlyLever
    demo: bool
    rate: float

    def pull(self) -> Snapshot:
        """Read the account: everything the first time, afterwards what changed."""
        return pull(self.folder / "snapshot", lever=self.lever)

    def snapshot(self) -> Snapshot:
        """Return the snapshot that lies here, reading the account where there is none."""
        here = self.folder / "snapshot"
        return Snapshot.open(here) if (here / "snapshot.json").exists() else self.pull()

    @property
    def policy_file(self) -> Path:
        """Return where people decide."""
        return self.folder / "policy.csv"

    @property
    def policy(self) -> Policy:
        """Return what is decided there so far."""
        return Policy.at(self.policy_file)

    def suggest(self, facts: Audit, accept: float = 0.0) -> Policy:
        """Propose a scope for every tag into policy.csv, keeping what people decided there.

        Suggestions with at least the confidence `accept` are filled in; 0 fills in none.
        """
        return Policy.suggest(facts, accept=accept or None).write(self.policy_file)

    def migration(
        self,
        mode: str,
        approve: str = "",
        *,
        max_ops: int | None = None,
        max_pct: float | None = 30.0,
        max_tag_pct: float | None = GROWTH,
        max_removals: int | None = 0,
    ) -> MigrationStep:
        """Plan the migration from what people decided, or take up the plan that was approved.

        Mode `plan` reads the account first; without a policy.csv, one is proposed. Modes `apply` and `verify`
        take the plan that `approve` names, or the newest. Brakes are checked in modes plan and apply;
        `max_ops` 0 is none. Raises BrakeTripped, UsageError, and Refused where policy.csv was changed since
        the plan that is to be applied.
        """
        check_mode(mode)
        brakes = Brakes(
            max_ops=max_ops or None, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals
        )
        if mode != "plan":
            run = self._find("migrate", approve)
            if mode == "apply":
                self._check_policy(Plan.read(run))
            return self._step(mode, run, approve, brakes)
        snapshot = self.pull()
        policy = Policy.read(self.policy_file) if self.policy_file.exists() else self.suggest(audit(snapshot))
        plan_with(snapshot, policy, self._draft, brakes=brakes)
        return self._step(mode, self._keep(), approve, brakes)

    def rollback(self, mode: str, of: str = "", approve: str = "") -> MigrationStep:
        """Plan the undoing of a run, or take up the rollback that was approved.

        Mode `plan` undoes the run whose plan id `of` begins, or the newest migration that was begun.
        """
        check_mode(mode)
        if mode != "plan":
            return self._step(mode, self._find("rollback", approve), approve)
        rollback(self._begun(of), self._draft)
        return self._step(mode, self._keep(), approve)

    @property
    def runs(self) -> pd.DataFrame:
        """Return one row a run, newest first: plan, kind, operations, state, done, pending."""
        import pandas as pd

        rows = []
        for run in self._runs():
            found = status(Run.open(run))
            done = found.counts["done"] + found.counts["no_op"]
            rows.append(
                (found.plan_id[:SHORT], found.kind, found.planned, found.state, done, found.counts["pending"])
            )
        return pd.DataFrame(rows, columns=["plan", "kind", "operations", "state", "done", "pending"])

    @property
    def steps(self) -> pd.DataFrame:
        """Return one row a step of the flow: step, state, notebook."""
        import pandas as pd

        rows = [
            ("read the account", self._reading(), "10_audit"),
            ("decide which tags are about the person", self._deciding(), "20_policy"),
            ("plan, apply, verify", self._latest("migrate"), "30_migrate"),
            ("take it back, if you want", self._latest("rollback"), "40_rollback"),
        ]
        return pd.DataFrame(rows, columns=["step", "state", "notebook"])

    def _reading(self) -> str:
        if not (self.folder / "snapshot" / "snapshot.json").exists():
            return "not yet"
        return f"{self.snapshot().meta['counts']['opportunities']:,} opportunities read"

    def _deciding(self) -> str:
        if not self.policy_file.exists():
            return "not yet"
        scopes = list(Policy.read(self.policy_file).scopes.values())
        return f"{len(scopes) - scopes.count('undecided'):,} of {len(scopes):,} tags decided"

    def _latest(self, kind: Kind) -> str:
        found = (status(Run.open(run)) for run in self._runs())
        return next(
            (f"plan {one.plan_id[:SHORT]}: {one.summary}" for one in found if one.kind == kind), "not yet"
        )

    @property
    def _draft(self) -> Path:
        return self.folder / "runs" / "draft"

    def _keep(self) -> Path:
        """Move the draft to the folder of its plan id, unless that plan is there already."""
        made = Plan.read(self._draft)
        run = self._draft.with_name(made.short)
        if run.exists():
            shutil.rmtree(self._draft)
        else:
            self._draft.replace(run)
        return run

    def _step(self, mode: str, run: Path, approve: str, brakes: Brakes = OFF) -> MigrationStep:
        return MigrationStep(mode, run, Plan.read(run), self.lever, self.rate, approve, brakes)

    def _runs(self) -> Iterator[Path]:
        """Yield the folders of runs, newest first; a draft that tripped a brake is none."""
        plans = [path for path in self.folder.glob("runs/*/plan.json") if path.parent != self._draft]
        plans.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        yield from (path.parent for path in plans)

    def _find(self, kind: Kind, identifier: str) -> Path:
        """Return the newest run of a kind, or the one whose plan id begins like this."""
        wanted = identifier.strip().lower()
        if 0 < len(wanted) < LEAST:
            raise UsageError(f"{identifier!r} is no plan id: give at least its first {LEAST} digits")
        for run in self._runs():
            found = Plan.read(run)
            if found.kind == kind and found.plan_id.startswith(wanted):
                return run
        raise UsageError(f"no {kind} plan {wanted or 'at all'} for this account; make one with mode = plan")

    def _check_policy(self, made: Plan) -> None:
        """Refuse a plan that people have overtaken: they decided otherwise after it was made."""
        if self.policy_file.exists() and Policy.read(self.policy_file).digest != made.policy_digest:
            raise Refused(
                f"policy.csv was changed after plan {made.short} was made, and nothing was written to Lever. "
                "Run this notebook with mode = plan: it plans what is left by what is decided now"
            )

    def _begun(self, of: str) -> Path:
        """Return the run to undo; where nothing was ever planned, a plan that did nothing."""
        if of:
            return self._find("migrate", of)
        migrations = [run for run in self._runs() if Plan.read(run).kind == "migrate"]
        begun = list(filter(was_begun, migrations))
        return (begun or migrations or [self.migration("plan").run])[0]

    def __repr__(self) -> str:
        return f"<AccountWorkspace of account {self.folder.name}>"

    def _repr_html_(self) -> str:
        where = "the demo account: emulated, with invented people" if self.demo else f"at {self.lever.host}"
        head = Html("<p><strong>Account {}</strong>, {}</p>").format(self.folder.name, where)
        runs = self.runs
        return head + (table(runs, limit=8, caption="Plans so far, newest first") if len(runs) else "")
