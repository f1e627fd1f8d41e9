"""How an audit looks: a glance in a notebook, a page to send to somebody.

The finding first, then the picture, then the table. No names; contacts appear as the start of their id.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from leverkit.charts import chart_contacts, chart_coverage
from leverkit.errors import UsageError
from leverkit.findings import CODES
from leverkit.report import Chart, Html, Section, cell, facts, page, share, short, table

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.audit import Audit
    from leverkit.snapshot import Snapshot


def render(audit: Audit) -> str:
    """Return the report of an audit as one HTML page."""
    return page(
        audit.headline,
        sections(audit).values(),
        lead=_lead(audit),
        footer=f"leverkit audit of account {audit.summary['account']}, snapshot "
        f"{short(audit.summary['snapshot'])}. Contacts appear by the start of their id, without names.",
    )


def sections(audit: Audit) -> dict[str, Section]:
    """Return the parts of the report by name, each headed by its finding, for a page or a notebook."""
    return {
        "account": _figures(audit),
        "decide": _decide(audit),
        "people": _people(audit),
        "postings": _postings(audit),
        "other": _other(audit),
    }


def glance(audit: Audit) -> str:
    """Return the finding and the tags to decide, for a notebook."""
    rows = _open(audit.tags)
    return f"<p><strong>{escape(audit.headline)}</strong></p>" + (
        table(_worded(rows), limit=10) if len(rows) else ""
    )


def coverage(audit: Audit) -> Chart:
    """Draw how far people who carry a tag that is no posting's carry it, those with most missing first."""
    return chart_coverage(_open(audit.tags).assign(kind="undecided"), title=audit.headline)


def people(audit: Audit) -> Chart:
    """Draw how many contacts have several opportunities."""
    return chart_contacts(audit.sizes, title=_people_headline(audit))


def matrix(snapshot: Snapshot, contact: str) -> Section:
    """Return the tags of a contact's opportunities: a row a tag, a column an opportunity, oldest first."""
    import pandas as pd

    query = """SELECT contact, tags, archived_at IS NOT NULL AS archived,
                      strftime(make_timestamp_ms(created_at), '%Y-%m-%d') AS day
               FROM opportunities WHERE starts_with(contact, $start) ORDER BY contact, created_at, id"""
    rows = snapshot.sql(query, params={"start": contact}).fetchall()
    people = sorted({row[0] for row in rows})
    if len(people) != 1:
        raise UsageError(f"{len(people):,} contacts have an id that begins with {contact!r}; name one")
    own = [set(tags) for _, tags, _, _ in rows]
    texts = sorted(set().union(*own), key=lambda text: (-sum(text in tags for tags in own), text))
    columns = {"Tag": texts}
    for place, (_, _, archived, day) in enumerate(rows, 1):
        name = f"{place}: {day}" + (" archived" if archived else "")
        columns[name] = ["●" if text in own[place - 1] else "" for text in texts]
    common = sum(all(text in tags for tags in own) for text in texts)
    heading = f"{common:,} of {len(texts):,} tags are on all of {len(rows):,} opportunities"
    return Section(heading, [table(pd.DataFrame(columns), caption=f"Contact {short(people[0])}")])


def _lead(audit: Audit) -> str:
    s = audit.summary
    return (
        "Lever keeps tags on each opportunity, not on the person. A tag about a person has to be on all of "
        f"their opportunities. {s['posting_taggings']:,} of {s['taggings']:,} taggings come from postings: "
        "those stay where they are."
    )


def _figures(audit: Audit) -> Section:
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


def _decide(audit: Audit) -> Section:
    count = audit.summary["tags_to_decide"]
    if not count:
        return Section(
            "Nothing to decide", ["Only tags of postings are missing on some opportunities of a person."]
        )
    return Section(
        f"{count:,} tags need a decision, the largest first" if count > 1 else "One tag needs a decision",
        [
            "Is it about the person, then it is copied, or about one candidacy, then it stays? That is for "
            "people to say. Siblings that agree far more often than by chance speak for the person.",
            coverage(audit),
            table(_worded(_open(audit.tags)), limit=20),
        ],
    )


def _open(tags: pd.DataFrame) -> pd.DataFrame:
    """Return the tags that people have to decide on: missing somewhere, and no posting's."""
    rows = tags[(tags["missing"] > 0) & ~tags["posting_tag"]]
    return rows.sort_values(["missing", "tag"], ascending=[False, True])


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


def _people_headline(audit: Audit) -> str:
    s = audit.summary
    verb = "has" if s["split_contacts"] == 1 else "have"
    return f"{s['split_contacts']:,} of {s['contacts']:,} people {verb} more than one opportunity"


def _people(audit: Audit) -> Section:
    if audit.contacts.empty:
        return Section(_people_headline(audit), ["Tags of people with one opportunity cannot disagree."])
    rows = audit.contacts.assign(contact=[short(contact) for contact in audit.contacts["contact"]])
    order = ["tags_to_decide", "inconsistent_tags", "contact"]
    rows = rows.sort_values(order, ascending=[False, False, True])
    names = {
        "contact": "Contact",
        "opportunities": "Opportunities",
        "archived": "Archived",
        "tags": "Tags",
        "inconsistent_tags": "Differ",
        "tags_to_decide": "Of these to decide",
        "last_created_at": "Latest",
    }
    s = audit.summary
    return Section(
        _people_headline(audit),
        [
            f"Tags differ between the opportunities of {s['inconsistent_contacts']:,} of them, as they "
            f"should where they come from postings. {s['contacts_to_decide']:,} have one that may be theirs.",
            people(audit),
            table(rows[list(names)].rename(columns=names), limit=10),
        ],
    )


def _postings(audit: Audit) -> Section:
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


def _other(audit: Audit) -> Section:
    rows = audit.findings
    if rows.empty:
        return Section("No findings", ["Nothing else deserves attention."])
    counts = ", ".join(
        f"{code} {CODES[str(code)]}: {cell(int(number))}"
        for code, number in rows["code"].value_counts().sort_index().items()
    )
    shown = rows[rows["code"] != "LK101"].groupby("code").head(5)
    names = {"subject": "Subject", "code": "Code", "evidence": "Evidence", "fix": "What to do"}
    return Section(f"{len(rows):,} findings", [f"{counts}.", table(shown[list(names)].rename(columns=names))])
