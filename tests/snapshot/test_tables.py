"""The tables of a snapshot: newest record of each id, hostile text unharmed, equal content in equal bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from leverkit.api.models import Categories, Opportunity, Posting, Stage, StageRank
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.snapshot import database
from leverkit.snapshot.tables import (
    counted,
    size,
    write_opportunities,
    write_postings,
    write_stages,
    write_tags,
)
from leverkit.storage.files import fingerprint

HOSTILE = [
    "=1+1",
    "a,b",
    'say "so"',
    "it's",
    "line\nbreak",
    "\u2028",
    "x\x00y",
    "\U0001f600",
    " ",
    "null",
    "[]",
]


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as found:
        yield found


def opportunity(number: int, *tags: str) -> Opportunity:
    return Opportunity(id=f"o{number}", contact="c", tags=tags)


def test_the_latest_page_wins_and_deleted_opportunities_are_left_out(
    db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        checkpoint.store("s", None, [], [opportunity(3), opportunity(1, "old"), opportunity(2)])
        checkpoint.store("s", None, [], [opportunity(1, "new")])
        checkpoint.forget(["o2", "o'9"])
        file = write_opportunities(db, tmp_path, checkpoint, None)
    assert db.sql(f"select id, tags from read_parquet('{file}')").fetchall() == [("o1", ["new"]), ("o3", [])]
    assert (size(db, file), counted(db)) == (2, {"new": 1})


def test_what_was_read_wins_over_the_earlier_snapshot(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    prior = tmp_path / "opportunities.parquet"
    with PullCheckpoint(tmp_path) as checkpoint:
        checkpoint.store("s", None, [], [opportunity(1, "old"), opportunity(2, "kept")])
        write_opportunities(db, tmp_path, checkpoint, None).replace(prior)
        checkpoint.clear()
        checkpoint.store("s", None, [], [opportunity(1, "new")])
        write_opportunities(db, tmp_path, checkpoint, prior)
    assert counted(db) == {"new": 1, "kept": 1}


def test_any_text_is_kept(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        checkpoint.store("s", None, [], [opportunity(1, *HOSTILE)])
        file = write_opportunities(db, tmp_path, checkpoint, None)
    assert db.sql(f"select tags from read_parquet('{file}')").fetchall() == [(HOSTILE,)]
    tags = write_tags(db, tmp_path, dict.fromkeys(HOSTILE, 1))
    assert sorted(text for text, _ in db.sql(f"select * from read_parquet('{tags}')").fetchall()) == sorted(
        HOSTILE
    )


def test_equal_content_gives_equal_bytes(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    counts = {f"tag {number}": number for number in range(500)}
    first = fingerprint(write_tags(db, tmp_path, counts))
    backwards = fingerprint(write_tags(db, tmp_path, dict(reversed(counts.items()))))
    other = fingerprint(write_tags(db, tmp_path, counts | {"tag 0": 9}))
    assert first == backwards != other


def test_postings_are_flat(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    place = Categories(team="T", location="Berlin, DE", all_locations=("Berlin, DE", "Rome"))
    file = write_postings(db, tmp_path, [Posting(id="p", text="Cook", categories=place, tags=("x",))])
    query = f"select text, team, department, location, locations, tags from read_parquet('{file}')"
    assert db.sql(query).fetchall() == [("Cook", "T", None, "Berlin, DE", ["Berlin, DE", "Rome"], ["x"])]


def test_stages_keep_their_order_with_and_without_a_rank(
    db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    stages = [Stage(id="s2", text="Two"), Stage(id="s1", text="One")]
    file = write_stages(db, tmp_path, stages, [StageRank(id="s1", rank=105.5, pipeline="applicant")])
    assert db.sql(f"select * from read_parquet('{file}')").fetchall() == [
        ("s2", "Two", 0, None, None),
        ("s1", "One", 1, 105.5, "applicant"),
    ]


def test_no_rows_give_an_empty_table(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        assert size(db, write_opportunities(db, tmp_path, checkpoint, None)) == 0
    assert size(db, write_postings(db, tmp_path, [])) == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".lines") == []
