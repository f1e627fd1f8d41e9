"""A plan as the notebooks 30 and 40 use it: shown, carried out where approved, verified.

`mode` decides what may happen: `plan` and `verify` never write to Lever.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.migration.apply import apply_run
from leverkit.migration.result import Result, status
from leverkit.migration.run import Run
from leverkit.notebook.migration_order import MigrationOrder, why_empty
from leverkit.planning.operation import deltas
from leverkit.planning.plan import Plan
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Chart, Html
from leverkit.report.text import count
from leverkit.settings import Settings, connect
from leverkit.verification.verification import Verification
from leverkit.verification.verify import verify

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

MODES = ("plan", "apply", "verify")


class Message(Html):
    """A sentence in place of a result that this mode does not give."""

    __slots__ = ()

    def require(self) -> Message:
        """Return the message: nothing was done that could be wrong."""
        return self


@dataclass(frozen=True)
class MigrationStep:
    """A plan in its run folder, the mode of this notebook run, and the approval and order given to it.

    `snapshot` is the folder that keeps the salt of anonymised reports, `rate` is requests per second.
    """

    mode: str
    run: Path
    plan: Plan
    snapshot: Path
    policy_file: Path
    lever: ReadOnlyLever
    rate: float
    approve: str = ""
    order: MigrationOrder = field(default_factory=MigrationOrder)

    @property
    def paths(self) -> Message:
        """Return which files this step uses; `data-run` is for run.json of a job."""
        text = f"Policy: {self.policy_file}. Snapshot: {self.snapshot}. Run folder: {self.run}."
        return Message('<p data-run="{}">{}</p>').format(self.run, text)

    def changes(self) -> Chart | Message:
        """Draw how many opportunities carry each tag before and after the run, as planned."""
        import pandas as pd

        from leverkit.report.charts import chart_change

        if not self.plan.operations:
            return message("No tag would change, so there is nothing to draw.")
        after = self.plan.tag_counts
        rows = [(tag, after[tag] - added, after[tag]) for tag, added in self._added]
        counts = self.plan.counts
        changes = count(counts["operations"], "change")
        title = (
            f"{changes} to {count(counts['tags'], 'tag')} of {count(counts['contacts'], 'person', 'people')}"
        )
        return chart_change(pd.DataFrame(rows, columns=["tag", "before", "after"]), title=title)

    def show(self, what: Plan | Result | Verification | Message, *, anonymise: bool = False) -> Html:
        """Draw the plan or what came of it, with links into Lever, or with salted ids.

        The salt of those ids is kept beside the snapshot, as for the audit's report.
        """
        if isinstance(what, Message):
            return what
        return Html(what.html(self.people(anonymise=anonymise)))

    def people(self, *, anonymise: bool = False) -> PersonDisplay:
        """Return how people appear, with links into Lever where the account is there, or with salted ids."""
        return PersonDisplay.of(self.snapshot, api=self.lever.host, anonymise=anonymise)

    def carry_out(self) -> Result | Message:
        """Apply the plan in mode `apply`, where it was left; in other modes return its state."""
        if self.mode != "apply":
            return message(f"Nothing was written to Lever: the mode is {self.mode}. {self._run_state()}")
        home, settings = self.lever.account.label.workspace, Settings.from_environment()
        settings = replace(settings, home=home or settings.home)
        with connect(write=True, settings=settings, rate=self.rate) as lever:
            run = Run(self.run, self.plan)
            return apply_run(
                run,
                approve=self.approve,
                lever=lever,
                brakes=self.order.brakes,
                wave=self.order.wave,
                max_seconds=self.order.max_seconds,
            )[0]

    def outcomes(self) -> Chart | Message:
        """Draw how many operations have each outcome."""
        import pandas as pd

        from leverkit.report.charts import chart_outcomes

        found = status(Run.open(self.run))
        if not self.plan.operations:
            return message("There are no operations.")
        title = f"{found.in_place:,} of {count(found.planned, 'change')} in place"
        rows = pd.DataFrame(found.counts.items(), columns=["outcome", "operations"])
        return chart_outcomes(rows, title=title)

    def arrived(self) -> Chart | Message:
        """Draw, in mode `verify`, how many opportunities carried each tag before, and carry it now."""
        import pandas as pd

        from leverkit.report.charts import chart_change

        if self.mode != "verify" or not self.plan.operations:
            return message("Counted at Lever in mode verify.")
        listed = self.lever.tag_counts()
        planned = self.plan.tag_counts
        rows = [(tag, planned[tag] - added, listed.get(tag, 0)) for tag, added in self._added]
        agree = sum(now == planned[tag] for tag, _, now in rows)
        title = f"Lever counts {agree:,} of {count(len(rows), 'tag')} as planned"
        return chart_change(pd.DataFrame(rows, columns=["tag", "before", "after"]), title=title)

    def verify(self) -> Verification | Message:
        """Read the account again and compare it with the plan, in mode `verify`."""
        if self.mode != "verify":
            return message("Not verified in this run: that is mode verify.")
        return verify(self.run, lever=self.lever, wave=self.order.wave)

    @property
    def _added(self) -> list[tuple[str, int]]:
        """Return the tags of the plan with the opportunities that gain it less those that lose it."""
        return sorted(deltas(self.plan.operations).items(), key=lambda pair: (-abs(pair[1]), pair[0]))

    @property
    def next(self) -> Message:
        """Return what to do now."""
        if not self.plan.operations:
            return message(why_empty(self.plan, self.policy_file))
        words = {
            "plan": f"Read {self.run / 'plan.csv'}. To carry out exactly this, run this notebook with "
            f"mode = apply and approve = {self.plan.short}.",
            "apply": "Run this notebook with mode = verify: it reads again what was changed.",
            "verify": "Everything is as planned. 40_rollback can undo it."
            if self.plan.kind == "migrate"
            else "What the run had changed is undone.",
        }
        return message(words[self.mode])

    def _run_state(self) -> str:
        return f"Plan {self.plan.short}: {status(Run.open(self.run)).summary}."


def message(text: str) -> Message:
    """Return a sentence as a message."""
    return Message("<p>{}</p>").format(text)
