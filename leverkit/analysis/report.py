"""The report of an audit: a summary for a notebook, sections, and one HTML page to send to somebody.

Each section has its finding as heading, then a chart, then a table. It holds no names; contacts appear as
`PersonDisplay` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leverkit.analysis.charts import AuditCharts
from leverkit.analysis.findings import CODES, duplicates, to_decide
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.charts import chart_readiness
from leverkit.report.html import Chart, Html, Section, facts, page, table
from leverkit.report.text import cell, count, share, short

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts
    from leverkit.analysis.readiness import Readiness
    from leverkit.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class ReportOptions:
    """The charts, how people appear, the scope of each tag, and the readiness of the account over time."""

    charts: AuditCharts
    people: PersonDisplay = field(default_factory=PersonDisplay)
    scopes: Mapping[str, str] = field(default_factory=dict)
    state: Readiness | None = None
    history: pd.DataFrame | None = None


def render(audit: AuditFacts, options: ReportOptions) -> str:
    """Return the report of an audit as one HTML page."""
    return page(
        audit.headline,
        sections(audit, options).values(),
        lead=_lead(audit),
        footer=f"leverkit audit of {_account(audit)}, snapshot "
        f"{short(audit.summary['snapshot'])}. {options.people.words}",
    )


def _account(audit: AuditFacts) -> str:
    """Return which account this is: its name and id, and its host, or that it is the demo."""
    facts = audit.summary
    title = " ".join(filter(None, (facts["account_name"], facts["account"])))
    return f"the demo account {title}" if facts["demo"] else f"account {title} at {facts['host']}"


def sections(audit: AuditFacts, options: ReportOptions) -> dict[str, Section]:
    """Return the sections of the report by name, for a page or a notebook."""
    parts = {
        "account": _figures(audit),
        "ready": _ready(options),
        "decide": _decide(audit, options),
        "people": _people(audit, options),
        "postings": _postings(audit),
        "spellings": _spellings(audit, options.charts),
        "other": _other(audit),
    }
    return {name: part for name, part in parts.items() if part}


def summary_html(audit: AuditFacts) -> str:
    """Return the headline and the tags that need a decision, for a notebook."""
    rows = to_decide(audit.tags)
    headline = Html("<p><strong>{}</strong></p>").format(audit.headline)
    return headline + (table(_worded(rows), limit=10) if len(rows) else "")


def _lead(audit: AuditFacts) -> str:
    s = audit.summary
    return (
        "Lever keeps tags on each opportunity, not on the person. A tag about a person has to be on all of "
        f"their opportunities. {s['posting_taggings']:,} of {s['taggings']:,} taggings come from postings: "
        "those stay where they are."
    )


def _figures(audit: AuditFacts) -> Section:
    s = audit.summary
    figures = {
        "opportunities": s["opportunities"],
        "people": s["contacts"],
        "with several": s["split_contacts"],
        "tags": s["tags"],
        "from postings": s["posting_tags"],
        "tags to decide": s["tags_to_decide"],
    }
    parts: list[str | Html | Chart] = [facts(figures)]
    parts += [f"Not seen: {gap}." for gap in s["not_seen"]]
    return Section("The account", parts)


def _ready(options: ReportOptions) -> Section | None:
    if not options.state:
        return None
    parts: list[str | Html | Chart] = [
        facts(options.state.figures),
        "Ready are the opportunities that lack a tag of a sibling and need nothing more: the tag is decided "
        "on, and is not to be copied there.",
    ]
    if options.history is not None and len(options.history) > 1:
        first, last = options.history["ready"].iloc[0], options.history["ready"].iloc[-1]
        title = f"From {first:.0f} % to {last:.0f} % ready in {len(options.history):,} snapshots"
        parts.append(chart_readiness(options.history, title=title))
    return Section(options.state.headline, parts)


def _decide(audit: AuditFacts, options: ReportOptions) -> Section:
    number = audit.summary["tags_to_decide"]
    if not number:
        return Section(
            "Nothing to decide", ["Only tags of postings are missing on some opportunities of a person."]
        )
    return Section(
        f"{number:,} tags need a decision, the largest first" if number > 1 else "One tag needs a decision",
        [
            "Is it about the person, then it is copied, or about one candidacy, then it stays? That is for "
            "people to say. Siblings that agree far more often than by chance speak for the person.",
            options.charts.coverage,
            options.charts.agreement(options.scopes),
            table(_worded(to_decide(audit.tags)), limit=20),
        ],
    )


_COLUMNS = {
    "tag": "Tag",
    "opportunities": "Used on",
    "inconsistent_contacts": "People affected",
    "missing": "Missing on",
    "agreement": "Siblings agree",
    "expected": "By chance",
    "pattern": "Missing where",
}
_PATTERNS = {
    "newer": "on newer ones",
    "older": "on older ones",
    "mixed": "no pattern",
    "archived only": "on active ones",
    "-": "–",
}


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows[list(_COLUMNS)].assign(
        agreement=[share(value) for value in rows["agreement"]],
        expected=[share(value) for value in rows["expected"]],
        pattern=rows["pattern"].map(_PATTERNS),
    )
    return shown.rename(columns=_COLUMNS)


def _people_headline(audit: AuditFacts) -> str:
    s = audit.summary
    verb = "has" if s["split_contacts"] == 1 else "have"
    return f"{s['split_contacts']:,} of {s['contacts']:,} people {verb} more than one opportunity"


def _people(audit: AuditFacts, options: ReportOptions) -> Section:
    names = options.people
    if audit.contacts.empty:
        return Section(_people_headline(audit), ["Tags of people with one opportunity cannot disagree."])
    order = ["tags_to_decide", "inconsistent_tags", "contact"]
    rows = audit.contacts.sort_values(order, ascending=[False, False, True])
    newest = _newest(audit.snapshot, list(rows["contact"].head(10)))
    links = {names.name(contact): names.link(opportunity) for contact, opportunity in newest.items()}
    rows = rows.assign(contact=rows["contact"].map(names.name))
    columns = {
        "contact": "Contact",
        "opportunities": "Opportunities",
        "archived": "Archived",
        "tags": "Tags",
        "inconsistent_tags": "Differ",
        "tags_to_decide": "Of these to decide",
        "last_created_at": "Latest",
    }
    shown = rows[list(columns)].rename(columns=columns)
    s = audit.summary
    return Section(
        _people_headline(audit),
        [
            f"Tags differ between the opportunities of {s['inconsistent_contacts']:,} of them, as they "
            f"should where they come from postings. {s['contacts_to_decide']:,} have one that may be theirs.",
            options.charts.contacts,
            table(shown, limit=10, links={"Contact": lambda name: links.get(name, "")}),
        ],
    )


def _newest(snapshot: Snapshot, contacts: list[str]) -> dict[str, str]:
    """Return the newest opportunity of each contact, which its link opens."""
    query = """SELECT contact, arg_max(id, (created_at, id)) FROM opportunities
               WHERE list_contains($contacts, contact) GROUP BY contact"""
    return dict(snapshot.sql(query, params={"contacts": contacts}).fetchall())


def _postings(audit: AuditFacts) -> Section:
    rows = audit.tags[audit.tags["posting_tag"]]
    s = audit.summary
    heading = f"{s['posting_tags']:,} tags come from postings and are never copied"
    if rows.empty:
        return Section(
            "No tag was recognised as a posting's", ["Neither by its text nor by how it is spread."]
        )
    shown = rows[["tag", "opportunities", "why"]]
    return Section(
        heading,
        [table(shown.set_axis(["Tag", "On opportunities", "How it was recognised"], axis=1), limit=15)],
    )


def _spellings(audit: AuditFacts, charts: AuditCharts) -> Section | None:
    groups = duplicates(audit.spellings)
    if not groups:
        return None
    apart = sum(used for group in groups for _, used in group[1:])
    have = count(len(groups), "tag has", "tags have")
    return Section(
        f"{have} several spellings, which part {apart:,} opportunities from the rest",
        [
            "Whoever filters by one spelling misses the others. Merge them in Lever (Settings, Sources and "
            "tags) before anything is copied.",
            charts.spellings,
        ],
    )


def _other(audit: AuditFacts) -> Section:
    rows = audit.findings
    if rows.empty:
        return Section("No findings", ["Nothing else deserves attention."])
    counts = ", ".join(
        f"{code} {CODES[str(code)]}: {cell(int(number))}"
        for code, number in rows["code"].value_counts().sort_index().items()
    )
    shown = rows[rows["code"] != "LK101"].groupby("code").head(5)
    names = {"subject": "Subject", "code": "Code", "evidence": "Evidence", "fix": "What to do"}
    where = "docs/audit.md explains each code. Below, the largest of each but LK101, which is above."
    return Section(
        f"{len(rows):,} findings", [f"{counts}.", where, table(shown[list(names)].rename(columns=names))]
    )
