"""The audit of a snapshot: its facts, which draw themselves in a notebook and write reports."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.analysis import charts, report
from leverkit.analysis.cost import costs
from leverkit.analysis.facts import AuditFacts
from leverkit.analysis.readiness import HISTORY, Readiness, history, readiness, remember
from leverkit.errors import UsageError
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Chart, Section
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.files import SHARED, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    import pandas as pd

    class Decided(Protocol):
        """What people decided about tags, as a Policy tells it."""

        @property
        def scopes(self) -> Mapping[str, str]:
            """Return the scope of each tag: contact, opportunity, ignore or undecided."""
            ...


class Audit(AuditFacts):
    """The facts about the tags of an account, with charts and reports of them."""

    def contact(self, contact: str, *, anonymise: bool = False) -> Section:
        """Draw the opportunities and tags of a contact as a matrix.

        Takes the contact's id or its start, the id of an opportunity, or its address in Lever.
        Raises UsageError where no contact, or more than one, has an id that begins so.
        """
        return charts.matrix(self.snapshot, self.snapshot.contact(contact), self._people(anonymise))

    @property
    def costs(self) -> pd.DataFrame:
        """Return what a migration would do for each tag and scope, and what a wrong decision leaves."""
        return costs(self.tags)

    def readiness(self, policy: Decided | None = None) -> Readiness:
        """Return the readiness of the account with what people decided."""
        return readiness(self, policy.scopes if policy else {})

    def remember(self, policy: Decided | None = None) -> pd.DataFrame:
        """Add the readiness of the account to its history, a file beside the snapshot; return the history.

        Raises UsageError where the file cannot be written, and for a part of an account.
        """
        if self.snapshot.part:
            raise UsageError("the history of readiness is of the whole account, and this is a part of it")
        return remember(self.snapshot.path / HISTORY, self.readiness(policy))

    def coverage_chart(self) -> Chart:
        """Draw where the tags that need a decision are, and where they are missing."""
        return self._charts.coverage

    def contacts_chart(self) -> Chart:
        """Draw how many contacts have two, three and more opportunities."""
        return self._charts.contacts

    def agreement_chart(self, policy: Decided | None = None) -> Chart:
        """Draw the coverage of each tag against the agreement of siblings on it, with its scope as colour."""
        return self._charts.agreement(policy.scopes if policy else {})

    def spellings_chart(self) -> Chart:
        """Draw the groups of spellings of one tag."""
        return self._charts.spellings

    def to_json(self, policy: Decided | None = None) -> str:
        """Return summary, readiness with its history, findings and tags as one JSON document; no contacts."""
        frames = {
            name: json.loads(frame.to_json(orient="records", date_format="iso"))
            for name, frame in (
                ("findings", self.findings),
                ("tags", self.tags),
                ("history", history(self.snapshot.path / HISTORY)),
            )
        }
        document = {"summary": self.summary, "readiness": asdict(self.readiness(policy)), **frames}
        return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)

    def sections(self, policy: Decided | None = None, *, anonymise: bool = False) -> dict[str, Section]:
        """Return the parts of the report by name, each of which draws itself in a notebook."""
        return report.sections(self, self._report_options(policy, anonymise))

    def to_html(self, path: Path | str, *, policy: Decided | None = None, anonymise: bool = False) -> Path:
        """Write the report as one HTML file without scripts, links to resources or names; return its path.

        Contacts link to Lever; with `anonymise` they are short salted ids (see `PersonDisplay`).
        """
        write_atomic(
            Path(path), report.render(self, self._report_options(policy, anonymise)).encode(), mode=SHARED
        )
        return Path(path)

    @cached_property
    def _charts(self) -> charts.AuditCharts:
        return charts.AuditCharts(self.tags, self.sizes, self.spellings)

    def _people(self, anonymise: bool) -> PersonDisplay:
        host = str(self.snapshot.meta.get("base_url_host", ""))
        return PersonDisplay.of(self.snapshot.path, api=host, anonymise=anonymise)

    def _report_options(self, policy: Decided | None, anonymise: bool) -> report.ReportOptions:
        return report.ReportOptions(
            self._charts,
            self._people(anonymise),
            policy.scopes if policy else {},
            self.readiness(policy),
            history(self.snapshot.path / HISTORY),
        )

    def _repr_html_(self) -> str:
        return report.summary_html(self)

    def __repr__(self) -> str:
        return f"<Audit: {self.headline}>"


def audit(snapshot: Snapshot | Path | str) -> Audit:
    """Compute the facts about a snapshot's tags.

    Takes a Snapshot or its folder; raises UsageError where the folder is not a complete snapshot.
    """
    return Audit.of(snapshot if isinstance(snapshot, Snapshot) else Snapshot.open(snapshot))
