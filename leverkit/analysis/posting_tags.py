"""Recognise the tags that come from postings, by their text or by their structure.

Lever writes a posting's title, team, department, location, commitment and own tags onto its opportunities
(help.lever.co 20087333719965). The text shows it for a listed posting. The tags of a renamed or deleted
posting are recognised by structure: all or nearly none of the opportunities of a posting carry the tag; or,
where Lever no longer names the posting, the tag always occurs with the same other tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from leverkit.api.tags import fold

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.snapshot.snapshot import Database

_FIELDS = """
    CREATE TEMP TABLE field AS
    WITH said AS (
        SELECT id, 1 AS rank, 'title' AS field, text AS said FROM postings
        UNION ALL SELECT id, 2, 'team', team FROM postings
        UNION ALL SELECT id, 3, 'department', department FROM postings
        UNION ALL SELECT id, 4, 'location', location FROM postings
        UNION ALL SELECT id, 4, 'location', unnest(locations) FROM postings
        UNION ALL SELECT id, 5, 'commitment', commitment FROM postings
        UNION ALL SELECT id, 6, 'level', level FROM postings
        UNION ALL SELECT id, 7, 'tag', unnest(tags) FROM postings)
    SELECT id AS posting, rank, field, said FROM said WHERE trim(said) <> ''"""

_FOLDED = "CREATE TEMP TABLE folded AS SELECT DISTINCT unnest($texts) AS text, unnest($folds) AS folded"

_USED = """
    CREATE TEMP TABLE used AS SELECT p, t, count(*) AS k FROM tagging WHERE p IS NOT NULL GROUP BY p, t"""

_MATCHES = """
    CREATE TEMP TABLE match AS
    WITH f AS (SELECT posting, rank, field, said, folded FROM field JOIN folded ON said = folded.text),
    g AS (SELECT t, tag.text, folded FROM tag JOIN folded USING (text)),
    best AS (
        SELECT t, arg_min(field, (rank, said <> text, said)) AS field,
               arg_min(said, (rank, said <> text, said)) AS said
        FROM g JOIN f USING (folded) GROUP BY t),
    named AS (SELECT v AS p, value AS posting FROM trait WHERE kind = 'posting'),
    pair AS (SELECT DISTINCT t, p FROM g JOIN f USING (folded) JOIN named USING (posting)),
    own AS (SELECT t, sum(k)::BIGINT AS own FROM used JOIN pair USING (t, p) GROUP BY t),
    listed AS (
        SELECT t, sum(k)::BIGINT AS listed
        FROM used JOIN named USING (p) SEMI JOIN postings ON postings.id = posting GROUP BY t)
    SELECT t, field, said, coalesce(own, 0) / nullif(listed, 0) AS own_share, coalesce(listed, 0) AS listed
    FROM best LEFT JOIN own USING (t) LEFT JOIN listed USING (t)"""

_COMPANY = """
    CREATE TEMP TABLE company AS
    WITH bare AS (SELECT o, t, c FROM tagging WHERE p IS NULL),
    total AS (SELECT count(DISTINCT c) AS everyone FROM bare),
    size AS (SELECT t, count(DISTINCT c) AS people FROM bare GROUP BY t HAVING count(DISTINCT c) >= 5),
    pair AS (
        SELECT a.t, b.t AS u, count(DISTINCT a.c) AS together
        FROM bare a JOIN bare b ON a.o = b.o AND a.t <> b.t SEMI JOIN size ON size.t = a.t GROUP BY a.t, b.t),
    implied AS (
        SELECT pair.t, u FROM pair JOIN size s ON s.t = pair.t JOIN size r ON r.t = u, total
        WHERE together >= 0.9 * s.people AND together / s.people >= 1.5 * r.people / everyone
          AND s.people * ln(together / s.people * everyone / r.people) >= 8),
    led AS (
        SELECT i.u AS t, count(DISTINCT b.o) AS led FROM implied i
        JOIN bare b ON b.t = i.u SEMI JOIN bare a ON a.o = b.o AND a.t = i.t GROUP BY i.u),
    held AS (SELECT t, count(*) AS c FROM bare GROUP BY t)
    SELECT t, c AS bare,
           greatest(coalesce(led / c, 0), CASE WHEN t IN (SELECT t FROM implied) THEN 1 ELSE 0 END) AS company
    FROM held LEFT JOIN led USING (t)"""

# Where Lever names no posting, the opportunities with the same combination of tags count as one posting.
_CORES = """
    CREATE TEMP TABLE core AS
    SELECT o, (dense_rank() OVER (ORDER BY company) + (SELECT count(*) FROM trait))::INTEGER AS p
    FROM (SELECT o, string_agg(t::VARCHAR, ' ' ORDER BY t) AS company
          FROM tagging SEMI JOIN (FROM company WHERE company >= 0.8) AS bound ON bound.t = tagging.t
          WHERE p IS NULL GROUP BY o)"""

_PLACES = """
    CREATE TEMP TABLE place AS
    SELECT o, c, total, p FROM opp WHERE tagged AND p IS NOT NULL
    UNION ALL SELECT o, c, total, core.p FROM opp JOIN core USING (o)"""

# A contact counts once per posting: the few with two opportunities there (`twice`, their tags `again`) are
# corrected for. Opportunities without any tag are no evidence, as archiving may drop tags.
_AGREEMENT = """
    CREATE TEMP TABLE posted AS
    WITH twice AS (
        SELECT c, p, count(*) - 1 AS extra FROM place WHERE total > 1 GROUP BY c, p HAVING count(*) > 1),
    again AS (
        SELECT p, t, sum(held - 1) AS extra
        FROM (SELECT place.p, t, count(*) AS held
              FROM tagging JOIN (FROM place SEMI JOIN twice USING (c, p)) AS place USING (o)
              GROUP BY place.c, place.p, t)
        GROUP BY p, t),
    size AS (
        SELECT p, (every.n - coalesce(extra, 0))::BIGINT AS n
        FROM (SELECT p, count(*) AS n FROM place GROUP BY p) AS every
        LEFT JOIN (SELECT p, sum(extra) AS extra FROM twice GROUP BY p) USING (p)
        WHERE every.n - coalesce(extra, 0) > 1),
    counted AS (
        FROM used UNION ALL
        SELECT core.p, t, count(*) FROM tagging JOIN core USING (o) GROUP BY core.p, t),
    held AS (
        SELECT p, t, (k - coalesce(extra, 0))::BIGINT AS k FROM counted LEFT JOIN again USING (p, t))
    SELECT t, count(*) AS postings, sum(k) AS posting_places,
           sum(k * (k - 1) / (n - 1)) / sum(k) AS posting_agreement,
           sum(k) / (SELECT sum(n) FROM size) AS posting_expected, max(k) / sum(k) AS top_share,
           arg_max(n, (k, n)) / (SELECT sum(n) FROM size) AS top_expected
    FROM held JOIN size USING (p) GROUP BY t"""

EVIDENCE = """
    SELECT t, field, said, own_share, coalesce(listed, 0) AS listed, coalesce(postings, 0) AS postings,
           coalesce(posting_places, 0)::BIGINT AS posting_places, posting_agreement, posting_expected,
           top_share, top_expected, coalesce(company, 0) AS company, coalesce(bare, 0) AS bare
    FROM tag LEFT JOIN match USING (t) LEFT JOIN posted USING (t) LEFT JOIN company USING (t)
    ORDER BY t"""


class PostingVerdict(NamedTuple):
    """How strongly a tag looks like a posting tag (0 to 1; from 0.5 it counts as one), and why."""

    strength: float
    why: str


def judge(tags: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the tags with the figures and with `posting_tag`, `posting_strength`, `why`."""
    joined = tags.merge(figures, on="t", how="left").drop(columns=["t"])
    verdicts = [verdict(row) for row in joined.to_dict("records")]
    judged = joined.assign(
        posting_tag=[v.strength >= 0.5 for v in verdicts],
        posting_strength=[v.strength for v in verdicts],
        why=[v.why for v in verdicts],
    )
    return judged.astype({"posting_tag": bool, "posting_strength": float})


def verdict(row: Mapping[Any, Any]) -> PostingVerdict:
    """Return the strongest evidence that a tag comes from postings."""
    return max(_by_text(row), _by_posting(row), _by_company(row))


def _by_text(row: Mapping[str, Any]) -> PostingVerdict:
    if not isinstance(row["field"], str):
        return PostingVerdict(0.0, "")
    why = f"equals the {row['field']} {row['said']!r} of a posting"
    if not row["listed"] > 0:
        return PostingVerdict(0.95, why)
    share = float(row["own_share"])
    if share >= 0.5:
        return PostingVerdict(0.99, why)
    return PostingVerdict(0.4, f"{why}, but only {share:.0%} of its opportunities are of such a one")


def _by_posting(row: Mapping[str, Any]) -> PostingVerdict:
    """Return the evidence from opportunities of one posting, which share a posting tag far beyond chance."""
    inferred = row["bare"] > 0.5 * row["opportunities"]
    if not row["posting_places"] >= 5 or (inferred and row["company"] >= 0.8):
        return PostingVerdict(0.0, "")
    agreement, expected = float(row["posting_agreement"]), float(row["posting_expected"])
    if row["top_share"] >= 0.95 and row["posting_places"] * (1 - row["top_expected"]) >= 3:
        share = "all" if row["top_share"] == 1 else "nearly all"
        return PostingVerdict(0.93, f"{share} of its opportunities are of one posting")
    excess = (agreement - expected) / (1 - expected) if expected < 1 else 0.0
    alike = "with the same other tags" if inferred else "of the same posting"
    why = f"{agreement:.0%} of the others {alike} carry it, {expected:.0%} of all"
    if excess >= 0.6:
        return PostingVerdict(0.97 if excess >= 0.8 and not inferred else 0.92, why)
    return PostingVerdict(0.35, why) if excess >= 0.25 else PostingVerdict(0.0, "")


def _by_company(row: Mapping[str, Any]) -> PostingVerdict:
    """Return the evidence from opportunities without a posting: the same other tags, as a posting gives."""
    if not row["bare"] >= 5 or row["bare"] < 0.5 * row["opportunities"]:
        return PostingVerdict(0.0, "")
    share = float(row["company"])
    why = f"comes with the same other tags on {share:.0%} of its opportunities, as a posting's tags do"
    if share >= 0.8:
        return PostingVerdict(0.92 if row["bare"] >= 20 else 0.8, why)
    return PostingVerdict(0.6, why) if share >= 0.5 else PostingVerdict(0.0, "")


def prepare(connection: Database) -> None:
    """Add the tables about postings to those of `queries.prepare`; EVIDENCE reads them."""
    connection.execute(_FIELDS)
    rows = connection.execute("SELECT text FROM tag UNION SELECT said FROM field ORDER BY 1").fetchall()
    texts = [str(text) for (text,) in rows]
    connection.execute(_FOLDED, {"texts": texts, "folds": list(map(fold, texts))})
    for statement in (_USED, _MATCHES, _COMPANY, _CORES, _PLACES, _AGREEMENT):
        connection.execute(statement)
