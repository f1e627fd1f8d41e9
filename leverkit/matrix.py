"""One person as a small matrix: a row a tag, a column an opportunity."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.report.anonymisation import People
from leverkit.report.html import Html, Section, table

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot


def matrix(snapshot: Snapshot, contact: str, names: People) -> Section:
    """Return the tags of a contact's opportunities: a row a tag, a column an opportunity, oldest first."""
    import pandas as pd

    query = """SELECT contact, id, tags, archived_at IS NOT NULL AS archived,
                      strftime(make_timestamp_ms(created_at), '%Y-%m-%d') AS day
               FROM opportunities WHERE starts_with(contact, $start) ORDER BY contact, created_at, id"""
    rows = snapshot.sql(query, params={"start": contact}).fetchall()
    found = sorted({row[0] for row in rows})
    if len(found) != 1:
        raise UsageError(f"{len(found):,} contacts have an id that begins with {contact!r}; name one")
    own = [set(tags) for _, _, tags, _, _ in rows]
    texts = sorted(set().union(*own), key=lambda text: (-sum(text in tags for tags in own), text))
    columns = {"Tag": texts}
    for place, (_, _, tags, archived, day) in enumerate(rows, 1):
        name = f"{place}: {day}" + (" archived" if archived else "")
        columns[name] = ["●" if text in tags else "" for text in texts]
    common = sum(all(text in tags for tags in own) for text in texts)
    heading = f"{common:,} of {len(texts):,} tags are on all of {len(rows):,} opportunities"
    grid = table(pd.DataFrame(columns), caption=f"Contact {names.name(found[0])}")
    return Section(heading, [grid, *_opened(names.link(rows[-1][1]))])


def _opened(address: str) -> list[Html]:
    link = f'<a href="{escape(address)}" rel="noopener noreferrer">Open the newest in Lever</a>'
    return [Html(f"<p>{link}</p>")] if address else []
