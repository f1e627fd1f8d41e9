"""The figures of an audit, computed by DuckDB from the Parquet files of a snapshot.

`prepare` makes tables of opportunities and taggings (tags are sets; ids fix the order); each query returns
one relation. Contacts with one opportunity never enter a grouping by contact and tag: they are most of an
account and cannot disagree with themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.snapshot.gaps import holdings
from leverkit.snapshot.snapshot import database
from leverkit.snapshot.tables import literal

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.snapshot.snapshot import Database

FEWEST = 5  # opportunities of a tag before an association is reported
BOUND = 0.6  # least excess over chance, as a share of the greatest possible excess
PROOF = 8  # least log likelihood ratio against chance, roughly: many tags are compared with many values

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


def associations(connection: Database) -> pd.DataFrame:
    """Return one row per tag (its number t), from the tables of `prepare` here and in `posting_tags`.

    `goes_with` is stage, department, origin or source where far more of its opportunities have the same
    (`goes_with_what`) than by chance: `goes_with_share` against `goes_with_expected`. `first_on`, `last_on`:
    creation of the first and last opportunity with it; `busiest_month`: share of them in its busiest 30 days.
    """
    connection.execute(_DEPARTMENTS)
    return connection.execute(_GOES_WITH, {"fewest": FEWEST, "bound": BOUND, "proof": PROOF}).df()


PATTERNS = ("archived only", "mixed", "newer", "older")
_PLACE_MEASURES = "max(upto) AS upto, max(since) AS since, bool_and(hidden) AS archived_only"

# Opportunities (o), contacts (c), tags (t) and postings (p) are numbers, which are joined and grouped far
# faster than ids. `c` numbers the contacts with several opportunities in the order of their ids; it is -o - 1
# for a contact with one. `total`: opportunities of the contact; `upto`, `since`: how many of them are not
# younger, not older than this one; `hidden`: archived, while another is active.
_PREPARE = (
    """CREATE TEMP TABLE split AS
    SELECT contact, count(*)::INTEGER AS total, row_number() OVER (ORDER BY contact)::INTEGER AS c,
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
        SELECT file_row_number::INTEGER AS o, coalesce(c, -o - 1) AS c, coalesce(total, 1) AS total,
               created_at, updated_at IS NULL AS untouched, archived_at IS NOT NULL AS archived,
               archived AND coalesce(active, false) AS hidden, len(tags) > 0 AS tagged,
               posting.v AS p, stage.v AS stage, origin.v AS origin, source.v AS source
        FROM opportunities LEFT JOIN split USING (contact)
        LEFT JOIN trait AS posting ON posting.kind = 'posting' AND posting.value = postings[1]
        LEFT JOIN trait AS stage ON stage.kind = 'stage' AND stage.value = opportunities.stage
        LEFT JOIN trait AS origin ON origin.kind = 'origin' AND origin.value = opportunities.origin
        LEFT JOIN trait AS source ON source.kind = 'source' AND source.value = sources[1])
    SELECT *, 1::INTEGER AS upto, 1::INTEGER AS since FROM numbered WHERE total = 1
    UNION ALL
    SELECT *, (total + 1 - rank() OVER (PARTITION BY c ORDER BY created_at DESC))::INTEGER,
           (total + 1 - rank() OVER (PARTITION BY c ORDER BY created_at))::INTEGER
    FROM numbered WHERE total > 1""",
    """CREATE TEMP TABLE tag AS
    SELECT row_number() OVER (ORDER BY text)::INTEGER AS t, text
    FROM (SELECT DISTINCT unnest(tags) AS text FROM opportunities) WHERE text IS NOT NULL""",
    # list_distinct would take four times as long.
    """CREATE TEMP TABLE tagging AS
    SELECT o, t, c, total, created_at, archived, hidden, p, stage, origin, source, upto, since
    FROM (SELECT opp.*,
                 unnest(list_filter(tags, lambda tag, place: list_position(tags, tag) = place)) AS text
          FROM opportunities JOIN opp ON o = file_row_number)
    JOIN tag USING (text)""",
    f"CREATE TEMP TABLE holding AS {holdings('tagging', contact='c', tag='t', more=_PLACE_MEASURES)}",
    f"""CREATE TEMP TABLE inconsistent AS
    SELECT c, t, have, lack,
           CASE WHEN archived_only THEN 'archived only' WHEN upto = have THEN 'newer'
                WHEN since = have THEN 'older' ELSE 'mixed' END::ENUM {PATTERNS} AS pattern
    FROM holding WHERE lack > 0""",
)

TAGS = """
    WITH every AS (
        SELECT t, count(*) AS opportunities, count(*) FILTER (total = 1) AS alone,
               count(*) FILTER (archived) AS archived
        FROM tagging GROUP BY t),
    siblings AS (
        SELECT t, count(*) AS split_contacts, count(*) FILTER (lack > 0) AS inconsistent_contacts,
               sum(lack) AS missing, sum(have) AS present, sum(total) AS places,
               sum(have * (have - 1)) AS agree, sum(have * (total - 1)) AS pairs
        FROM holding GROUP BY t),
    size AS (SELECT count(*) FILTER (total > 1) AS split_opportunities FROM opp),
    modes AS (
        SELECT t, arg_max(pattern, c) AS pattern, max(c) / sum(c) AS share,
               coalesce(sum(c) FILTER (pattern = 'archived only'), 0)::BIGINT AS only_archived
        FROM (SELECT t, pattern::VARCHAR AS pattern, count(*) AS c FROM inconsistent GROUP BY t, pattern)
        GROUP BY t)
    SELECT t, text AS tag, opportunities, every.alone + coalesce(split_contacts, 0) AS contacts,
           coalesce(split_contacts, 0) AS split_contacts,
           coalesce(inconsistent_contacts, 0) AS inconsistent_contacts,
           coalesce(present, 0)::BIGINT AS present, coalesce(missing, 0)::BIGINT AS missing,
           siblings.present / places AS coverage, agree / nullif(pairs, 0) AS agreement,
           CASE WHEN pairs > 0 THEN siblings.present / split_opportunities END AS expected,
           CASE WHEN share >= 0.6 THEN pattern WHEN share IS NULL THEN '-' ELSE 'mixed' END AS pattern,
           coalesce(only_archived, 0) AS only_archived, every.archived / opportunities AS archived_share
    FROM every JOIN tag USING (t) LEFT JOIN siblings USING (t) LEFT JOIN modes USING (t), size
    ORDER BY opportunities DESC, tag"""

CONTACTS = """
    WITH tags AS (
        SELECT c, count(*) AS tags, count(*) FILTER (lack > 0) AS inconsistent_tags FROM holding GROUP BY c),
    contact_times AS (
        SELECT c, count(*) AS opportunities, count(*) FILTER (archived) AS archived,
               make_timestamp_ms(min(created_at)) AS first_created_at,
               make_timestamp_ms(max(created_at)) AS last_created_at
        FROM opp WHERE total > 1 GROUP BY c)
    SELECT c, contact, opportunities, archived, coalesce(tags, 0) AS tags,
           coalesce(inconsistent_tags, 0) AS inconsistent_tags,
           first_created_at, last_created_at
    FROM contact_times JOIN split USING (c) LEFT JOIN tags USING (c) ORDER BY opportunities DESC, contact"""

INCONSISTENCIES = "SELECT c, t, have, lack, enum_code(pattern) AS pattern FROM inconsistent ORDER BY c, t"

SIZES = """
    SELECT total AS opportunities, (count(*) / total)::BIGINT AS contacts
    FROM opp GROUP BY total ORDER BY total"""

TOTALS = """
    SELECT count(*) AS opportunities, count(*) FILTER (total = 1) + (SELECT count(*) FROM split) AS contacts,
           (SELECT count(*) FROM split) AS split_contacts,
           (SELECT count(DISTINCT c) FROM inconsistent) AS inconsistent_contacts,
           (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM tagging) AS taggings,
           (SELECT coalesce(sum(lack), 0) FROM inconsistent)::BIGINT AS missing,
           count(*) FILTER (untouched) AS never_updated
    FROM opp"""


def prepare(folder: Path) -> Database:
    """Return a connection to a database that holds the tables of a snapshot's figures."""
    connection = database()
    connection.execute("SET enable_progress_bar = false")
    for name in ("opportunities", "postings", "stages"):
        file = literal(folder / f"{name}.parquet")
        source = f"read_parquet({file}, file_row_number = {name == 'opportunities'})"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {source}")
    for statement in _PREPARE:
        connection.execute(statement)
    return connection


# Lever gives every opportunity of a posting its tags. Where the active ones have them, an opportunity without
# any tag has lost them all, as archived ones do, and is no evidence about the tags of its contact.
_PLACES = """
    CREATE TEMP TABLE kept AS
    WITH rule AS (
        SELECT coalesce(avg(tagged::INTEGER), 0) >= 0.95 AS lost
        FROM opp WHERE p IS NOT NULL AND NOT archived),
    seen AS (SELECT o, c, total, p, tagged FROM opp, rule WHERE tagged OR p IS NULL OR NOT lost)
    SELECT o, c, total, CASE WHEN total > 1 THEN p::VARCHAR END AS place
    FROM seen WHERE total = 1 OR p IS NOT NULL
    UNION ALL
    SELECT o, c, total, CASE WHEN tagged THEN list_sort(list_distinct(tags))::VARCHAR ELSE '-' || o END
    FROM seen JOIN opportunities ON file_row_number = o WHERE total > 1 AND p IS NULL"""

_SPELT = """
    CREATE TEMP TABLE spelt AS
    SELECT t, preferred
    FROM (SELECT unnest($tags) AS text, unnest($preferred) AS preferred) JOIN tag USING (text)"""

_PLACEMENTS = """
    WITH person AS (SELECT c, count(DISTINCT place) AS n FROM kept WHERE total > 1 GROUP BY c),
    size AS (
        SELECT n, count(*) AS total
        FROM (SELECT n FROM person UNION ALL SELECT 1 FROM kept WHERE total = 1) GROUP BY n),
    held AS (
        SELECT preferred, c, count(DISTINCT place) AS k
        FROM tagging JOIN spelt USING (t) JOIN kept USING (o, c) WHERE tagging.total > 1
        GROUP BY preferred, c),
    alone AS (SELECT DISTINCT preferred, o FROM tagging JOIN spelt USING (t) WHERE total = 1),
    placed AS (
        SELECT preferred, n, k FROM held JOIN person USING (c) UNION ALL SELECT preferred, 1, 1 FROM alone)
    SELECT preferred AS tag, n, k, count(*) AS contacts, any_value(total) AS total
    FROM placed JOIN size USING (n) GROUP BY preferred, n, k ORDER BY ALL"""


def tag_placements(connection: Database, tags: pd.DataFrame, spellings: pd.DataFrame) -> pd.DataFrame:
    """Return the contacts (of a total) by tag, their number n of places, and on how many k they carry it.

    A place is a posting, or an opportunity without one. Takes the frames `tags` and `spellings` of the
    audit; tags of postings are left out, spellings of one tag count as the preferred one.
    """
    of_postings = spellings["tag"].isin(tags.loc[tags["posting_tag"], "tag"])
    left_out = spellings["preferred"].isin(spellings.loc[of_postings, "preferred"])
    counted = spellings[~left_out]
    connection.execute(_PLACES)
    texts = {"tags": counted["tag"].tolist(), "preferred": counted["preferred"].tolist()}
    connection.execute(_SPELT, texts)
    return connection.execute(_PLACEMENTS).df()
