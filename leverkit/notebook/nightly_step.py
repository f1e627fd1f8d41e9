"""The nightly job as notebook 60 uses it: what people did, what was planned and left, what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leverkit.errors import UsageError
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.jobs.nightly.record import SyncResult
from leverkit.jobs.sync import sync
from leverkit.notebook.migration_step import Message, message
from leverkit.planning.plan import Plan
from leverkit.report.html import Html, headline, table
from leverkit.settings import Settings

MODES = ("plan", "apply")


@dataclass(frozen=True)
class NightlyStep:
    """A nightly job that ended, as a page shows it."""

    ended: SyncResult

    @property
    def verdict(self) -> Html:
        """Return how it ended, as the headline of the page."""
        return headline(f"Nightly job {self.ended.record.outcome}")

    @property
    def figures(self) -> Html:
        """Return the numbers that people ask for first."""
        return self.ended.record.cards

    @property
    def found(self) -> Html:
        """Return what others changed since the reading before."""
        return _table(self.ended.record.found, "change", "Nobody changed anything since the last reading.")

    @property
    def planned(self) -> Html:
        """Return what is planned, by tag; plan.csv in the run folder has every change."""
        run = self.ended.record.run
        added = Counter(op.tag for op in Plan.read(run).operations) if run else Counter[str]()
        return _table(added, "tag", "There is nothing to add.")

    @property
    def left(self) -> Html:
        """Return the gaps that were not planned, by reason."""
        return _table(self.ended.record.left, "reason", "No gap was left.")

    @property
    def outcomes(self) -> Html:
        """Return what was carried out, by outcome."""
        done = {name: number for name, number in self.ended.record.counts.items() if number}
        return _table(done, "outcome", "Nothing was written to Lever.")

    def require(self) -> SyncResult:
        """Return how the job ended if it ended well; else raise what ended it."""
        return self.ended.require()

    @property
    def next(self) -> Message:
        """Return what to do now."""
        record = self.ended.record
        if record.dry_run and not record.first:
            return message(
                "Nothing was written. In mode apply this notebook carries out what a person allowed in "
                "advance with the command leverkit sync approve."
            )
        return message(record.next or "Nothing to do until the next night.")


def nightly(folder: Path, policy_file: Path, mode: str, *, rate: float, **options: Any) -> NightlyStep:
    """Do the nightly job of the account in a folder of the workspace. Raises UsageError."""
    if mode not in MODES:
        raise UsageError(f"mode must be plan or apply, not {mode!r}")
    settings = replace(Settings.from_environment(), home=folder.parent)
    given = {name: value for name, value in options.items() if value}
    if settings.entry and (found := settings.entry.brakes.max_found_removals) is not None:
        given.setdefault("max_found_removals", found)
    order = SyncOrder(policy=policy_file, dry_run=mode == "plan", rate=rate, **given)
    return NightlyStep(sync(order, settings=settings))


def _table(counts: Mapping[str, int], what: str, nothing: str) -> Html:
    import pandas as pd

    if not counts:
        return message(nothing)
    return table(pd.DataFrame(sorted(counts.items()), columns=[what, "number"]))
