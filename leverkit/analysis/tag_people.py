"""The people who carry a tag, opportunity by opportunity: what a decision about the tag is based on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Section, table
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

PEOPLE = 10  # shown before the rest unfolds
MOST = 100  # people of one tag that are read
WIDE = 8  # opportunities of a person that are shown
_PEOPLE = """
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


def tag_people(snapshot: Snapshot, tag: str, names: PersonDisplay) -> Section:
    """Return the people with several opportunities who carry a tag: one row each, the oldest one first.

    Those who lack it somewhere come first, of these those with the newest opportunity; `MOST` at most.
    """
    import pandas as pd

    found = snapshot.sql(_PEOPLE, params={"tag": tag, "most": MOST}).fetchall()
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
            table(frame, limit=PEOPLE, caption=caption, links={"Person": links.__getitem__}),
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
