"""On how many of a contact's places a tag is: what `suggestion` weighs.

Opportunities of one posting, or without posting but with the same tags, are one place: that they agree says
nothing about the person. Spellings of one tag count as one: a sibling with another spelling does not lack it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leverkit.spelling import families

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

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
