"""Recognise the tags that come from postings, by their text or by their structure.

Lever writes a posting's title, team, department, location, commitment and own tags onto its opportunities
(help.lever.co 20087333719965). The text shows it for a listed posting. The tags of a renamed or deleted
posting are recognised by structure: all or nearly none of the opportunities of a posting carry the tag; or,
where Lever no longer names the posting, the tag always occurs with the same other tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from leverkit.analysis.queries import query
from leverkit.api.tags import fold

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.snapshot.snapshot import Database

_FOLDED = "CREATE TEMP TABLE folded AS SELECT DISTINCT unnest($texts) AS text, unnest($folds) AS folded"


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
    return judged.drop(columns="gone").astype({"posting_tag": bool, "posting_strength": float})


def verdict(row: Mapping[Any, Any]) -> PostingVerdict:
    """Return the strongest evidence that a tag comes from postings."""
    return max(_by_text(row), _by_posting(row), _by_company(row), _by_few(row))


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


def _by_few(row: Mapping[str, Any]) -> PostingVerdict:
    """Return the evidence from few people, as of a posting that Lever no longer lists: a doubt, no more."""
    share = float(row["gone"])
    why = f"it comes with the same other tags, and {share:.0%} of its opportunities are of no listed posting"
    return PostingVerdict(0.4, why) if share >= 0.6 else PostingVerdict(0.0, "")


def prepare(connection: Database) -> None:
    """Add the tables about postings to those of `queries.prepare`; posting_evidence.sql reads them."""
    connection.execute(query("posting_texts"))
    rows = connection.execute("SELECT text FROM tag UNION SELECT said FROM field ORDER BY 1").fetchall()
    texts = [str(text) for (text,) in rows]
    connection.execute(_FOLDED, {"texts": texts, "folds": list(map(fold, texts))})
    connection.execute(query("posting_tables"))
