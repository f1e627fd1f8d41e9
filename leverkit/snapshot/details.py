"""Frames for analysts: a snapshot's tables with readable columns, and the gaps of tags.

A gap is a tag that an opportunity lacks while another one of the same person carries it; anonymized ones
count for neither. Times are UTC timestamps without a zone; a creation time that is unknown is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.errors import UsageError, did_you_mean
from leverkit.report.anonymisation import PersonDisplay

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import duckdb
    import pandas as pd

OPPORTUNITIES = """
    SELECT o.id, o.contact, count(*) OVER (PARTITION BY o.contact) AS of_contact, o.tags,
           o.archived_at IS NOT NULL AS archived, coalesce(s.text, o.stage) AS stage, o.origin, o.sources,
           o.owner, o.postings[1] AS posting, p.text AS posting_title, p.team, p.department, p.location,
           o.confidentiality <> 'non-confidential' AS confidential, o.is_anonymized, o.archive_reason,
           make_timestamp_ms(nullif(o.created_at, 0)) AS created_at,
           make_timestamp_ms(o.updated_at) AS updated_at, make_timestamp_ms(o.archived_at) AS archived_at,
           make_timestamp_ms(o.last_advanced_at) AS last_advanced_at
    FROM opportunities AS o LEFT JOIN postings AS p ON p.id = o.postings[1]
    LEFT JOIN stages AS s ON s.id = o.stage"""
POSTINGS = """
    SELECT * REPLACE (
        make_timestamp_ms(created_at) AS created_at, make_timestamp_ms(updated_at) AS updated_at)
    FROM postings"""
FRAMES = {
    "opportunities": f"{OPPORTUNITIES} ORDER BY o.id",
    "postings": f"{POSTINGS} ORDER BY id",
    "tags": "SELECT * FROM tags ORDER BY text",
    "stages": "SELECT * FROM stages ORDER BY position",
}
GAPS = f"""
    WITH detail AS ({OPPORTUNITIES}),
    carried AS (
        SELECT contact, tag, list(id ORDER BY id) AS carried_by
        FROM (SELECT DISTINCT contact, id, unnest(tags) AS tag FROM detail
              WHERE of_contact > 1 AND NOT is_anonymized)
        WHERE tag IN (SELECT unnest($tags)) GROUP BY contact, tag)
    SELECT tag, contact, id AS opportunity, carried_by, detail.* EXCLUDE (id, contact, tags)
    FROM detail JOIN carried USING (contact)
    WHERE NOT is_anonymized AND NOT list_contains(carried_by, id) ORDER BY tag, contact, created_at, id"""
KNOWN = "SELECT DISTINCT unnest(tags) AS tag FROM opportunities"
OF_OPPORTUNITY = "SELECT contact FROM opportunities WHERE id = $id"
CONFIDENTIAL = """
    SELECT id FROM opportunities WHERE confidentiality <> 'non-confidential'
    UNION SELECT id FROM postings WHERE confidentiality <> 'non-confidential'"""
ID_COLUMNS = ("id", "opportunity", "posting")


def gaps(db: duckdb.DuckDBPyConnection, tags: Sequence[str], shown: PersonDisplay) -> pd.DataFrame:
    """Return one row per gap of these tags: tag, contact, opportunity, details of it, and a link into Lever.

    `carried_by` holds the person's opportunities that carry the tag. `link` is empty where the account is
    not one of Lever's. Raises UsageError for no tag, and for one that no opportunity carries.
    """
    if not tags:
        raise UsageError("name the tags whose gaps you want, such as snapshot.gaps('speaks German')")
    known = {tag for (tag,) in db.execute(KNOWN).fetchall()}
    for tag in tags:
        require_carried(tag, known)
    found = db.execute(GAPS, {"tags": list(tags)}).df()
    return found.assign(link=[shown.link(each) for each in found["opportunity"]])


def require_carried(tag: str, known: Collection[str]) -> None:
    """Raise UsageError where a tag is not among those that opportunities carry."""
    if tag not in known:
        raise UsageError(f"no opportunity carries the tag {tag!r}{did_you_mean(tag, known)}")


def contact_of(db: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the contact that a text names: its id or the start of it, an opportunity's id, or its address.

    What names no opportunity is returned as it is.
    """
    opportunity = text.partition("?")[0].rstrip("/").rpartition("/")[2]
    found = db.execute(OF_OPPORTUNITY, {"id": opportunity}).fetchall()
    return str(found[0][0]) if found else text


def without_confidential(db: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame that name no confidential opportunity or posting in an id column."""
    hidden = {id for (id,) in db.execute(CONFIDENTIAL).fetchall()}
    named = [frame[column].isin(hidden) for column in ID_COLUMNS if column in frame]
    for found in named:
        frame = frame[~found.loc[frame.index]]
    return frame
