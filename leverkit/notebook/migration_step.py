"""One plan on its way, as the notebooks 30 and 40 take it: shown, carried out where approved, verified.

`mode` decides what may happen: `plan` and `verify` never write to Lever.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from leverkit.api.client import ReadOnlyLever
from leverkit.errors import UsageError
from leverkit.migration.apply import apply_run
from leverkit.migration.result import Result, status
from leverkit.migration.run import Run
from leverkit.planning.brakes import OFF, Brakes
from leverkit.planning.plan import Plan
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Chart, Html
from leverkit.report.text import count
from leverkit.settings import connect
from leverkit.verification.verification import Verification
from leverkit.verification.verify import verify

MODES = ("plan", "apply", "verify")


class Note(Html):
    """A sentence in place of a result that this mode does not have."""

    __slots__ = ()

    def require(self) -> Note:
        """Return the note: nothing was done that could be wrong."""
        return self


@dataclass(frozen=True)
class MigrationStep:
    """A plan in its run folder, the mode of this notebook run, and the approval and brakes given to it."""

    mode: str
    run: Path
    plan: Plan
    lever: ReadOnlyLever
    rate: float
    approve: str = ""
    brakes: Brakes = OFF

    def __post_init__(self) -> None:
        check_mode(self.mode)

    def changes(self) -> Chart | Note:
        """Draw how many opportunities carry each tag before and after the run, as planned."""
        import pandas as pd

        from leverkit.report.charts import chart_change

        if not self.plan.operations:
            return note("No tag would change, so there is nothing to draw.")
        after = self.plan.tag_counts
        rows = [(tag, after[tag] - added, after[tag]) for tag, added in self._added]
        counts = self.plan.counts
        changes = count(counts["operations"], "change")
        title = (
            f"{changes} to {count(counts['tags'], 'tag')} of {count(counts['contacts'], 'person', 'people')}"
        )
        return chart_change(pd.DataFrame(rows, columns=["tag", "before", "after"]), title=title)

    def show(self, what: Plan | Result | Verification | Note, *, anonymise: bool = False) -> Html:
        """Draw the plan or what came of it, with links into Lever, or with ids that lead to nobody.

        The salt of those ids is kept beside the snapshot, as for the audit's report.
        """
        if isinstance(what, Note):
            return what
        snapshot = self.run.parent.parent / "snapshot"
        return Html(what.html(PersonDisplay.of(snapshot, api=self.lever.host, anonymise=anonymise)))

    def carry_out(self) -> Result | Note:
        """Apply the plan in mode `apply`, from wherever it was left; otherwise say where it stands."""
        if self.mode != "apply":
            return note(f"Nothing was written to Lever: the mode is {self.mode}. {self._standing()}")
        with connect(write=True, rate=self.rate) as lever:
            run = Run(self.run, self.plan)
            return apply_run(run, approve=self.approve, lever=lever, brakes=self.brakes)[0]

    def outcomes(self) -> Chart | Note:
        """Draw where the operations stand."""
        import pandas as pd

        from leverkit.report.charts import chart_outcomes

        counts = status(Run.open(self.run)).counts
        if not self.plan.operations:
            return note("There are no operations.")
        done = counts["done"] + counts["no_op"]
        title = f"{done:,} of {len(self.plan.operations):,} changes are in place"
        return chart_outcomes(pd.DataFrame(counts.items(), columns=["outcome", "operations"]), title=title)

    def arrived(self) -> Chart | Note:
        """Draw, in mode `verify`, how many opportunities carried each tag before, and carry it now."""
        import pandas as pd

        from leverkit.report.charts import chart_change

        if self.mode != "verify" or not self.plan.operations:
            return note("Counted at Lever in mode verify.")
        listed = self.lever.tag_counts()
        planned = self.plan.tag_counts
        rows = [(tag, planned[tag] - added, listed.get(tag, 0)) for tag, added in self._added]
        agree = sum(now == planned[tag] for tag, _, now in rows)
        title = f"Lever counts {agree:,} of {count(len(rows), 'tag')} as planned"
        return chart_change(pd.DataFrame(rows, columns=["tag", "before", "after"]), title=title)

    def verify(self) -> Verification | Note:
        """Read the account again and compare it with the plan, in mode `verify`."""
        if self.mode != "verify":
            return note("Not verified in this run: that is mode verify.")
        return verify(self.run, lever=self.lever)

    @property
    def _added(self) -> list[tuple[str, int]]:
        """Return the tags of the plan with the opportunities that gain it less those that lose it."""
        added = Counter[str]()
        for operation in self.plan.operations:
            added[operation.tag] += operation.delta
        return sorted(added.items(), key=lambda pair: (-abs(pair[1]), pair[0]))

    @property
    def next(self) -> Note:
        """Say what to do now."""
        if not self.plan.operations:
            return note("Nothing to do for this plan.")
        words = {
            "plan": f"Read plan.csv in the run folder. To carry out exactly this, run this notebook with "
            f"mode = apply and approve = {self.plan.short}.",
            "apply": "Run this notebook with mode = verify: it reads again what was touched.",
            "verify": "All is as planned. 40_rollback shows how to take it back."
            if self.plan.kind == "migrate"
            else "What the run had changed is undone.",
        }
        return note(words[self.mode])

    def _standing(self) -> str:
        return f"Plan {self.plan.short}: {status(Run.open(self.run)).summary}."


def check_mode(mode: str) -> None:
    """Raise UsageError unless this is a mode."""
    if mode not in MODES:
        raise UsageError(f"mode must be plan, apply or verify, not {mode!r}")


def note(text: str) -> Note:
    """Return a sentence as markup."""
    return Note("<p>{}</p>").format(text)
