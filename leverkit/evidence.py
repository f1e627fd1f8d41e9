"""The evidence about each tag, computed in DuckDB over a snapshot's Parquet files.

`prepare` lays out opportunities and taggings once (tags are sets; order is fixed by ids), the
queries each give one relation. Contacts with a single opportunity never enter a grouping by
(contact, tag): they are most of an account and cannot disagree with themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.snapshot.snapshot import database

if TYPE_CHECKING:
    import duckdb

PATTERNS = ("archived only", "mixed", "newer", "older")

# All are numbered, as numbers are joined and grouped far faster than ids. `c` counts the contacts with
# several opportunities in the order of their ids, the others are -o - 1 of their only one. `upto`, `since`:
# how many of a contact's are not younger, not older than it; `hidden`: archived, while another is active.
_PREPARE = (
    """CREATE TEMP TABLE split AS
    SELECT contact, count(*)::INTEGER AS n, row_number() OVER (ORDER BY contact)::INTEGER AS c,
           count(*) FILTER (archived_at IS NULL) > 0 AS active
    FROM opportunities GROUP BY contact HAVING count(*) > 1""",
    """CREATE TEMP TABLE trait AS
    SELECT row_number() OVER (ORDER BY kind, value)::INTEGER AS v, * FROM (
        SELECT 'posting' AS kind, postings[1] AS value, count(*) AS uses FROM opportunities GROUP BY value
        UNION ALL SELECT 'stage', stage, count(*) FROM opportunities GROUP BY stage
        UNION ALL SELECT 'origin', origin, count(*) FROM opportunities GROUP BY origin
        UNION ALL SELECT 'source', sources[1] AS value, count(*) FROM opportunities GROUP BY value)
    WHERE value IS NOT NULL""",
    """CREATE TEMP TABLE opp AS
    WITH numbered AS (
        SELECT file_row_number::INTEGER AS o, coalesce(c, -o - 1) AS c, coalesce(n, 1) AS n, created_at,
               updated_at IS NULL AS untouched, archived_at IS NOT NULL AS archived,
               archived AND coalesce(active, false) AS hidden, len(tags) > 0 AS tagged,
               posting.v AS p, stage.v AS stage, origin.v AS origin, source.v AS source
        FROM opportunities LEFT JOIN split USING (contact)
        LEFT JOIN trait AS posting ON posting.kind = 'posting' AND posting.value = postings[1]
        LEFT JOIN trait AS stage ON stage.kind = 'stage' AND stage.value = opportunities.stage
        LEFT JOIN trait AS origin ON origin.kind = 'origin' AND origin.value = opportunities.origin
        LEFT JOIN trait AS source ON source.kind = 'source' AND source.value = sources[1])
    SELECT *, 1::INTEGER AS upto, 1::INTEGER AS since FROM numbered WHERE n = 1
    UNION ALL
    SELECT *, (n + 1 - rank() OVER (PARTITION BY c ORDER BY created_at DESC))::INTEGER,
           (n + 1 - rank() OVER (PARTITION BY c ORDER BY created_at))::INTEGER
    FROM numbered WHERE n > 1""",
    """CREATE TEMP TABLE tag AS
    SELECT row_number() OVER (ORDER BY text)::INTEGER AS t, text
    FROM (SELECT DISTINCT unnest(tags) AS text FROM opportunities) WHERE text IS NOT NULL""",
    # list_distinct would take four times as long.
    """CREATE TEMP TABLE tagging AS
    SELECT o, t, c, n, created_at, archived, hidden, p, stage, origin, source, upto, since
    FROM (SELECT opp.*,
                 unnest(list_filter(tags, lambda tag, place: list_position(tags, tag) = place)) AS text
          FROM opportunities JOIN opp ON o = file_row_number)
    JOIN tag USING (text)""",
    """CREATE TEMP TABLE sibling AS
    SELECT c, t, max(n) AS n, count(*)::INTEGER AS k, max(upto) AS upto, max(since) AS since,
           bool_and(hidden) AS archived_only
    FROM tagging WHERE n > 1 GROUP BY c, t""",
    f"""CREATE TEMP TABLE inconsistent AS
    SELECT c, t, k AS have, n - k AS lack,
           CASE WHEN archived_only THEN 'archived only' WHEN upto = k THEN 'newer'
                WHEN since = k THEN 'older' ELSE 'mixed' END::ENUM {PATTERNS} AS pattern
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
        FROM (SELECT t, pattern::VARCHAR AS pattern, count(*) AS c FROM inconsistent GROUP BY t, pattern)
        GROUP BY t)
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
    SELECT c, contact, opportunities, archived, coalesce(tags, 0) AS tags,
           coalesce(inconsistent_tags, 0) AS inconsistent_tags,
           first_created_at, last_created_at
    FROM each JOIN split USING (c) LEFT JOIN tags USING (c) ORDER BY opportunities DESC, contact"""

INCONSISTENCIES = "SELECT c, t, have, lack, enum_code(pattern) AS pattern FROM inconsistent ORDER BY c, t"

SIZES = """
    SELECT n AS opportunities, (count(*) / n)::BIGINT AS contacts FROM opp GROUP BY n ORDER BY n"""

TOTALS = """
    SELECT count(*) AS opportunities, count(*) FILTER (n = 1) + (SELECT count(*) FROM split) AS contacts,
           (SELECT count(*) FROM split) AS split_contacts,
           (SELECT count(DISTINCT c) FROM inconsistent) AS inconsistent_contacts,
           (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM tagging) AS taggings,
           (SELECT coalesce(sum(lack), 0) FROM inconsistent)::BIGINT AS missing,
           count(*) FILTER (untouched) AS never_updated
    FROM opp"""


def prepare(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection in which the tables of evidence about a snapshot folder are laid out."""
    connection = database()
    connection.execute("SET enable_progress_bar = false")  # ours is enough
    for name in ("opportunities", "postings", "stages"):
        file = str(folder / f"{name}.parquet").replace("'", "''")
        source = f"read_parquet('{file}', file_row_number = {name == 'opportunities'})"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {source}")
    for statement in _PREPARE:
        connection.execute(statement)
    return connection
