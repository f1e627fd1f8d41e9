"""The tables of a snapshot from what a warehouse returned: the latest row of each id, with its lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.rows import LATEST
from leverkit.snapshot.warehouse.statements import MARKS
from leverkit.snapshot.warehouse.values import (
    created,
    flag,
    gone,
    id_of,
    is_in_another_unit,
    listed,
    milliseconds,
    require_lists,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from leverkit.snapshot.snapshot import Database

TIMES = ("created_at", "updated_at", "archived_at", "last_advanced_at")
_OPPORTUNITY = (
    *("id", "contact", "tags", *TIMES, "archive_reason", "stage", "postings", "posting", "applications"),
    *("application", "posting_seen_at", "posting_deleted", "posting_active"),
    *("origin", "sources", "source", "source_seen_at", "source_deleted", "source_active"),
    *("owner", "confidentiality", "is_anonymized"),
    *("seen_at", "emitted_at", "is_deleted", "is_active", "valid_to", "deleted_at"),
)
_POSTING = (
    *("id", "text", "state", "team", "department", "location", "locations", "one_location", "commitment"),
    *("level", "tags", "tag", "tag_deleted", "tag_active", "tag_seen_at", "confidentiality"),
    *("created_at", "updated_at", "seen_at", "emitted_at", "is_deleted", "is_active", "valid_to"),
)
_TAGGING = ("opportunity", "tag", "place", "seen_at", "is_deleted", "is_active", "valid_to")
_STAGE = ("id", "text", "seen_at", "emitted_at", "is_deleted", "is_active", "valid_to")


def _is_active(column: str = "is_active") -> str:
    return f"({column} IS NULL OR {flag(column)})"


def _is_current() -> str:
    """Return SQL that is true for a row that is not of the past; some loaders end the others far ahead."""
    time = milliseconds("valid_to")
    return f"({_is_active()} AND (coalesce(valid_to, '') = '' OR coalesce({time} >= {LATEST}, false)))"


def _seen_with(column: str) -> str:
    """Return SQL that is true for a row of a table for a list which was seen with the latest row."""
    return f"({column} IS NULL OR {milliseconds(column)} = {milliseconds('seen_at')})"


def _kept_of(name: str, *more: str) -> str:
    """Return SQL for the value of a joined row; NULL where that row is gone or none of the latest."""
    there = (f"NOT {gone(f'{name}_deleted')}", _is_active(f"{name}_active"), *more)
    return f"CASE WHEN {' AND '.join(there)} THEN {name} END"


# Of several rows of an application the latest tells the posting.
_LATEST_LINK = f"""(application IS NULL OR coalesce({milliseconds("posting_seen_at")}, -1)
    = max(coalesce({milliseconds("posting_seen_at")}, -1)) OVER (PARTITION BY application))"""
_POSTING_OF = id_of(_kept_of("posting", _LATEST_LINK))
_SOURCE = f"[{_kept_of('source', _seen_with('source_seen_at'))}]"
_POSTING_TAG = f"[nullif({_kept_of('tag', _seen_with('tag_seen_at'))}, '')]"
_EXPANDED = f"""CASE WHEN json_valid(applications) THEN list_transform(
    json_extract_string(applications, '$[*].posting'), lambda each: {id_of("each")}) END"""
_SEEN = f"coalesce({milliseconds('seen_at')}, {milliseconds('emitted_at')}, {milliseconds('updated_at')}, -1)"
_KEPT = ", ".join(
    f"'{name}': {name}"
    for name in (
        *("contact", "tags", *TIMES, "archive_reason", "stage", "origin", "owner", "confidentiality"),
        "is_anonymized",
    )
)
_NEWNESS = "row(version, coalesce(updated_at, -1))"  # of two rows that were seen at once, Lever's own time
_ONCE = "list_filter({0}, lambda each, place: list_position({0}, each) = place AND each IS NOT NULL)"

_OPPORTUNITIES = f"""
    CREATE OR REPLACE TEMP TABLE newest_rows AS
    SELECT coalesce({id_of("id")}, '') AS id, coalesce({id_of("contact")}, '') AS contact,
           {listed("tags")} AS tags, {created("created_at")} AS created_at,
           {milliseconds("updated_at")} AS updated_at, {milliseconds("archived_at")} AS archived_at,
           nullif(archive_reason, '') AS archive_reason,
           nullif({id_of("stage")}, '') AS stage,
           list_concat(list_concat({listed("postings")}, coalesce({_EXPANDED}, [])), [{_POSTING_OF}])
               AS postings,
           nullif(origin, '') AS origin, list_concat({listed("sources")}, {_SOURCE}) AS sources,
           nullif({id_of("owner")}, '') AS owner,
           coalesce(nullif(confidentiality, ''), 'non-confidential') AS confidentiality,
           {flag("is_anonymized")} AS is_anonymized, {milliseconds("last_advanced_at")} AS last_advanced_at,
           {gone("is_deleted")} OR coalesce(deleted_at, '') <> '' AS gone, {_SEEN} AS version,
           if(coalesce(id, '') = '', concat(contact, ' ', created_at), '') AS without_id
    FROM ({{opportunities}}) WHERE {_is_current()};

    CREATE OR REPLACE TEMP TABLE newest AS
    WITH latest AS (
        FROM newest_rows QUALIFY {_NEWNESS} = max({_NEWNESS}) OVER (PARTITION BY id, without_id)),
    one AS (
        SELECT id, without_id, version,
               max({{{{{_KEPT}}}}}) AS kept,
               list_distinct(flatten(list(postings))) AS postings, flatten(list(sources)) AS sources
        FROM latest GROUP BY id, without_id, version HAVING NOT bool_or(gone)),
    tagging AS (
        SELECT opportunity, seen_at, list(tag ORDER BY place, tag) AS tags
        FROM ({{tags}}) WHERE tag <> '' GROUP BY opportunity, seen_at)
    SELECT id, kept.contact AS contact,
           {_ONCE.format("list_concat(kept.tags, coalesce(tagging.tags, []))")} AS tags,
           kept.created_at AS created_at, kept.updated_at AS updated_at, kept.archived_at AS archived_at,
           kept.archive_reason AS archive_reason, kept.stage AS stage,
           list_sort(list_filter(one.postings, lambda each: each <> '')) AS postings, kept.origin AS origin,
           {_ONCE.format("one.sources")} AS sources, kept.owner AS owner,
           kept.confidentiality AS confidentiality, kept.is_anonymized AS is_anonymized,
           kept.last_advanced_at AS last_advanced_at
    FROM one LEFT JOIN tagging ON opportunity = id AND (seen_at IS NULL OR seen_at = version)"""

_TAGGINGS = f"""
    SELECT {id_of("opportunity")} AS opportunity, tag, try_cast(place AS BIGINT) AS place,
           {milliseconds("seen_at")} AS seen_at
    FROM ({{tags}}) WHERE {_is_current()} AND NOT {gone("is_deleted")}"""

_POSTINGS = f"""
    CREATE OR REPLACE TEMP TABLE postings_of_copy AS
    WITH typed AS (
        SELECT * REPLACE ({id_of("id")} AS id), {_SEEN} AS version FROM ({{postings}})
        WHERE id <> '' AND {_is_current()}),
    seen AS (FROM typed QUALIFY version = max(version) OVER (PARTITION BY id)),
    latest AS (FROM seen WHERE NOT {gone("is_deleted")})
    SELECT id, coalesce(max(text), '') AS text, max(state) AS state, max(team) AS team,
           max(department) AS department, max(location) AS location,
           list_sort(list_distinct(flatten(list(list_concat({listed("locations")}, [one_location])))))
               AS locations,
           max(commitment) AS commitment, max(level) AS level,
           list_sort(list_distinct(flatten(list(list_concat(
               {listed("tags")}, {_POSTING_TAG}))))) AS tags,
           coalesce(max(nullif(confidentiality, '')), 'non-confidential') AS confidentiality,
           max({milliseconds("created_at")}) AS created_at, max({milliseconds("updated_at")}) AS updated_at
    FROM latest GROUP BY id ORDER BY id"""

_STAGES = f"""
    CREATE OR REPLACE TEMP TABLE stages_of_copy AS
    WITH typed AS (
        SELECT * REPLACE ({id_of("id")} AS id),
               coalesce({milliseconds("seen_at")}, {milliseconds("emitted_at")}, -1) AS version
        FROM ({{stages}}) WHERE id <> '' AND {_is_current()}),
    latest AS (FROM typed QUALIFY version = max(version) OVER (PARTITION BY id))
    SELECT id, text, row_number() OVER (ORDER BY id) - 1 AS position, NULL::DOUBLE AS rank,
           NULL::VARCHAR AS pipeline
    FROM (SELECT id, max(text) AS text FROM latest WHERE NOT {gone("is_deleted")} GROUP BY id)"""

_FIGURES = f"""
    WITH latest AS (
        FROM newest_rows QUALIFY {_NEWNESS} = max({_NEWNESS}) OVER (PARTITION BY id, without_id)),
    several AS (SELECT DISTINCT id FROM newest_rows GROUP BY id, without_id
                HAVING count(DISTINCT {_NEWNESS}) > 1),
    unsure AS (SELECT id FROM latest GROUP BY id, without_id
               HAVING min(hash({{{_KEPT}}})) <> max(hash({{{_KEPT}}})))
    SELECT (SELECT count(*) FROM several) AS several, (SELECT count(*) FROM unsure) AS unsure,
           count(*) FILTER (id <> '' AND contact <> '') AS opportunities,
           coalesce(sum(len(tags)), 0) AS taggings,
           count(*) FILTER (updated_at IS NULL) AS never_updated,
           count(*) FILTER (confidentiality <> 'non-confidential') AS confidential,
           count(*) FILTER (len(postings) > 0) AS with_posting,
           (SELECT count(*) FROM postings_of_copy) AS postings,
           (SELECT count(*) FROM stages_of_copy) AS stages
    FROM newest"""
_TELLING = "SELECT count(*) FROM ({postings}) WHERE tags NOT IN ('', 'null') OR tag IS NOT NULL"
# Taggings of which the copy has no opportunity, or only one that was seen before them.
_ASTRAY = """
    SELECT count(*) FROM ({tags}) AS tagging
    LEFT JOIN (SELECT id, max(version) AS version FROM newest_rows GROUP BY id) ON opportunity = id
    WHERE tag <> '' AND (id IS NULL OR tagging.seen_at > version)"""
_COPIED = """
    SELECT greatest(max(version), max(created_at), max(last_advanced_at), 0) FROM newest_rows"""


@dataclass(frozen=True)
class Figures:
    """What was counted while the tables were made.

    Of `several` ids several rows came back; of `unsure` ones nothing says which row is the latest.
    `telling` rows of postings say which tags these have, or that they have none. `astray` taggings are of no
    row of the opportunities.
    `other_units` times were not in milliseconds, `unreadable` were none.
    """

    several: int
    unsure: int
    opportunities: int
    taggings: int
    never_updated: int
    confidential: int
    with_posting: int
    postings: int
    stages: int
    telling: int
    astray: int
    copied_at: int
    other_units: int
    unreadable: int


def assemble(db: Database, fetched: Collection[str]) -> Figures:
    """Make `newest` (as of `tables`), `postings_of_copy` and `stages_of_copy` from the fetched tables.

    `fetched` names those that there are. Raises UsageError where lists came as joined texts,
    contacts as names, and where no opportunity has an id and a contact.
    """
    wanted = {"opportunities": _OPPORTUNITY, "tags": _TAGGING, "postings": _POSTING, "stages": _STAGE}
    queries = {name: _texts(db, name, names, fetched) for name, names in wanted.items()}
    db.execute(f"CREATE OR REPLACE TEMP TABLE texts AS {queries['opportunities']}")
    queries["opportunities"] = "FROM texts"
    require_lists(db, queries["opportunities"], ("tags", "sources", "postings"))
    require_lists(db, queries["postings"], ("tags", "locations"))
    queries["tags"] = _TAGGINGS.format(**queries)
    for statements in (_OPPORTUNITIES, _POSTINGS, _STAGES):
        db.execute(statements.format(**queries))
    _require_ids(db)
    counted = db.execute(_FIGURES).fetchall()[0]
    more = [db.execute(sql.format(**queries)).fetchall()[0][0] for sql in (_TELLING, _ASTRAY)]
    copied = db.execute(_COPIED).fetchall()[0][0]
    odd = _odd_times(db, queries["opportunities"])
    figures = Figures(*(int(number) for number in (*counted, *more, copied or 0, *odd)))
    if not figures.opportunities:
        raise UsageError("the copy holds no opportunity with an id and a contact: was it loaded?")
    return figures


def _require_ids(db: Database) -> None:
    """Raise UsageError where contacts are names or addresses, which two people may share. Shows none."""
    if db.execute(r"FROM newest_rows WHERE regexp_matches(trim(contact), '[\s@]') LIMIT 1").fetchall():
        raise UsageError(
            "column contact holds names or addresses instead of ids, by which people cannot be told apart: "
            "name the column with Lever's ids of contacts in a copy of the SQL (--sql DIR)"
        )


def filled(db: Database) -> frozenset[str]:
    """Return which of MARKS the opportunities that were assembled tell anything of."""
    counts = db.execute(f"SELECT {', '.join(f'count({name})' for name in MARKS)} FROM texts").fetchall()[0]
    return frozenset(name for name, number in zip(MARKS, counts, strict=True) if number)


def _texts(db: Database, name: str, wanted: tuple[str, ...], fetched: Collection[str]) -> str:
    if name in fetched:
        return texts(db, f"fetched_{name}", wanted)
    nothing = ", ".join(f'NULL::VARCHAR AS "{column}"' for column in wanted)
    return f"SELECT {nothing} WHERE false"


def _odd_times(db: Database, query: str) -> tuple[int, int]:
    """Return how many times were not in milliseconds, and how many could not be read."""
    units = " + ".join(f"count(*) FILTER ({is_in_another_unit(name)})" for name in TIMES)
    lost = " + ".join(f"count(*) FILTER ({name} <> '' AND {milliseconds(name)} IS NULL)" for name in TIMES)
    ((odd, unreadable),) = db.execute(f"SELECT {units}, {lost} FROM ({query})").fetchall()
    return int(odd), int(unreadable)
