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
from leverkit.analysis.people_report import tag_people
from leverkit.analysis.readiness import HISTORY, Readiness, history, readiness, remember
from leverkit.analysis.standing import Opinion, Standing
from leverkit.errors import UsageError
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Chart, Section
from leverkit.snapshot.details import require_carried
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.files import SHARED, write_atomic
from leverkit.storage.table_file import write_frame

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

        @property
        def suggested(self) -> Mapping[str, str]:
            """Return the suggested scope of each tag that has one."""
            ...


class Audit(AuditFacts):
    """The facts about the tags of an account, with charts and reports of them."""

    def contact(self, contact: str, *, anonymise: bool = False) -> Section:
        """Draw the opportunities and tags of a contact as a matrix.

        Takes the contact's id or its start, the id of an opportunity, or its address in Lever.
        Raises UsageError where no contact, or more than one, has an id that begins so.
        """
        return charts.matrix(self.snapshot, self.snapshot.contact(contact), self._people(anonymise))

    def people_with(self, tag: str, *, anonymise: bool = False) -> Section:
        """Draw the people who carry a tag and have several opportunities: on which they have and lack it.

        Raises UsageError where no opportunity carries the tag.
        """
        require_carried(tag, set(self.tags["tag"]))
        return tag_people(self.snapshot, tag, self._people(anonymise))

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

    def standing(self, policy: Decided | None = None) -> Standing:
        """Return the gaps, split into what is to copy, to decide, and to stay as it is."""
        return Standing.of(self, _opinion(policy))

    def coverage_chart(self, policy: Decided | None = None) -> Chart:
        """Draw where the tags with gaps are, and where they are missing; coloured by what is decided."""
        return self._charts.coverage(_opinion(policy))

    def contacts_chart(self) -> Chart:
        """Draw how many contacts have two, three and more opportunities."""
        return self._charts.contacts()

    def agreement_chart(self, policy: Decided | None = None) -> Chart:
        """Draw the coverage of each tag against the agreement of siblings on it; coloured as the others."""
        return self._charts.agreement(_opinion(policy))

    def spellings_chart(self) -> Chart:
        """Draw the groups of spellings of one tag."""
        return self._charts.spellings()

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
        split = {"headline": self.standing(policy).headline, "gaps": self.standing(policy).figures}
        document = {"summary": self.summary, "readiness": asdict(self.readiness(policy)), **split, **frames}
        return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)

    def sections(
        self, policy: Decided | None = None, *, anonymise: bool = False, page: Path | None = None
    ) -> dict[str, Section]:
        """Return the parts of the report by name, each of which draws itself in a notebook.

        `page` is the report that `to_html` writes: the parts name the CSV files beside it.
        """
        return report.sections(self, self._report_options(policy, anonymise, page))

    def to_html(self, path: Path | str, *, policy: Decided | None = None, anonymise: bool = False) -> Path:
        """Write the report as one HTML file without scripts, links to resources or names; return its path.

        Contacts link to Lever; with `anonymise` they are short salted ids (see `PersonDisplay`). All rows of
        its tables are written beside it, as CSV files whose names begin with that of the page.
        """
        path = Path(path)
        options = self._report_options(policy, anonymise, path, beside=True)
        parts = report.sections(self, options)
        for name, part in parts.items():
            if part.rows is not None:
                write_frame(part.rows, report.rows_file(path, name))
        write_atomic(path, report.render(self, options, parts).encode(), mode=SHARED)
        return path

    @cached_property
    def _charts(self) -> charts.AuditCharts:
        return charts.AuditCharts(self)

    def _people(self, anonymise: bool) -> PersonDisplay:
        host = str(self.snapshot.meta.get("base_url_host", ""))
        return PersonDisplay.of(self.snapshot.path, api=host, anonymise=anonymise)

    def _report_options(
        self, policy: Decided | None, anonymise: bool, page: Path | None, *, beside: bool = False
    ) -> report.ReportOptions:
        return report.ReportOptions(
            self._charts,
            self._people(anonymise),
            _opinion(policy),
            self.readiness(policy),
            history(self.snapshot.path / HISTORY),
            page,
            beside,
        )

    def _repr_html_(self) -> str:
        return report.summary_html(self)

    def __repr__(self) -> str:
        return f"<Audit: {self.headline}>"


def _opinion(policy: Decided | None) -> Opinion:
    return Opinion(policy.scopes, policy.suggested) if policy else Opinion()


def audit(snapshot: Snapshot | Path | str) -> Audit:
    """Compute the facts about a snapshot's tags.

    Takes a Snapshot or its folder; raises UsageError where the folder is not a complete snapshot.
    """
    return Audit.of(snapshot if isinstance(snapshot, Snapshot) else Snapshot.open(snapshot))
