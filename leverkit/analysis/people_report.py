"""People in the audit, as `PersonDisplay` shows them: those who have gaps, and those who carry a tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leverkit.analysis.standing import COPY, TO_DECIDE, Standing
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import UNFOLDED, Chart, Html, Section, table
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts
    from leverkit.snapshot.snapshot import Snapshot

SHOWN = 10  # people before the rest unfolds
MOST = 100  # people of one tag that are read
WIDE = 8  # opportunities of a person that are shown
_COLUMNS = {
    "contact": "Contact",
    "copy": "Gaps to copy",
    "decide": "Gaps to decide",
    "opportunities": "Opportunities",
    "archived": "Archived ones",
    "tags": "Tags",
    "last_created_at": "Newest opportunity",
}
_CARRIERS = """
    WITH mine AS (
        SELECT contact, list_contains(tags, $tag) AS has, created_at, id,
               strftime(make_timestamp_ms(created_at), '%Y-%m-%d') AS day, archived_at IS NOT NULL AS archived
        FROM opportunities
        WHERE contact IN (SELECT contact FROM opportunities WHERE list_contains(tags, $tag))),
    people AS (
        SELECT contact, bool_and(has) AS whole, max(created_at) AS newest,
               arg_max(id, (created_at, id)) AS last,
               list({'has': has, 'day': day, 'archived': archived} ORDER BY created_at, id) AS each
        FROM mine GROUP BY contact HAVING count(*) > 1)
    SELECT contact, last, each, count(*) OVER () AS everyone,
           (count(*) FILTER (NOT whole) OVER ())::BIGINT AS lacking
    FROM people ORDER BY whole, newest DESC, contact LIMIT $most"""


def _people_headline(audit: AuditFacts) -> str:
    s = audit.summary
    verb = "has" if s["split_contacts"] == 1 else "have"
    return (
        f"{s['split_contacts']:,} of {count(s['contacts'], 'person', 'people')} {verb} several opportunities"
    )


def people_section(
    audit: AuditFacts, standing: Standing, names: PersonDisplay, chart: Chart, all_rows: Mapping[str, Any]
) -> Section:
    """Return the people with several opportunities, those with most gaps first; `all_rows` says where."""
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
    newest = _newest(audit.snapshot, list(rows["contact"].head(SHOWN + UNFOLDED)))
    links = {names.name(contact): names.link(opportunity) for contact, opportunity in newest.items()}
    every = rows[list(_COLUMNS)].rename(columns=_COLUMNS)
    named = every.assign(Contact=every["Contact"].map(names.name))
    people = table(
        named,
        limit=SHOWN,
        caption="People with most gaps first",
        links={"Contact": links.__getitem__},
        **all_rows,
    )
    parts: list[str | Html | Chart] = [_gaps_of_people(standing), chart, people]
    return Section(_people_headline(audit), parts, named if names.salt else every)


def _gaps_of_people(standing: Standing) -> str:
    copy, decide = standing.number_of_people(COPY), standing.number_of_people(*TO_DECIDE)
    people = count(len(standing.people), "person has a gap", "people have a gap")
    parts = [f"{copy:,} with gaps to copy"] * bool(copy) + [f"{decide:,} with gaps to decide"] * bool(decide)
    return f"{': '.join(filter(None, [people, ', '.join(parts)]))}. Tags of postings are not counted."


def _newest(snapshot: Snapshot, contacts: list[str]) -> dict[str, str]:
    """Return the newest opportunity of each contact, which its link opens."""
    query = """SELECT contact, arg_max(id, (created_at, id)) FROM opportunities
               WHERE list_contains($contacts, contact) GROUP BY contact"""
    return dict(snapshot.sql(query, params={"contacts": contacts}).fetchall())


def tag_people(snapshot: Snapshot, tag: str, names: PersonDisplay) -> Section:
    """Return the people with several opportunities who carry a tag: one row each, the oldest one first.

    Those who lack it somewhere come first, of these those with the newest opportunity; `MOST` at most.
    """
    import pandas as pd

    found = snapshot.sql(_CARRIERS, params={"tag": tag, "most": MOST}).fetchall()
    if not found:
        return Section("Nobody with several opportunities has this tag", [])
    wide = min(WIDE, max(len(each) for _, _, each, _, _ in found))
    rows = [[names.name(contact), *_marks(each, wide)] for contact, _, each, _, _ in found]
    links = {names.name(contact): names.link(last) for contact, last, *_ in found}
    *_, everyone, lacking = found[0]
    lack = "lacks" if lacking == 1 else "lack"
    people = count(everyone, "person", "people")
    caption = "● has the tag, ○ lacks it; the opportunities of a person, the oldest first"
    frame = pd.DataFrame(rows, columns=["Person", *(f"{place}." for place in range(1, wide + 1))])
    rest = f"{count(everyone - len(found), 'more person', 'more people')}" if everyone > len(found) else ""
    return Section(
        f"{lacking:,} of {people} with it and several opportunities {lack} it on some",
        [
            table(frame, limit=SHOWN, caption=caption, links={"Person": links.__getitem__}),
            *filter(None, [rest]),
        ],
    )


def _marks(each: list[dict[str, object]], wide: int) -> list[str]:
    """Return a cell for each opportunity of a person, and empty ones up to `wide`."""
    marks = [
        f"{'●' if one['has'] else '○'} {one['day']}{', archived' if one['archived'] else ''}" for one in each
    ]
    if len(marks) > wide:
        marks = [*marks[: wide - 1], f"{marks[wide - 1]} and {len(marks) - wide} more"]
    return marks + [""] * (wide - len(marks))
