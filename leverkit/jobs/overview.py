"""One page for an account: how it stands, since when, its last runs, and what to do next.

It reads files only: a snapshot, policy.csv and run folders beside it, and the record of the nightly job.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.analysis.audit import Audit, audit
from leverkit.analysis.standing import COPY, LIKELY, TO_DECIDE
from leverkit.errors import LeverkitError, Partial, UsageError, VerificationFailed
from leverkit.jobs.nightly.record import SyncRecord
from leverkit.migration.next_step import advice
from leverkit.migration.records import VerificationRecord
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.planning.run_folder import run_folders
from leverkit.policy.policy import Policy
from leverkit.report.html import Section, bullets, page, table
from leverkit.report.masthead import Masthead
from leverkit.report.text import count
from leverkit.storage.files import SHARED, write_atomic

if TYPE_CHECKING:
    import pandas as pd

RUNS = 10  # runs that the page shows before the rest unfolds
_VERIFIED = {0: "yes", Partial.exit_code: "in part", VerificationFailed.exit_code: "not as planned"}
_KINDS = {"migrate": "migration", "rollback": "rollback", "propagate": "tags of one person"}


@dataclass(frozen=True)
class Overview:
    """One account by its files: the folder of its snapshot, and the one that holds policy.csv and runs.

    `policy_file` is used in place of policy.csv there.
    """

    snapshot: Path
    folder: Path
    policy_file: Path | None = None

    @classmethod
    def at(cls, folder: Path, *, policy_file: Path | None = None) -> Overview:
        """Find the snapshot in a folder, or the folder that holds it. Raises UsageError."""
        folder = folder.absolute()
        if (folder / "snapshot.json").exists():
            return cls(folder, folder.parent, policy_file)
        found = sorted(folder.glob("*/snapshot.json"))
        if len(found) != 1:
            raise UsageError(f"{folder} holds {count(len(found), 'snapshot')}; name the folder of one")
        return cls(found[0].parent, folder, policy_file)

    @cached_property
    def audit(self) -> Audit:
        """Return the facts about its tags."""
        return audit(self.snapshot)

    @cached_property
    def policy(self) -> Policy:
        """Return what people decided, with a suggestion for every tag."""
        return Policy.at(self.policy_file or self.folder / "policy.csv").with_suggestions(self.audit)

    @property
    def headline(self) -> str:
        """Return how the account stands, in a sentence."""
        return self.audit.standing(self.policy).headline

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Return the runs, newest first: plan, kind, changes, people, state, in place, verified."""
        import pandas as pd

        columns = ["Plan", "Kind", "Changes", "People", "State", "In place", "Verified"]
        return pd.DataFrame(map(_row, self._folders), columns=columns)

    @property
    def next_steps(self) -> list[str]:
        """Return what to do now, the first thing first."""
        return [*self._of_last_run(), *self.steps_of_policy] or [
            "Nothing: no gap is to be decided or copied."
        ]

    def sections(self) -> dict[str, Section]:
        """Return the parts of the page by name."""
        shown = self.audit.sections(self.policy)
        night = SyncRecord.find(self.folder, self.audit.summary["account"])
        nightly = [f"The nightly job: {night.state}."] if night.account else []
        runs = table(self.runs, limit=RUNS, caption="Newest first") if len(self.runs) else "No plan was made."
        mine = {
            "next": Section("What to do next", [bullets(self.next_steps)]),
            "runs": Section(f"{count(len(self.runs), 'plan')} so far", [runs, *nightly]),
        }
        order = ("next", "ready", "runs", "when", "person", "account")
        every = shown | mine
        return {name: every[name] for name in order if name in every}

    def to_html(self, path: Path | str) -> Path:
        """Write the page as one HTML file without scripts or names; return its path."""
        path, head = Path(path), Masthead.of(self.audit.summary, self.audit.summary["taken_at"])
        text = page(self.headline, self.sections().values(), masthead=head.html, footer="leverkit overview")
        write_atomic(path, text.encode(), mode=SHARED)
        return path

    @cached_property
    def _folders(self) -> list[Path]:
        return run_folders(self.folder)

    def _of_last_run(self) -> list[str]:
        """Return what comes next for the newest run that has anything to do."""
        for folder in self._folders:
            try:
                run = Run.open(folder)
                if run.plan.operations:
                    return [f"{_name(folder)}: {advice(run)}."]
            except LeverkitError as error:
                return [f"{_name(folder)}: {error}."]
        return []

    @property
    def steps_of_policy(self) -> list[str]:
        """Return what is to be decided and planned."""
        standing = self.audit.standing(self.policy)
        steps = []
        if tags := standing.number_of_tags(*TO_DECIDE):
            gaps, likely = count(standing.gaps(*TO_DECIDE), "gap"), standing.gaps(LIKELY)
            part = f"{likely:,} {'is' if likely == 1 else 'are'} likely missing"
            steps.append(f"Decide {count(tags, 'tag')} with {gaps}, of which {part}.")
        if copy := standing.gaps(COPY):
            steps.append(f"Plan the {count(copy, 'gap')} to copy: leverkit plan.")
        return steps


def _name(folder: Path) -> str:
    return f"Run {folder.name}"


def _row(folder: Path) -> tuple[object, ...]:
    try:
        run = Run.open(folder)
        found, plan = status(run), run.plan
    except LeverkitError as error:
        return folder.name, "–", None, None, str(error), None, "–"
    checked = VerificationRecord.read(folder)
    verified = "–" if not found.planned else "no" if checked is None else _VERIFIED[checked.exit_code]
    kind = _KINDS.get(found.kind, found.kind)
    state = found.state if found.planned else "nothing planned"
    return plan.short, kind, found.planned, plan.counts["contacts"], state, found.in_place, verified
