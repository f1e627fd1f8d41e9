"""The report of an audit: a summary for a notebook, sections, and one HTML page to send to somebody.

Each section has its finding as heading, then a chart, then a table. It holds no names; contacts appear as
`PersonDisplay` shows them. What is decided and suggested is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.analysis.charts import AuditCharts, example
from leverkit.analysis.findings import CODES, duplicates, to_decide
from leverkit.analysis.people_report import people_section
from leverkit.analysis.standing import COPY, KINDS, TO_DECIDE, Opinion, Standing
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.charts import chart_readiness
from leverkit.report.html import Chart, Html, Section, facts, page, table
from leverkit.report.masthead import Masthead
from leverkit.report.pictures import divided_bar
from leverkit.report.text import cell, count, figures, share, short

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts
    from leverkit.analysis.readiness import Readiness


@dataclass(frozen=True)
class ReportOptions:
    """How people appear in a report, what is decided and suggested, and the readiness over time.

    `page` is the report that has CSV files beside it, if there is one, and `beside` is True for that report.
    """

    charts: AuditCharts
    people: PersonDisplay = field(default_factory=PersonDisplay)
    opinion: Opinion = field(default_factory=Opinion)
    state: Readiness | None = None
    history: pd.DataFrame | None = None
    page: Path | None = None
    beside: bool = False

    def all_rows(self, name: str) -> dict[str, Any]:
        """Return keyword arguments for `table` that say where all rows of a section's table are."""
        if self.page is None:
            return {}
        file = rows_file(self.page, name)
        return {"rest": f"all are in {file.name}"} if self.beside else {"rows": file}


NO_GAPS = Section(
    "No gaps",
    ["Each tag is on all of a person's opportunities or on none. Tags of postings are left out of this."],
)


def render(audit: AuditFacts, options: ReportOptions, parts: Mapping[str, Section]) -> str:
    """Return the report of an audit, its sections given, as one HTML page."""
    s = audit.summary
    return page(
        Standing.of(audit, options.opinion).headline,
        parts.values(),
        lead="A gap is a pair of a tag and an opportunity: the opportunity lacks the tag, and another one of "
        "the same person has it. A tag about a person belongs on all of their opportunities; a tag about one "
        "candidacy, and every tag of a posting, stays where it is.",
        footer=f"leverkit audit, snapshot {short(s['snapshot'])}. {options.people.words}",
        masthead=Masthead.of(s, s["taken_at"]).html,
    )


def rows_file(page: Path, name: str) -> Path:
    """Return the CSV file beside a report that holds all rows of a section's table."""
    return page.with_name(f"{page.stem}-{name}.csv")


def sections(audit: AuditFacts, options: ReportOptions) -> dict[str, Section]:
    """Return the sections of the report by name, for a page or a notebook."""
    standing = Standing.of(audit, options.opinion)
    gaps = len(standing.tags) > 0
    parts = {
        "ready": _ready(standing, options),
        "person": example(audit.snapshot, standing, options.opinion, options.people) if gaps else NO_GAPS,
        "when": _when(options) if gaps else NO_GAPS,
        "where": _where(options) if gaps else NO_GAPS,
        "decide": _decide(audit, standing, options),
        "people": people_section(
            audit, standing, options.people, options.charts.contacts(), options.all_rows("people")
        ),
        "account": _figures(audit),
        "postings": _postings(audit, options),
        "spellings": _spellings(audit, options),
        "other": _other(audit, options),
    }
    return {name: _resting_on(part, audit.summary["copy"]) for name, part in parts.items() if part}


def _resting_on(part: Section, caveat: str) -> Section:
    """Return a section that says on what its figures rest, if they were not read from Lever."""
    return replace(part, parts=[*part.parts, f"All figures here are {caveat}."]) if caveat else part


def summary_html(audit: AuditFacts) -> str:
    """Return the headline and the tags with gaps, for a notebook."""
    rows = to_decide(audit.tags)
    headline = Html("<p><strong>{}</strong></p>").format(audit.headline)
    return headline + (table(_worded(rows), limit=10) if len(rows) else "")


def _figures(audit: AuditFacts) -> Section:
    s = audit.summary
    several = "with several opportunities"
    cards = figures(
        (s["opportunities"], "opportunity", "opportunities"),
        (s["contacts"], "person", "people"),
        (s["split_contacts"], f"person {several}", f"people {several}"),
        (s["tags"], "tag"),
        (s["posting_tags"], "tag from postings", "tags from postings"),
        (s["taggings"], "tagging"),
        (s["posting_taggings"], "tagging from postings", "taggings from postings"),
    )
    parts: list[str | Html | Chart] = [facts(cards)]
    parts += [f"Not seen: {gap}." for gap in s["not_seen"]]
    return Section("The account", parts)


def _ready(standing: Standing, options: ReportOptions) -> Section:
    if not len(standing.tags):
        return NO_GAPS
    parts: list[str | Html | Chart] = [divided_bar(standing.figures, "gap")]
    copy, decide = standing.gaps(COPY), standing.gaps(*TO_DECIDE)
    people = count(standing.number_of_people(COPY), "person", "people")
    plan = f"As decided now, a plan would copy {count(copy, 'tagging')} to opportunities of {people}, "
    plan += "except where people removed the tag, or an opportunity does not match."
    parts.append(plan if copy else "As decided now, there is nothing to copy, and a plan would be empty.")
    if decide and standing.suggestions:
        parts.append(
            f"{count(decide, 'gap')} wait for a decision: {standing.undecided}. Likely missing: the evidence "
            "says that the tag is about the person. Probably meant: it says that the tag is about one "
            "candidacy. Open: it does not tell."
        )
    if options.history is not None and len(options.history) > 1:
        first, last = options.history["ready"].iloc[0], options.history["ready"].iloc[-1]
        snapshots = count(len(options.history), "snapshot")
        title = f"From {first:.0f}% to {last:.0f}% of the gaps need nothing more, in {snapshots}"
        parts.append(chart_readiness(options.history, title=title))
    heading = options.state.headline if options.state else standing.headline
    return Section(heading, parts)


def _when(options: ReportOptions) -> Section:
    chart = options.charts.months(options.opinion)
    note = (
        "A gap comes about when the person gets the newer one of the two opportunities. Recent months show "
        "whether tags are still being split."
    )
    return Section("When did the gaps come about?", [note, chart])


def _where(options: ReportOptions) -> Section:
    note = "Origin and posting are those of the opportunity that lacks the tag."
    return Section("Where are the gaps?", [note, options.charts.where(options.opinion)])


def _decide(audit: AuditFacts, standing: Standing, options: ReportOptions) -> Section:
    tags, decide = len(standing.tags), standing.number_of_tags(*TO_DECIDE)
    if not tags:
        return NO_GAPS
    every = f"All {count(tags, 'tag')}" if tags > 1 else "The only tag"
    some = every if decide == tags else f"{decide:,} of {count(tags, 'tag')}"
    heading = f"{some} with gaps {'needs' if decide == 1 else 'need'} a decision"
    rows = standing.tags.assign(rank=standing.tags["kind"].map(KINDS.index))
    rows = _worded(rows.sort_values(["missing", "tag"], ascending=[False, True]))
    return Section(
        heading if decide else f"{every} with gaps {'is' if tags == 1 else 'are'} decided",
        [
            "If a tag is about the person, its gaps are filled. If it is about one candidacy, they stay. "
            "A tag that siblings share far more often than by chance is probably about the person.",
            options.charts.coverage(options.opinion),
            options.charts.agreement(options.opinion),
            table(rows, limit=20, caption="Tags with most gaps first", **options.all_rows("decide")),
        ],
        rows,
    )


_COLUMNS = {
    "tag": "Tag",
    "kind": "Gaps are",
    "missing": "Gaps",
    "inconsistent_contacts": "People with a gap",
    "opportunities": "Opportunities with it",
    "agreement": "Siblings with it too",
    "expected": "By chance",
    "pattern": "Missing where",
}
_PATTERNS = {
    "newer": "on newer ones",
    "older": "on older ones",
    "mixed": "–",
    "archived only": "on active ones",
    "-": "–",
}


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    columns = {name: words for name, words in _COLUMNS.items() if name in rows}
    shown = rows[list(columns)].assign(
        agreement=[share(value) for value in rows["agreement"]],
        expected=[share(value) for value in rows["expected"]],
        pattern=rows["pattern"].map(_PATTERNS),
    )
    if (shown["pattern"] == "–").all():
        del shown["pattern"], columns["pattern"]
    return shown.rename(columns=columns)


def _postings(audit: AuditFacts, options: ReportOptions) -> Section:
    rows = audit.tags[audit.tags["posting_tag"]]
    if rows.empty:
        return Section(
            "No tag was recognised as a posting's", ["Neither by its text nor by how it is spread."]
        )
    stay = "tag comes from postings and stays as it is", "tags come from postings and stay as they are"
    heading = count(len(rows), *stay)
    shown = rows[["tag", "opportunities", "why"]]
    shown = shown.set_axis(["Tag", "Opportunities with it", "How it was recognised"], axis=1)
    return Section(
        heading,
        [table(shown, limit=10, caption="Tags of postings, most used first", **options.all_rows("postings"))],
        shown,
    )


def _spellings(audit: AuditFacts, options: ReportOptions) -> Section | None:
    groups = duplicates(audit.spellings)
    if not groups:
        return None
    apart = sum(used for group in groups for _, used in group[1:])
    have = count(len(groups), "tag has", "tags have")
    return Section(
        f"{have} several spellings: {count(apart, 'tagging uses', 'taggings use')} a rarer one",
        [
            "A filter by one spelling misses the others. Merge them in Lever (Settings, Sources and "
            "tags) before anything is copied.",
            options.charts.spellings(),
        ],
    )


def _other(audit: AuditFacts, options: ReportOptions) -> Section:
    rows = audit.findings
    if rows.empty:
        return Section("No findings", ["Nothing else deserves attention."])
    counts = ", ".join(
        f"{code} {CODES[str(code)]}: {cell(int(number))}"
        for code, number in rows["code"].value_counts().sort_index().items()
    )
    names = {"code": "Code", "subject": "Subject", "evidence": "Evidence", "fix": "What to do"}
    every = rows[list(names)].rename(columns=names)
    rest = every[every["Code"] != "LK101"]
    shown = table(
        rest,
        limit=8,
        caption="All findings but LK101, which the table of tags above shows",
        **options.all_rows("other"),
    )
    return Section(
        count(len(rows), "finding"),
        [f"{counts}. docs/audit.md explains each code.", *([shown] if len(rest) else [])],
        every,
    )
