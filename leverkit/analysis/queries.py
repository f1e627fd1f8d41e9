"""The figures of an audit, computed by DuckDB from the Parquet files of a snapshot.

The queries are in sql/. `prepare` makes tables of opportunities and taggings (tags are sets; ids fix the
order). Contacts with one opportunity never enter a grouping by contact and tag: they are most of an account
and cannot disagree with themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.snapshot.gaps import holdings
from leverkit.snapshot.snapshot import database

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    import pandas as pd

    from leverkit.snapshot.snapshot import Database, Snapshot

FEWEST = 5  # opportunities of a tag before an association is reported
BOUND = 0.6  # least excess over chance, as a share of the greatest possible excess
MEMORY = "1500MB"  # of the tables of an audit: beyond it, they are spilled to disk
_DIGITS = 12  # threads add up in any order, which the last digits show
SAMPLE = 4000  # contacts who are looked at for a tag, at least, by the signs that suggestions rest on
PROOF = 8  # least log likelihood ratio against chance, roughly: many tags are compared with many values

PATTERNS = ("archived only", "mixed", "newer", "older")
_PATTERN = """
    CASE WHEN bool_and(hidden) THEN 0 WHEN max(upto) = have_named THEN 2
         WHEN max(since) = have_named THEN 3 ELSE 1 END::UTINYINT AS pattern"""  # its place in PATTERNS
_HOLDINGS = f"""
    CREATE TABLE holding AS
    SELECT c, t, have_named::SMALLINT AS have, lack::SMALLINT AS lack, pattern
    FROM ({holdings("shared", contact="c", tag="t", more=_PATTERN)});
    CREATE VIEW inconsistent AS SELECT c, t, have, lack, pattern FROM holding WHERE lack > 0"""
_SPELT = """
    CREATE TABLE spelt AS
    SELECT t, preferred, (dense_rank() OVER (ORDER BY preferred))::INTEGER AS g,
           count(*) OVER (PARTITION BY preferred) = 1 AS single,
           greatest(sum(contacts) OVER (PARTITION BY preferred) // $sample, 1)::INTEGER AS parts
    FROM (SELECT unnest($tags) AS text, unnest($preferred) AS preferred, unnest($contacts) AS contacts)
    JOIN tag USING (text)"""
INCONSISTENCIES = "FROM inconsistent ORDER BY c, t"
LACKING = "SELECT c, t, lack FROM inconsistent SEMI JOIN wanted USING (t)"  # in any order
SIZES = """
    SELECT total::INTEGER AS opportunities, (count(*) / total)::BIGINT AS contacts
    FROM opp GROUP BY total ORDER BY total"""


def query(name: str) -> str:
    """Return the statements of a file in sql/."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def prepare(snapshot: Snapshot) -> Iterator[Database]:
    """Open a connection to a database that holds the tables of a snapshot's figures."""
    with database(MEMORY) as connection:
        _fill(connection, snapshot)
        yield connection


def _fill(connection: Database, snapshot: Snapshot) -> None:
    connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
    for name in ("opportunities", "postings", "stages"):
        source = snapshot.source(name, numbered=name == "opportunities")
        if name == "opportunities":  # a snapshot of an older leverkit names no owners
            source = f"(FROM {source} UNION ALL BY NAME SELECT NULL::VARCHAR AS owner WHERE false)"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {source}")
    connection.execute(query("tables"))
    connection.execute(_HOLDINGS)


def associations(connection: Database) -> pd.DataFrame:
    """Return one row per tag (its number t), from the tables of `prepare` here and in `posting_tags`.

    `goes_with` is stage, department, origin or source where far more of its opportunities have the same
    (`goes_with_what`) than by chance: `goes_with_share` against `goes_with_expected`. `first_on`, `last_on`:
    creation of the first and last opportunity with it; `busiest_month`: share of them in its busiest 30 days.
    """
    limits = {"fewest": FEWEST, "bound": BOUND, "proof": PROOF}
    return connection.execute(query("associations"), limits).df()


def posting_evidence(connection: Database) -> pd.DataFrame:
    """Return one row per tag: how far it follows postings, from the tables of `posting_tags`."""
    return connection.execute(query("posting_evidence")).df().round(_DIGITS)


def gaps(connection: Database, numbers: list[int]) -> pd.DataFrame:
    """Return the gaps of the tags with these numbers, counted; the tables `wanted` and `gap` stay.

    One row per kind (month, origin, posting), value and tag (its number t): gaps. The month is that of the
    newer one of the two opportunities, origin and posting are those of the one that lacks the tag.
    """
    connection.execute("CREATE TABLE wanted AS SELECT unnest($tags)::INTEGER AS t", {"tags": numbers})
    return connection.execute(query("gaps")).df()


def inconsistencies(connection: Database, posting_tags: Collection[str]) -> pd.DataFrame:
    """Return `AuditFacts.inconsistencies` from the tables of `prepare`."""
    import pandas as pd

    rows = connection.sql(INCONSISTENCIES).fetchnumpy()
    contacts = connection.sql("SELECT c, contact FROM split ORDER BY c").df().set_index("c")["contact"]
    tags = connection.sql("SELECT t, text FROM tag ORDER BY t").df().set_index("t")["text"]
    columns = {
        "contact": taken(contacts, rows["c"]),
        "tag": taken(tags, rows["t"]),
        "have": rows["have"].astype("int32"),
        "lack": rows["lack"].astype("int32"),
        "pattern": taken(pd.Series(PATTERNS), rows["pattern"]),
        "posting_tag": taken(tags.isin(posting_tags), rows["t"]),
    }
    return pd.DataFrame(columns)


def tag_placements(
    connection: Database, tags: pd.DataFrame, spellings: pd.DataFrame, *, sample: int = SAMPLE
) -> pd.DataFrame:
    """Return the contacts (of a total) by tag, their number n of places, and on how many k they carry it.

    A place is a posting, or an opportunity without one. Takes the frames `tags` and `spellings` of the
    audit; tags of postings are left out, spellings of one tag count as the preferred one. Of a tag with
    many contacts, at least `sample` are looked at, chosen by a hash; each then stands for so many.
    """
    of_postings = spellings["tag"].isin(tags.loc[tags["posting_tag"], "tag"])
    left_out = spellings["preferred"].isin(spellings.loc[of_postings, "preferred"])
    counted = spellings[~left_out]
    carried = counted["tag"].map(tags.set_index("tag")["contacts"])
    texts = {"tags": counted["tag"].tolist(), "preferred": counted["preferred"].tolist()}
    connection.execute(_SPELT, {**texts, "contacts": carried.tolist(), "sample": sample})
    return connection.execute(query("placements")).df()


def evidence(connection: Database) -> pd.DataFrame:
    """Return what speaks for and against each tag being about the person, after `tag_placements`.

    One row per tag of the frame `placements`: of the opportunities considered, how many carry it (`used`) and
    which share (`rate`); the `days` between the first and the last tenth of these, and of all (`span`); the
    people with siblings created up to 30 days (`near`), up to 150 (`mid`) and more (`far`) apart, the share
    of these siblings that `agree`, and of others in the same setting that carry the tag (`chance`). `month`,
    `outcome`, `channel`, `owner`: share of the others in such a setting of its opportunities that carry it.
    One in `parts` of the people with the tag was looked at.
    """
    for name in ("settings", "siblings"):
        connection.execute(query(name))
    return connection.execute(query("evidence")).df().round(_DIGITS)


def taken(values: pd.Series[Any], numbers: Any) -> Any:
    """Return the values at these numbers of the index."""
    return values.array.take(values.index.get_indexer(numbers))


def drop(connection: Database, *tables: str) -> None:
    """Free the memory of tables that nothing reads any more."""
    for table in tables:
        connection.execute(f"DROP TABLE {table}")
