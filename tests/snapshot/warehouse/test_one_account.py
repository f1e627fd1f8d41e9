"""A table that holds several accounts is refused, and --only reads one of them; they are never mixed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import run_command
from support.copies import Tables, write_duckdb
from support.made_copies import TAGS, column, lacks, opportunity, read, read_tables, tags_of, write_lines

from leverkit.errors import UsageError

TELLING = "source_relation"


def union(*accounts: str, without: tuple[str, ...] = ()) -> Tables:
    """Return Fivetran's tables as a union of connectors makes them."""
    tables: Tables = {
        "opportunity": [{"id": f"o{name}", "contact": "c", TELLING: name} for name in accounts],
        "opportunity_tag": [{"opportunity_id": f"o{name}", "tags": f"t{name}"} for name in accounts],
        "posting": [{"id": f"p{name}", "text": name, TELLING: name} for name in accounts],
        "stage": [{"id": f"s{name}", "text": name, TELLING: name} for name in accounts],
    }
    plain = {
        name: [{k: v for k, v in row.items() if k != TELLING} for row in tables[name]] for name in without
    }
    return tables | plain


def test_several_accounts_in_one_table_are_refused_with_their_names_and_one_is_chosen(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r'several accounts, by its column source_relation: a, b\..*--only "source_relation=a"',
    ):
        read_tables(tmp_path, union("a", "b"), "fivetran")
    assert not (tmp_path / "snapshot").exists()
    for name in "ab":
        snapshot = read(tmp_path, tmp_path / "copy.duckdb", "fivetran", only=f"SOURCE_RELATION = {name}")
        assert tags_of(snapshot) == {f"o{name}": [f"t{name}"]}
        assert snapshot.sql("SELECT id FROM postings").fetchall() == [(f"p{name}",)]
        assert snapshot.notes == (
            f"only rows with SOURCE_RELATION = {name} were read: the copy holds several accounts",
        )


def test_what_cannot_be_told_apart_is_left_out_and_named(tmp_path: Path) -> None:
    tables = union("a", "b", without=("posting", "stage"))
    snapshot = read_tables(tmp_path, tables, "fivetran", only="source_relation=b")
    assert tags_of(snapshot) == {"ob": ["tb"]}
    assert {"postings", "stages"} <= lacks(snapshot)


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("source_relation=c", "no row of opportunity has source_relation = 'c'; there are a, b"),
        ("source_relation=x' OR '1'='1", "no row of opportunity has"),
        ("source_relaton=a", "no column 'source_relaton'; did you mean 'source_relation'"),
        ("a", "COLUMN=VALUE"),
    ],
)
def test_a_choice_that_fits_nothing_is_refused(tmp_path: Path, only: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_tables(tmp_path, union("a", "b"), "fivetran", only=only)


@pytest.mark.parametrize("name", ["_DBT_SOURCE_RELATION", "account", "Account Id", "_fivetran_source"])
def test_a_column_that_tells_accounts_is_known_by_many_names(tmp_path: Path, name: str) -> None:
    rows = [column("1", **{name: "x"}), column("2", **{name: "y"}), column("3", **{name: None})]
    with pytest.raises(UsageError, match=rf"by its column {name}: \(empty\), x, y"):
        read_tables(tmp_path, {"opportunities": rows}, "airbyte")
    alone = [column("1", **{name: "x"}), column("2", **{name: "x"})]
    (tmp_path / "one").mkdir()
    assert tags_of(read_tables(tmp_path / "one", {"opportunities": alone}, "airbyte")).keys() == {"1", "2"}


def test_partitions_by_account_are_told_apart(tmp_path: Path) -> None:
    for name, id in (("alpha", "1"), ("007", "2")):
        write_lines(tmp_path / "copy" / "opportunities" / f"account={name}" / "0.jsonl", [opportunity(id)])
    with pytest.raises(UsageError, match="by its column account: 007, alpha"):
        read(tmp_path, tmp_path / "copy", "json")
    assert tags_of(read(tmp_path, tmp_path / "copy", "json", only="account=007")) == {"2": TAGS}


def test_a_persons_own_sql_may_choose_the_rows(tmp_path: Path) -> None:
    file = write_duckdb(tmp_path / "copy.duckdb", union("a", "b"))
    with pytest.raises(UsageError, match="several accounts"):
        read(tmp_path, file, "fivetran", sql=tmp_path / "sql")
    statement = tmp_path / "sql" / "opportunities.sql"
    reads = statement.read_text().replace(
        "-- reads opportunity: id,", "-- reads opportunity: source_relation, id,"
    )
    statement.write_text(f"{reads}WHERE o.source_relation = 'b'\n")
    assert tags_of(read(tmp_path, file, "fivetran", sql=tmp_path / "sql")) == {"ob": ["tb"]}


def test_the_command_takes_the_choice_and_without_a_copy_refuses_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write_duckdb(tmp_path / "copy.duckdb", union("a", "b"))
    words = ("pull", "-o", str(tmp_path / "out"), "--only", "source_relation=a")
    ended = run_command((*words, "--from", str(file), "--shape", "fivetran"), capfd)
    assert (ended.code, "only rows with source_relation=a" in ended.err) == (0, True)
    assert run_command(words, capfd).code == 64
