"""The evidence about each tag, computed in DuckDB over a snapshot's Parquet files.

`prepare` lays out opportunities and taggings once (tags are sets; order is fixed by ids), the
functions below it each return one relation. Contacts with a single opportunity never enter a
grouping by (contact, tag): they are most of an account and cannot disagree with themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.snapshot import database

if TYPE_CHECKING:
    import duckdb

# Contacts are numbered in the order of their ids: `c` counts those with several opportunities, the others
# are -o of their only one. `upto` and `since`: how many of a contact's are not younger, not older than it.
_PREPARE = (
    """CREATE TEMP TABLE split AS
    SELECT contact, count(*)::INTEGER AS n, row_number() OVER (ORDER BY contact)::INTEGER AS c,
           count(*) FILTER (archived_at IS NULL)::INTEGER AS active
    FROM opportunities GROUP BY contact HAVING count(*) > 1""",
    """CREATE TEMP TABLE opp AS
    SELECT o, coalesce(c, -o) AS c, coalesce(n, 1) AS n, coalesce(active, 0) AS active,
           created_at, updated_at, archived_at IS NOT NULL AS archived, postings[1] AS posting,
           len(tags) > 0 AS tagged, tags, stage, origin, sources[1] AS source
    FROM (SELECT *, row_number() OVER (ORDER BY id)::INTEGER AS o FROM opportunities)
    LEFT JOIN split USING (contact)""",
    """CREATE TEMP TABLE turn AS
    SELECT o, (n + 1 - rank() OVER (PARTITION BY c ORDER BY created_at DESC))::INTEGER AS upto,
           (n + 1 - rank() OVER (PARTITION BY c ORDER BY created_at))::INTEGER AS since
    FROM opp WHERE n > 1""",
    """CREATE TEMP TABLE tag AS
    SELECT row_number() OVER (ORDER BY text)::INTEGER AS t, text
    FROM (SELECT DISTINCT unnest(tags) AS text FROM opp)""",
    """CREATE TEMP TABLE tagging AS
    SELECT o, t, c, n, active, created_at, archived, posting
    FROM (SELECT o, c, n, active, created_at, archived, posting, unnest(list_distinct(tags)) AS text FROM opp)
    JOIN tag USING (text)""",
    """CREATE TEMP TABLE sibling AS
    SELECT c, t, any_value(n) AS n, count(*)::INTEGER AS k, max(upto) AS upto, max(since) AS since,
           bool_and(archived) AND any_value(active) > 0 AS archived_only
    FROM tagging JOIN turn USING (o) GROUP BY c, t""",
    """CREATE TEMP TABLE inconsistent AS
    SELECT c, t, k AS have, n - k AS lack,
           CASE WHEN archived_only THEN 'archived only' WHEN upto = k THEN 'newer'
                WHEN since = k THEN 'older' ELSE 'mixed' END AS pattern
    FROM sibling WHERE k < n""",
)

TAGS = """
    WITH every AS (
        SELECT t, count(*) AS opportunities, count(*) FILTER (n = 1) AS alone,
               count(*) FILTER (archived) AS archived
        FROM tagging GROUP BY t),
    siblings AS (
        SELECT t, count(*) AS split_contacts, count(*) FILTER (k < n) AS inconsistent_contacts,
               sum(n - k) AS missing, sum(k) AS have, sum(n) AS places,
               sum(k * (k - 1)) AS agree, sum(k * (n - 1)) AS pairs
        FROM sibling GROUP BY t),
    total AS (SELECT count(*) FILTER (n > 1) AS split, count(*) FILTER (n = 1) AS alone FROM opp),
    modes AS (
        SELECT t, arg_max(pattern, c) AS pattern, max(c) / sum(c) AS share,
               coalesce(sum(c) FILTER (pattern = 'archived only'), 0)::BIGINT AS only_archived
        FROM (SELECT t, pattern, count(*) AS c FROM inconsistent GROUP BY t, pattern) GROUP BY t)
    SELECT t, text AS tag, opportunities, every.alone + coalesce(split_contacts, 0) AS contacts,
           coalesce(split_contacts, 0) AS split_contacts,
           coalesce(inconsistent_contacts, 0) AS inconsistent_contacts,
           coalesce(have, 0)::BIGINT AS present, coalesce(missing, 0)::BIGINT AS missing,
           have / places AS coverage,
           agree / nullif(pairs, 0) AS agreement, CASE WHEN pairs > 0 THEN have / total.split END AS expected,
           CASE WHEN share >= 0.6 THEN pattern WHEN share IS NULL THEN '-' ELSE 'mixed' END AS pattern,
           coalesce(only_archived, 0) AS only_archived, every.archived / opportunities AS archived_share
    FROM every JOIN tag USING (t) LEFT JOIN siblings USING (t) LEFT JOIN modes USING (t), total
    ORDER BY opportunities DESC, tag"""

CONTACTS = """
    WITH tags AS (
        SELECT c, count(*) AS tags, count(*) FILTER (k < n) AS inconsistent_tags FROM sibling GROUP BY c),
    each AS (
        SELECT c, count(*) AS opportunities, count(*) FILTER (archived) AS archived,
               make_timestamp_ms(min(created_at)) AS first_created_at,
               make_timestamp_ms(max(created_at)) AS last_created_at
        FROM opp WHERE n > 1 GROUP BY c)
    SELECT contact, opportunities, archived, coalesce(tags, 0) AS tags,
           coalesce(inconsistent_tags, 0) AS inconsistent_tags,
           first_created_at, last_created_at
    FROM each JOIN split USING (c) LEFT JOIN tags USING (c) ORDER BY opportunities DESC, contact"""

INCONSISTENCIES = """
    SELECT contact, text AS tag, have, lack, pattern
    FROM inconsistent JOIN tag USING (t) JOIN split USING (c) ORDER BY c, t"""

SIZES = """
    SELECT n AS opportunities, (count(*) / n)::BIGINT AS contacts FROM opp GROUP BY n ORDER BY n"""

# On how many of a contact's n places a tag is: what `suggestion` weighs. Opportunities of one posting, or
# without posting but with the same tags, are one place: that they agree says nothing about the person.
PLACEMENTS = """
    WITH place AS (
        SELECT o, c, coalesce(posting, CASE WHEN tagged THEN list_sort(list_distinct(tags))::VARCHAR
                                            ELSE o::VARCHAR END) AS place
        FROM opp WHERE n > 1),
    room AS (SELECT c, count(DISTINCT place) AS n FROM place GROUP BY c),
    size AS (
        SELECT n, count(*) AS total
        FROM (SELECT n FROM room UNION ALL SELECT 1 FROM opp WHERE n = 1) GROUP BY n),
    held AS (SELECT t, c, count(DISTINCT place) AS k FROM tagging JOIN place USING (o, c) GROUP BY t, c),
    placed AS (SELECT t, n, k FROM held JOIN room USING (c) UNION ALL SELECT t, 1, 1 FROM tagging WHERE n = 1)
    SELECT text AS tag, n, k, count(*) AS contacts, any_value(total) AS total
    FROM placed JOIN size USING (n) JOIN tag USING (t) GROUP BY text, n, k ORDER BY ALL"""

TOTALS = """
    SELECT count(*) AS opportunities, count(*) FILTER (n = 1) + (SELECT count(*) FROM split) AS contacts,
           (SELECT count(*) FROM split) AS split_contacts,
           (SELECT count(DISTINCT c) FROM inconsistent) AS inconsistent_contacts,
           (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM tagging) AS taggings,
           (SELECT coalesce(sum(lack), 0) FROM inconsistent)::BIGINT AS missing,
           count(*) FILTER (updated_at IS NULL) AS never_updated
    FROM opp"""


def prepare(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection in which the tables of evidence about a snapshot folder are laid out."""
    connection = database()
    connection.execute("SET enable_progress_bar = false")  # ours is enough
    for name in ("opportunities", "postings", "stages"):
        file = str(folder / f"{name}.parquet").replace("'", "''")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet('{file}')")
    for statement in _PREPARE:
        connection.execute(statement)
    return connection
