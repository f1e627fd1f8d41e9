"""Frames for analysts: who lacks a tag, part of an account, tables to read, and files for colleagues."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from support.clients import reader
from support.snapshot_factory import Posting, Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.errors import UsageError
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

PERSON = "5" * 8 + "-0000-4000-8000-000000000000"
ROWS = (
    Row("ada", ["German", "Berlin"], "p1", day=1, owner="owner-1", id="a1"),
    Row("ada", [], "p2", day=2, owner="owner-2", id="a2"),
    Row("ada", ["Java"], "p2", day=3, archived=True, id="a3"),
    Row("bob", ["German"], "p1", day=4, id="b1"),
    Row("bob", [], "p1", day=5, confidential=True, id="b2"),
    Row("eve", ["Java"], "p3", day=6, id="e1"),
)
POSTINGS = (
    Posting("p1", "Engineer", team="Platform", department="R&D"),
    Posting("p2", "Analyst", team="Data", department="R&D"),
    Posting("p3", "Clerk", team="Office"),
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.open(write_snapshot(tmp_path_factory.mktemp("details"), ROWS, POSTINGS))


def test_gaps_of_a_tag_name_the_opportunities_that_lack_it_and_their_siblings_that_carry_it(
    snapshot: Snapshot,
) -> None:
    found = snapshot.gaps("German")
    assert found[["opportunity", "owner", "team", "archived"]].fillna("").values.tolist() == [
        ["a2", "owner-2", "Data", False],
        ["a3", "", "Data", True],
        ["b2", "", "Platform", False],
    ]
    assert [list(each) for each in found["carried_by"]] == [["a1"], ["a1"], ["b1"]]
    assert found["created_at"].dt.day.tolist() == [16, 17, 19]


def test_gaps_of_an_unknown_tag_name_the_nearest_one(snapshot: Snapshot) -> None:
    with pytest.raises(UsageError, match="did you mean 'German'"):
        snapshot.gaps("Germn")
    with pytest.raises(UsageError, match="name the tags"):
        snapshot.gaps()


def test_gaps_are_counted_by_owner_month_department_and_stage(snapshot: Snapshot) -> None:
    found = snapshot.gaps("German", "Java")
    assert found.groupby("owner").size().to_dict() == {"owner-1": 1, "owner-2": 2}
    assert found.groupby("department").size().to_dict() == {"R&D": 5}
    assert found.groupby(found["created_at"].dt.strftime("%Y-%m")).size().to_dict() == {"2023-11": 5}
    assert found.groupby(["posting_title", "stage"]).size().to_dict() == {
        ("Analyst", "New lead"): 3,
        ("Engineer", "New lead"): 2,
    }


def test_opportunities_have_times_and_their_posting_and_say_how_many_the_person_has(
    snapshot: Snapshot,
) -> None:
    found = snapshot.frame("opportunities").set_index("id")
    assert found.loc["a1", ["contact", "of_contact", "posting_title", "team"]].tolist() == [
        "ada",
        3,
        "Engineer",
        "Platform",
    ]
    assert str(found["created_at"].dtype).startswith("datetime64")
    assert pd.isna(found.loc["a1", "archived_at"])
    assert found.query("of_contact > 2")["contact"].unique().tolist() == ["ada"]
    stored = snapshot.frame("select created_at from opportunities")
    assert str(stored["created_at"].dtype) == "int64"


def test_an_unknown_creation_time_is_empty(tmp_path: Path) -> None:
    unknown = -1_700_000_000_000 / 86_400_000
    snapshot = Snapshot.open(write_snapshot(tmp_path, [Row("ada", day=unknown)]))
    assert snapshot.frame("opportunities")["created_at"].isna().all()


def test_part_of_an_account_has_all_opportunities_of_its_people(snapshot: Snapshot) -> None:
    data = snapshot.only(teams=["Data"])
    assert data.opportunities["id"].tolist() == ["a1", "a2", "a3"]
    assert data.only(active=True).opportunities["id"].tolist() == ["a1", "a2"]
    assert snapshot.only(postings=["p3"]).opportunities["id"].tolist() == ["e1"]
    assert snapshot.only(departments=["R&D"], active=True).gaps("German")["opportunity"].tolist() == [
        "a2",
        "b2",
    ]
    with pytest.raises(UsageError, match="did you mean 'Platform'"):
        snapshot.only(teams=["Platfrom"])


def test_an_audit_of_a_part_counts_its_people_alone_and_is_no_history(snapshot: Snapshot) -> None:
    found = audit(snapshot.only(teams=["Data"]))
    assert found.summary["contacts"] == 1
    assert found.summary["opportunities"] == 3
    with pytest.raises(UsageError, match="whole account"):
        found.remember()


def test_no_plan_is_made_from_a_part(snapshot: Snapshot) -> None:
    with pytest.raises(UsageError, match="whole account"):
        plan(snapshot.only(active=True), Policy.suggest(audit(snapshot)))


def test_a_person_is_found_by_id_by_opportunity_and_by_address(snapshot: Snapshot) -> None:
    for text in ("ada", "ad", "a2", "https://hire.lever.co/candidates/a2?stage=1"):
        assert "ada" in audit(snapshot).contact(text)._repr_html_()


def test_a_file_for_colleagues_leaves_confidential_rows_out_unless_asked(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    rows = snapshot.gaps("German")
    text = snapshot.export(rows, tmp_path / "gaps.csv").read_text("utf-8-sig")
    assert "a2" in text
    assert "b2" not in text
    assert '"[""a1""]"' in text
    every = snapshot.export(rows, tmp_path / "all.csv", confidential=True).read_text("utf-8-sig")
    assert "b2" in every


def test_a_workbook_has_links_and_no_formulas(snapshot: Snapshot, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed (extra xlsx)")
    rows = pd.DataFrame(
        {"tag": ["=1+1"], "tags": [["a", "b"]], "link": ["https://hire.lever.co/candidates/a"]}
    )
    sheet = openpyxl.load_workbook(snapshot.export(rows, tmp_path / "rows.xlsx")).active
    tag, tags, link = next(sheet.iter_rows(min_row=2))
    assert (tag.value, tag.data_type) == ("=1+1", "s")
    assert json.loads(tags.value) == ["a", "b"]
    assert link.hyperlink.target == link.value


def test_a_table_of_another_kind_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.csv or \.xlsx"):
        snapshot.export(pd.DataFrame(), tmp_path / "rows.txt")


def test_a_pull_keeps_the_owner_and_reads_everything_again_where_an_older_one_did_not(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account, reader(account) as lever:
        snapshot = pull(tmp_path, lever=lever)
        owners = snapshot.frame("opportunities").set_index("id")["owner"].to_dict()
        _forget_owners(tmp_path)
        assert snapshot.open(tmp_path).frame("opportunities")["owner"].isna().all()
        before = len(account.log())
        assert pull(tmp_path, lever=lever).frame("opportunities").set_index("id")["owner"].to_dict() == owners
        listed = [entry["path"] for entry in account.log()[before:]]
    assert any(owners.values())
    assert listed.count("/opportunities") > 3


def _forget_owners(folder: Path) -> None:
    """Make a snapshot one of an older leverkit."""
    file, meta = folder / "opportunities.parquet", folder / "snapshot.json"
    rows = duckdb.sql(f"select * exclude (owner) from read_parquet('{file}')").df()
    duckdb.sql(f"copy rows to '{file}' (format parquet)")
    assert len(rows)
    told = json.loads(meta.read_text("utf-8"))
    del told["columns"]
    told["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    meta.write_text(json.dumps(told), encoding="utf-8")
