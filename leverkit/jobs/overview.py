"""One page for an account: how it stands, since when, its last runs, and what to do next.

It reads files only: a snapshot, policy.csv and run folders beside it, and the record of the nightly job.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.analysis.audit import Audit, audit
from leverkit.analysis.standing import COPY, LIKELY, TO_DECIDE
from leverkit.errors import LeverkitError, Partial, UsageError, VerificationFailed
from leverkit.jobs.nightly.record import SyncRecord
from leverkit.migration.next_step import DONE, advice
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
        """Return the runs, newest first, as the page shows them."""
        import pandas as pd

        columns = ["Plan", "Kind", "Changes", "People", "State", "In place", "Last change", "Verified"]
        frame = pd.DataFrame(map(_row, self._folders), columns=columns)
        return frame.assign(**{"Last change": pd.to_datetime(frame["Last change"], unit="ms", utc=True)})

    @property
    def next_steps(self) -> list[str]:
        """Return what to do now, the first thing first."""
        steps = [*self._of_last_run(), *self.steps_of_policy]
        return steps or ["Nothing: no gap is to decide or to copy."]

    @cached_property
    def written_since(self) -> int:
        """The changes that runs made after the account was read: the figures do not show them."""
        number, taken_at = 0, int(self.audit.summary["taken_at"])
        for folder in self._folders:
            with suppress(LeverkitError):
                run = Run.open(folder)
                if run.entries and run.entries[-1].at_ms > taken_at:
                    number += status(run).counts["done"]
        return number

    def sections(self) -> dict[str, Section]:
        """Return the parts of the page by name."""
        shown = self.audit.sections(self.policy)
        night = SyncRecord.find(self.folder, self.audit.summary["account"])
        nightly = [f"Last nightly job: {night.state}."] if night.account else []
        number = len(self.runs)
        none = "leverkit plan makes one. It writes nothing to Lever."
        rows = table(self.runs, limit=RUNS, unfold=number, caption="The newest first") if number else none
        mine = {
            "next": Section("What to do next", [bullets(self.next_steps)]),
            "runs": Section(f"{count(number, 'plan') if number else 'No plan'} so far", [rows, *nightly]),
        }
        order = ("next", "ready", "runs", "when", "person", "account")
        every = shown | mine
        return {name: every[name] for name in order if name in every}

    def to_html(self, path: Path | str) -> Path:
        """Write the page as one HTML file without scripts or names; return its path."""
        path, head = Path(path), Masthead.of(self.audit.summary, self.audit.summary["taken_at"])
        changes = count(self.written_since, "change")
        lead = f"leverkit made {changes} after this reading, which its figures do not show."
        text = page(
            self.headline,
            self.sections().values(),
            lead=lead if self.written_since else "",
            masthead=head.html,
            footer="leverkit overview",
        )
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
                    told = advice(run)
                    step = f"{_name(folder)}: {told}"  # no full stop: a command is pasted
                    return [] if told.why == DONE else [step]
            except LeverkitError as error:
                return [f"{_name(folder)}: {error}."]
        return []

    @property
    def steps_of_policy(self) -> list[str]:
        """Return what is to be decided and planned."""
        standing = self.audit.standing(self.policy)
        pull = f"leverkit pull -o {shlex.quote(str(self.snapshot))}"
        steps = [f"Read the account again: {pull}"] * bool(self.written_since)
        if tags := standing.number_of_tags(*TO_DECIDE):
            gaps, likely = count(standing.gaps(*TO_DECIDE), "gap"), standing.gaps(LIKELY)
            part = f", {likely:,} of them likely missing" if likely else ""
            steps.append(f"Decide on {count(tags, 'tag')} with {gaps}{part}.")
        if (copy := standing.gaps(COPY)) and not self.written_since:
            left_out = "It leaves out what people removed."
            steps.append(f"Plan {count(copy, 'gap')} to copy with leverkit plan. {left_out}")
        return steps


def _name(folder: Path) -> str:
    return f"Run {folder.name}"


def _row(folder: Path) -> tuple[object, ...]:
    try:
        run = Run.open(folder)
        found, plan = status(run), run.plan
    except LeverkitError as error:
        return folder.name, "–", None, None, str(error), None, None, "–"
    checked = VerificationRecord.read(folder)
    verified = "–" if not found.planned else "no" if checked is None else _VERIFIED[checked.exit_code]
    kind = _KINDS.get(found.kind, found.kind)
    state = found.state if found.planned else "nothing planned"
    last = run.entries[-1].at_ms if run.entries and found.planned else None
    return plan.short, kind, found.planned, plan.counts["contacts"], state, found.in_place, last, verified
