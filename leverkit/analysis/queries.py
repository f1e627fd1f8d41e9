"""The evidence about each tag, computed in DuckDB over a snapshot's Parquet files.

`prepare` lays out opportunities and taggings once (tags are sets; order is fixed by ids), the
queries each give one relation. Contacts with a single opportunity never enter a grouping by
(contact, tag): they are most of an account and cannot disagree with themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.analysis.spelling import families
from leverkit.snapshot.snapshot import database

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
if TYPE_CHECKING:
    import duckdb


FEWEST = 5  # opportunities of a tag before it is said to go with something
BOUND = 0.6  # excess over chance, of what is possible, from which it is
PROOF = 8  # log of how unlikely chance has to be, roughly: many tags are compared with many values

_DEPARTMENTS = """
    CREATE TEMP TABLE department AS
    SELECT v AS p, department FROM trait JOIN postings ON kind = 'posting' AND id = value
    WHERE department IS NOT NULL"""

_GOES_WITH = """
    WITH every AS (
        SELECT kind, value, uses / (SELECT count(*) FROM opp) AS expected FROM trait WHERE kind <> 'posting'
        UNION ALL SELECT 'department', department, count(*) / (SELECT count(*) FROM opp)
        FROM opp JOIN department USING (p) GROUP BY department),
    held AS (
        SELECT t, kind, value, held
        FROM (SELECT t, stage AS v, count(*) AS held FROM tagging GROUP BY t, stage
              UNION ALL SELECT t, origin, count(*) FROM tagging GROUP BY t, origin
              UNION ALL SELECT t, source, count(*) FROM tagging GROUP BY t, source)
        JOIN trait USING (v)
        UNION ALL SELECT t, 'department', department, sum(k)::BIGINT
        FROM used JOIN department USING (p) GROUP BY t, department),
    total AS (SELECT t, count(*) AS total FROM tagging GROUP BY t),
    excess AS (
        SELECT t, kind, value, held / total AS share, expected, (share - expected) / (1 - expected) AS excess
        FROM held JOIN every USING (kind, value) JOIN total USING (t)
        WHERE total >= $fewest AND expected < 1 AND held * ln(share / expected) >= $proof),
    best AS (
        SELECT t, arg_max(kind, (excess, kind, value)) AS kind,
               arg_max(value, (excess, kind, value)) AS value, arg_max(share, (excess, kind, value)) AS share,
               arg_max(expected, (excess, kind, value)) AS expected, max(excess) AS excess
        FROM excess GROUP BY t),
    months AS (
        SELECT t, min(first) AS first, max(last) AS last, max(c) / sum(c) AS busiest
        FROM (SELECT t, created_at // 2592000000 AS month, count(*) AS c, min(created_at) AS first,
                     max(created_at) AS last
              FROM tagging GROUP BY t, month) GROUP BY t)
    SELECT t, CASE WHEN excess >= $bound THEN kind END AS goes_with,
           CASE WHEN excess >= $bound THEN coalesce(stages.text, value) END AS goes_with_what,
           CASE WHEN excess >= $bound THEN share END AS goes_with_share,
           CASE WHEN excess >= $bound THEN best.expected END AS goes_with_expected,
           make_timestamp_ms(first) AS first_on, make_timestamp_ms(last) AS last_on, busiest AS busiest_month
    FROM months LEFT JOIN best USING (t)
    LEFT JOIN stages ON kind = 'stage' AND stages.id = value ORDER BY t"""


def associations(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return one row a tag (its number t), from the tables of `evidence` and `postings`.

    `goes_with` is stage, department, origin or source where far more of its opportunities have the same
    (`goes_with_what`) than by chance: `goes_with_share` against `goes_with_expected`. `first_on`, `last_on`:
    creation of the first and last opportunity with it; `busiest_month`: share of them in its busiest 30 days.
    """
    connection.execute(_DEPARTMENTS)
    return connection.execute(_GOES_WITH, {"fewest": FEWEST, "bound": BOUND, "proof": PROOF}).df()


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


# Lever gives every opportunity of a posting its tags: where the active ones have them, an opportunity
# without any has lost them all, as archived ones do, and says nothing about the tags of people.
_PLACES = """
    CREATE TEMP TABLE kept AS
    WITH rule AS (
        SELECT coalesce(avg(tagged::INTEGER), 0) >= 0.95 AS lost
        FROM opp WHERE p IS NOT NULL AND NOT archived),
    seen AS (SELECT o, c, n, p, tagged FROM opp, rule WHERE tagged OR p IS NULL OR NOT lost)
    SELECT o, c, n, CASE WHEN n > 1 THEN p::VARCHAR END AS place FROM seen WHERE n = 1 OR p IS NOT NULL
    UNION ALL
    SELECT o, c, n, CASE WHEN tagged THEN list_sort(list_distinct(tags))::VARCHAR ELSE '-' || o END
    FROM seen JOIN opportunities ON file_row_number = o WHERE n > 1 AND p IS NULL"""

_FAMILY = """
    CREATE TEMP TABLE family AS
    SELECT t, head FROM (SELECT unnest($texts) AS text, unnest($heads) AS head) JOIN tag USING (text)"""

_PLACEMENTS = """
    WITH room AS (SELECT c, count(DISTINCT place) AS n FROM kept WHERE n > 1 GROUP BY c),
    size AS (
        SELECT n, count(*) AS total
        FROM (SELECT n FROM room UNION ALL SELECT 1 FROM kept WHERE n = 1) GROUP BY n),
    held AS (
        SELECT head, c, count(DISTINCT place) AS k
        FROM tagging JOIN family USING (t) JOIN kept USING (o, c) WHERE tagging.n > 1 GROUP BY head, c),
    alone AS (SELECT DISTINCT head, o FROM tagging JOIN family USING (t) WHERE n = 1),
    placed AS (SELECT head, n, k FROM held JOIN room USING (c) UNION ALL SELECT head, 1, 1 FROM alone)
    SELECT head AS tag, n, k, count(*) AS contacts, any_value(total) AS total
    FROM placed JOIN size USING (n) GROUP BY head, n, k ORDER BY ALL"""


def placements(connection: duckdb.DuckDBPyConnection, tags: pd.DataFrame) -> pd.DataFrame:
    """Return the contacts by tag, their number n of places, and on how many k of them they carry it.

    `tags` is that of the audit; tags of postings are left out, spellings of one tag are the one most used.
    """
    heads = dict(_heads(zip(tags["tag"], tags["opportunities"], tags["posting_tag"], strict=True)))
    connection.execute(_PLACES)
    connection.execute(_FAMILY, {"texts": list(heads), "heads": list(heads.values())})
    return connection.execute(_PLACEMENTS).df()


def _heads(tags: Iterable[tuple[str, int, bool]]) -> Iterable[tuple[str, str]]:
    rows = list(tags)
    of_postings = {tag for tag, _, posting in rows if posting}
    for group in families({tag: int(uses) for tag, uses, _ in rows}):
        if of_postings.isdisjoint(group):
            yield from ((tag, group[0]) for tag in group)
