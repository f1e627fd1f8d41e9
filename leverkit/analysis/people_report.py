"""The section of the audit's report on people: who has gaps, as `PersonDisplay` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.analysis.standing import COPY, TO_DECIDE, Standing
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import UNFOLDED, Chart, Section, table
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts
    from leverkit.snapshot.snapshot import Snapshot


def _people_headline(audit: AuditFacts) -> str:
    s = audit.summary
    verb = "has" if s["split_contacts"] == 1 else "have"
    return (
        f"{s['split_contacts']:,} of {count(s['contacts'], 'person', 'people')} {verb} several opportunities"
    )


def people_section(
    audit: AuditFacts, standing: Standing, names: PersonDisplay, chart: Chart, rest: str
) -> Section:
    """Return the people with several opportunities, those with most gaps first; `rest` says where all are."""
    if audit.contacts.empty:
        return Section(_people_headline(audit), ["Tags of people with one opportunity cannot differ."])
    by_kind = standing.people.set_index("contact")
    gaps = {"copy": by_kind[COPY], "decide": by_kind[list(TO_DECIDE)].sum(axis="columns")}
    rows = audit.contacts.assign(
        **{
            name: audit.contacts["contact"].map(found).fillna(0).astype("int64")
            for name, found in gaps.items()
        }
    )
    rows = rows.sort_values(["copy", "decide", "contact"], ascending=[False, False, True])
    newest = _newest(audit.snapshot, list(rows["contact"].head(10 + UNFOLDED)))
    links = {names.name(contact): names.link(opportunity) for contact, opportunity in newest.items()}
    columns = {
        "contact": "Contact",
        "copy": "Gaps to copy",
        "decide": "Gaps to decide",
        "opportunities": "Opportunities",
        "archived": "Archived ones",
        "tags": "Tags",
        "last_created_at": "Newest opportunity",
    }
    every = rows[list(columns)].rename(columns=columns)
    shown = every.head(10 + UNFOLDED).assign(Contact=rows["contact"].head(10 + UNFOLDED).map(names.name))
    return Section(
        _people_headline(audit),
        [
            _gaps_of_people(standing),
            chart,
            table(
                shown,
                limit=10,
                caption="People with most gaps first",
                links={"Contact": lambda name: links.get(name, "")},
            ),
            *[f"{len(every) - len(shown):,} more rows: {rest or 'the frames hold them'}."]
            * (len(every) > len(shown)),
        ],
        every.assign(Contact=rows["contact"].map(names.name)) if names.salt else every,
    )


def _gaps_of_people(standing: Standing) -> str:
    copy, decide = standing.number_of_people(COPY), standing.number_of_people(*TO_DECIDE)
    people = count(len(standing.people), "person has a gap", "people have a gap")
    return f"{people}: {copy:,} one to copy, {decide:,} one to decide. Tags of postings are not counted."


def _newest(snapshot: Snapshot, contacts: list[str]) -> dict[str, str]:
    """Return the newest opportunity of each contact, which its link opens."""
    query = """SELECT contact, arg_max(id, (created_at, id)) FROM opportunities
               WHERE list_contains($contacts, contact) GROUP BY contact"""
    return dict(snapshot.sql(query, params={"contacts": contacts}).fetchall())
