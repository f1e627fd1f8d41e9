"""What a plan page says, by its mode: the verdict as headline, then a picture, then a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leverkit.migration.result import EXCEPTIONS, TRIED, Result
from leverkit.notebook.migration_step import Message, MigrationStep, message
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Chart, Html, bullets, facts, headline, table
from leverkit.report.text import count, figures
from leverkit.verification.report import counts_table, verdict
from leverkit.verification.verification import Verification

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 15  # rows of a table before it unfolds


@dataclass(frozen=True)
class StepReport:
    """A plan as its page shows it: planned, carried out or verified, whichever the mode was."""

    step: MigrationStep
    result: Result | Message
    verification: Verification | Message

    @property
    def verdict(self) -> Html:
        """Return what came of it, as the headline of the page."""
        return headline(self._verdict)

    @property
    def _verdict(self) -> str:
        if not self.step.plan.operations:
            plan = self.step.plan
            left = [f"{count(len(plan.skipped), 'gap is', 'gaps are')} left out"] if plan.skipped else []
            if undecided := plan.counts["undecided"]:
                left.append(f"{count(undecided, 'tag waits', 'tags wait')} for a decision")
            return ", ".join(["Nothing to do: no change is planned", *left])
        if isinstance(self.verification, Verification):
            return verdict(self.verification)
        return self.result.verdict if isinstance(self.result, Result) else f"Planned: {self._planned}"

    @property
    def _planned(self) -> str:
        size = self.step.plan.counts
        parts = [(size["adds"], "to add to"), (size["removes"], "to remove from")]
        done = " and ".join(f"{count(number, 'tagging')} {what}" for number, what in parts if number)
        where = count(size["opportunities"], "opportunity", "opportunities")
        return f"{done} {where} of {count(size['contacts'], 'person', 'people')}"

    @property
    def figures(self) -> Html:
        """Return the figures of this mode."""
        if isinstance(self.verification, Verification):
            agree = sum(each.listed == each.predicted for each in self.verification.counts)
            predicted = f"of {count(len(self.verification.counts), 'tag count')} as predicted"
            return facts(figures(
                (self.verification.signs["="], "change in place", "changes in place"),
                (agree, predicted, predicted),
                (self.verification.same, "other tagging, unchanged", "other taggings, unchanged"),
            ))  # fmt: skip
        if isinstance(self.result, Result):
            words = ((n, name.replace("no_op", "in place already")) for name, n in self.result.counts.items())
            return facts(figures(*((n, f"change {word}", f"changes {word}") for n, word in words if n)))
        plan = self.step.plan
        undecided, left = plan.counts["undecided"], len(plan.skipped)
        what = "gap" if plan.kind == "migrate" else "change"
        shown = figures((plan.counts["tags"], "tag"))
        if undecided:
            shown |= figures((undecided, "tag left undecided", "tags left undecided"))
        if left:
            shown |= figures((left, f"{what} left out", f"{what}s left out"))
        return facts(shown | figures((plan.requests, "request")) | {"minutes, about": f"{plan.minutes:g}"})

    @property
    def picture(self) -> Chart | Message:
        """Return the change by tag: as planned, or as Lever counts once it is verified."""
        if isinstance(self.verification, Verification):
            return self.step.arrived()
        if isinstance(self.result, Result) and len([n for n in self.result.counts.values() if n]) > 1:
            return self.step.outcomes()
        return self.step.changes() if self.step.plan.operations else message("")

    def details(self, *, anonymise: bool = False) -> Html:
        """Return the rows behind the verdict, with links into Lever where there is one, or salted ids."""
        plan, people = self.step.plan, self.step.people(anonymise=anonymise)
        if isinstance(self.verification, Verification):
            return Html(self.verification.html(people)) + counts_table(self.verification)
        if isinstance(self.result, Result):
            rest = self.result.frame
            rest = rest[~rest["outcome"].isin(TRIED)].drop(columns="effective")
            every = Html("<p>Every planned change is in place. Mode verify reads the account again.</p>")
            return self._rows(rest, people, "Not done", EXCEPTIONS) if len(rest) else every
        frame = plan.frame
        rows = self._rows(frame, people, f"Plan {plan.short}", "plan.csv") if len(frame) else Html()
        return bullets(plan.warnings) + rows

    def _rows(self, frame: pd.DataFrame, people: PersonDisplay, caption: str, file: str) -> Html:
        """Return changes as a table; the file has ids of Lever, so salted ids come without it."""
        words = f"{caption}: {count(len(frame), 'change')}, by contact"
        rows = None if people.salt else self.step.run / file
        return table(**people.table_arguments(frame, SHOWN), caption=words, rows=rows)
