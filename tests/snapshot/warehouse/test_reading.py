"""A copy of an account, whoever made it, gives the tables that a pull gives, and says what it lacks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from contract.documents import SnapshotDocument
from support import copies
from support.clients import reader
from support.copies import MAKERS, SYNCED, Account, Tables, write_duckdb, write_folder, write_json

from leverkit.analysis.audit import audit
from leverkit.emulator import Running, running
from leverkit.errors import UsageError
from leverkit.policy.policy import Policy
from leverkit.report.masthead import Masthead
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.reading import read_copy
from leverkit.snapshot.warehouse.statements import NAMES

NOW = SYNCED + 1000
# What no copy of some kinds holds is left out: confidentiality, updatedAt, all locations of a posting.
OPPORTUNITIES = """
    SELECT id, contact, tags, created_at, archived_at, archive_reason, stage, postings, origin, sources,
           owner, is_anonymized, last_advanced_at FROM opportunities ORDER BY id"""
POSTINGS = """
    SELECT id, text, state, team, department, location, commitment, level, list_sort(tags), created_at
    FROM postings ORDER BY id"""
EVERY_RUN = ("dlt",)  # other tests here read the rest; whole, they are compared by `make soak`
STAGES = "SELECT id, text FROM stages ORDER BY id"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(contacts=60, seed=3, rate=None) as found:
        yield found


@pytest.fixture(scope="module")
def truth(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    with reader(served) as lever:
        return pull(tmp_path_factory.mktemp("truth"), lever=lever)


@pytest.fixture(scope="module")
def account(served: Running) -> Account:
    with reader(served) as lever:
        return Account.read(lever)


def read(tmp_path: Path, uri: Path, shape: str, **given: Any) -> Snapshot:
    return read_copy(tmp_path / "snapshot", str(uri), shape, now_ms=NOW, **given)


def made(tmp_path: Path, tables: Tables, shape: str, **given: Any) -> Snapshot:
    return read(tmp_path, write_duckdb(tmp_path / "copy.duckdb", tables), shape, **given)


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def rows(snapshot: Snapshot, query: str) -> list[Any]:
    """Return rows, with sets in one order."""
    sets = ("sources", "postings", "tags")
    frame = snapshot.sql(query)
    found = [dict(zip(frame.columns, row, strict=True)) for row in frame.fetchall()]
    return [{name: sorted(v) if name in sets else v for name, v in row.items()} for row in found]


def lacks(snapshot: Snapshot) -> dict[str, int | None]:
    return {lack["what"]: lack["count"] for lack in snapshot.meta["copy"]["lacks"]}


@pytest.mark.parametrize(
    "shape",
    [name if name in EVERY_RUN else pytest.param(name, marks=pytest.mark.soak) for name in MAKERS],
)
def test_the_tables_of_each_kind_give_what_a_pull_gives(
    account: Account, truth: Snapshot, tmp_path: Path, shape: str
) -> None:
    snapshot = made(tmp_path, MAKERS[shape](account), shape)
    assert rows(snapshot, OPPORTUNITIES) == rows(truth, OPPORTUNITIES)
    for query, missing in ((POSTINGS, "postings"), (STAGES, "stages")):
        assert rows(snapshot, query) == ([] if missing in lacks(snapshot) else rows(truth, query))


@pytest.mark.parametrize("envelope", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_a_folder_of_levers_own_json_gives_the_rows_of_a_pull(
    account: Account, truth: Snapshot, tmp_path: Path, envelope: bool
) -> None:
    folder = write_json(tmp_path / "json", account, envelope=envelope)
    (folder / "tags.json").write_text('{"data": [], "hasNext": false}')  # what is not needed disturbs nothing
    (folder / "disposition_stages.json").write_text('{"data": {"a/b~c": []}}')
    (folder / "empty.json").write_text("[]")
    snapshot = read(tmp_path, folder, "json")
    assert lacks(snapshot) == {}
    assert rows(snapshot, "SELECT * FROM opportunities") == rows(truth, "SELECT * FROM opportunities")


@pytest.mark.parametrize("form", [pytest.param("parquet", marks=pytest.mark.soak), "csv"])
def test_a_folder_of_files_is_read_as_the_tables_that_they_hold(
    account: Account, truth: Snapshot, tmp_path: Path, form: str
) -> None:
    folder = write_folder(tmp_path / "files", copies.fivetran(account, tag="tag"), form)
    snapshot = read(tmp_path, folder, "fivetran")
    assert rows(snapshot, OPPORTUNITIES) == rows(truth, OPPORTUNITIES)


def test_what_a_fivetran_copy_lacks_stands_wherever_its_figures_do_and_bars_exports(
    account: Account, tmp_path: Path
) -> None:
    snapshot = made(tmp_path, copies.fivetran(account), "fivetran")
    assert lacks(snapshot) == {"deletions": None, "removed tags": None, "confidential marks": None}
    assert len(snapshot.meta["not_seen"]) == 3
    msgspec.convert(snapshot.meta, SnapshotDocument)
    caveat = "according to a copy (fivetran), which lacks deletions, removed tags, confidential marks"
    found = audit(snapshot)
    assert found.headline.endswith(caveat)
    assert found.standing().headline.endswith(caveat)
    assert all(caveat in str(section.parts[-1]) for section in found.sections().values())
    assert Masthead.of(found.summary, 0).text.endswith(caveat)
    assert caveat in found.to_json()
    with pytest.raises(UsageError, match="which opportunities are confidential"):
        snapshot.export(snapshot.opportunities, tmp_path / "all.csv")
    assert snapshot.export(snapshot.opportunities, tmp_path / "all.csv", confidential=True).exists()
    assert set(found.findings.query("code == 'LK121'")["subject"]) == set(snapshot.meta["not_seen"])


def test_a_copy_made_by_windows_of_updated_at_says_that_it_may_lack_most(
    account: Account, tmp_path: Path
) -> None:
    kept = [
        row for row in account.opportunities if row["updatedAt"] and row["confidentiality"] != "confidential"
    ]
    tables = copies.airbyte(Account(kept, [], []))
    counts = {tag: 1000 for row in kept for tag in row["tags"]}
    snapshot = made(tmp_path, tables, "airbyte", listed=counts)
    assert {"never updated", "confidential", "deletions", "postings", "stages"} <= lacks(snapshot).keys()
    held = sum(len(row["tags"]) for row in kept)
    assert lacks(snapshot)["taggings"] == 1000 * len(counts) - held
    assert snapshot.meta["completeness"]["tags_agree"] is False


def test_without_postings_only_what_looks_like_a_postings_tag_gets_a_suggestion(
    account: Account, tmp_path: Path
) -> None:
    snapshot = made(tmp_path, copies.airbyte(account), "airbyte")
    decisions = Policy.suggest(audit(snapshot)).decisions
    others = [row for row in decisions if not row.from_posting]
    assert {row.suggested_scope for row in others} == {"undecided"}
    assert all(row.reason.startswith("no postings") for row in others)


def test_postings_without_their_tags_are_as_good_as_none(account: Account, tmp_path: Path) -> None:
    tables = copies.fivetran(account)
    del tables["posting_tag"]
    snapshot = made(tmp_path, tables, "fivetran")
    assert snapshot.meta["not_seen"][0].startswith("the tags of postings")
    decisions = Policy.suggest(audit(snapshot)).decisions
    assert {row.suggested_scope for row in decisions if not row.from_posting} == {"undecided"}


def opportunity(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "contact": f"c{id}", "tags": '["a", "b, c"]', "createdAt": SYNCED, **more}


def test_of_several_rows_of_an_opportunity_the_latest_counts(tmp_path: Path) -> None:
    day = 86_400_000
    older = opportunity("1", tags='["gone"]', _airbyte_extracted_at=copies.timestamp(SYNCED - day))
    tables = {"opportunities": [opportunity("1", _airbyte_extracted_at=copies.timestamp(SYNCED)), older]}
    snapshot = made(tmp_path, tables, "airbyte")
    assert snapshot.sql("SELECT id, tags FROM opportunities").fetchall() == [("1", ["a", "b, c"])]
    assert snapshot.notes == ("1 opportunity has several rows: the latest of each was taken",)
    assert snapshot.taken_at == SYNCED


def test_times_in_seconds_are_taken_as_such_and_counted(tmp_path: Path) -> None:
    rows = [opportunity("1", createdAt=SYNCED // 1000, updatedAt=SYNCED // 1000), opportunity("2")]
    snapshot = made(tmp_path, {"opportunities": rows}, "airbyte")
    found = snapshot.sql("SELECT created_at, updated_at FROM opportunities ORDER BY id").fetchall()
    assert found == [(SYNCED, SYNCED), (SYNCED, None)]
    (note,) = snapshot.notes
    assert note.startswith("2 times not in milliseconds: taken as seconds")


@pytest.mark.parametrize(
    "written",
    [SYNCED * 1000, float(SYNCED) * 10**6, "2025-10-09 08:53:20.000 +0000", "2025-10-09 10:53:20 +0200"],
)
def test_a_time_is_the_same_in_whatever_form_it_is_written(tmp_path: Path, written: Any) -> None:
    rows = [
        opportunity("1", createdAt=written),
        opportunity("2", createdAt="nan"),
        opportunity("3", createdAt=""),
    ]
    snapshot = made(tmp_path, {"opportunities": [*rows]}, "airbyte")
    found = snapshot.sql("SELECT created_at FROM opportunities ORDER BY id").fetchall()
    assert found == [(SYNCED,), (0,), (0,)]


def test_a_time_that_cannot_be_read_and_a_row_without_a_contact_are_named(tmp_path: Path) -> None:
    rows = [opportunity("1", archived='{"archivedAt": "soon"}'), opportunity("2", contact=None)]
    snapshot = made(tmp_path, {"opportunities": rows}, "airbyte")
    assert lacks(snapshot)["times"] == 1
    assert [row["id"] for row in snapshot.meta["left_out"]] == ["2"]
    assert snapshot.meta["counts"]["opportunities"] == 1


def test_tags_that_were_joined_into_one_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"joined texts.*'a, b'"):
        made(tmp_path, {"opportunities": [opportunity("1", tags="a, b")]}, "airbyte")
    with pytest.raises(UsageError, match="joins tags into one text"):
        made(tmp_path / "..", {"lever__opportunity_enhanced": [{"tags": "a, b"}]}, "fivetran")
    assert not (tmp_path / "snapshot").exists()


@pytest.mark.parametrize(
    "tags",
    [
        '["a", "b, c"]',
        '[{"value": "a"}, {"value": "b, c"}]',
        '{"list": [{"element": "a"}, {"element": "b, c"}]}',
    ],
)
def test_lists_are_read_as_json_and_as_warehouses_nest_them(tmp_path: Path, tags: str) -> None:
    snapshot = made(tmp_path, {"opportunities": [opportunity("1", tags=tags)]}, "airbyte")
    assert snapshot.sql("SELECT tags FROM opportunities").fetchall() == [(["a", "b, c"],)]


def test_lists_of_whole_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="column tags holds joined texts or objects"):
        made(tmp_path, {"opportunities": [opportunity("1", tags='[{"id": 1, "text": "a"}]')]}, "airbyte")


@pytest.mark.parametrize("written", ["created_at", "CREATEDAT", "createdat"])
def test_names_are_found_as_each_loader_writes_them(tmp_path: Path, written: str) -> None:
    row = opportunity("1")
    renamed = {written if name == "createdAt" else name: value for name, value in row.items()}
    links = [{"opportunity_id": "1", "posting": "p"}]
    tables = {"x_opportunities": [renamed], "x_applications": links, "deleted_opportunities": [{"id": "2"}]}
    snapshot = made(tmp_path, tables, "airbyte")
    assert snapshot.sql("SELECT created_at, postings FROM opportunities").fetchall() == [(SYNCED, ["p"])]
    two = {"y_opportunities": [renamed], **tables}
    with pytest.raises(UsageError, match="x_opportunities, y_opportunities; name one"):
        made(new(tmp_path / "two"), two, "airbyte")


def test_an_sqlite_file_is_read_as_the_tables_that_it_holds(
    account: Account, truth: Snapshot, tmp_path: Path
) -> None:
    file = copies.write_sqlite(tmp_path / "copy.db", copies.tap_lever(account, arrays=False))
    snapshot = read(tmp_path, file, "stitch")
    assert rows(snapshot, OPPORTUNITIES) == rows(truth, OPPORTUNITIES)
    (tmp_path / "no.db").write_bytes(b"SQLite format 3\0 and nothing else")
    with pytest.raises(UsageError, match=r"no.db: .*A copy is a DuckDB or SQLite file"):
        read(tmp_path, tmp_path / "no.db", "stitch")


def test_a_table_may_be_in_several_files_with_numbers_or_times_in_their_names(tmp_path: Path) -> None:
    lines = [json.dumps(opportunity(id)) for id in "123"]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "OPPORTUNITIES_0_0_0.jsonl").write_text(lines[0])
    (tmp_path / "files" / "opportunities-20240131T120000.ndjson").write_text(lines[1])
    (tmp_path / "files" / "opportunities.part-2.jsonl.gz").write_bytes(gzip.compress(lines[2].encode()))
    (tmp_path / "files" / "_SUCCESS").touch()
    snapshot = read(tmp_path, tmp_path / "files", "json")
    assert snapshot.sql("SELECT id FROM opportunities ORDER BY id").fetchall() == [("1",), ("2",), ("3",)]


def test_raw_records_in_files_have_the_name_of_their_stream(tmp_path: Path) -> None:
    folder = tmp_path / "files" / "opportunities"
    folder.mkdir(parents=True)
    line = json.dumps({"_airbyte_data": opportunity("1"), "_airbyte_emitted_at": SYNCED})
    (folder / "2024_05_01_1714521600000_0.jsonl").write_text(line)
    snapshot = read(tmp_path, tmp_path / "files", "airbyte-raw")
    assert snapshot.sql("SELECT id, tags FROM opportunities").fetchall() == [("1", ["a", "b, c"])]


def test_raw_tables_are_not_taken_for_the_typed_ones_beside_them(tmp_path: Path) -> None:
    raw = [{"_airbyte_data": json.dumps(opportunity("1")), "_airbyte_extracted_at": None}]
    file = write_duckdb(
        tmp_path / "copy.duckdb", {"lever_raw__stream_opportunities": raw}, "airbyte_internal"
    )
    write_duckdb(file, {"opportunities": [opportunity("2")]}, "lever")
    for shape, id in (("airbyte", "2"), ("airbyte-raw", "1")):
        snapshot = read_copy(tmp_path / shape, str(file), shape, now_ms=NOW)
        assert snapshot.sql("SELECT id FROM opportunities").fetchall() == [(id,)]


def test_a_copy_without_opportunities_is_refused_and_one_without_tags_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no opportunity with an id and a contact"):
        made(tmp_path, {"opportunities": [opportunity("1", contact=None)]}, "airbyte")
    snapshot = made(new(tmp_path / "two"), {"opportunities": [opportunity("1", tags="[]")]}, "airbyte")
    assert "tags" in lacks(snapshot)


def test_a_table_that_looks_like_the_opportunities_and_is_not_read_is_named(tmp_path: Path) -> None:
    other = {"opportunities_archived": [opportunity("2")], "opportunities_deleted": [{"id": "3"}]}
    snapshot = made(tmp_path, {"opportunities": [opportunity("1")], **other}, "airbyte")
    assert snapshot.notes == ("not read, though named like the opportunities: opportunities_archived",)


def test_rows_of_which_none_is_known_to_be_the_latest_are_counted(tmp_path: Path) -> None:
    several = [opportunity("1"), opportunity("1", tags='["other"]'), opportunity("2"), opportunity("2")]
    assert lacks(made(tmp_path, {"opportunities": several}, "airbyte"))["latest rows"] == 1


def test_rows_that_were_deleted_in_the_copy_are_left_out(tmp_path: Path) -> None:
    rows = [{"id": id, "contact": "c", "_fivetran_deleted": id == "2"} for id in "12"]
    tags = [{"opportunity_id": "1", "tags": tag, "_fivetran_deleted": tag == "y"} for tag in "xy"]
    snapshot = made(tmp_path, {"opportunity": rows, "opportunity_tag": tags}, "fivetran")
    assert snapshot.sql("SELECT id, tags FROM opportunities").fetchall() == [("1", ["x"])]


def test_tags_of_an_older_row_are_not_those_of_the_latest(tmp_path: Path) -> None:
    rows = [{"id": "1", "contact": "c", "_sdc_sequence": SYNCED}]
    tags = [
        {"_sdc_source_key_id": "1", "value": "new", "_sdc_level_0_id": 0, "_sdc_sequence": SYNCED},
        {"_sdc_source_key_id": "1", "value": "old", "_sdc_level_0_id": 1, "_sdc_sequence": SYNCED - 1},
    ]
    snapshot = made(tmp_path, {"opportunities": rows, "opportunities__tags": tags}, "stitch")
    assert snapshot.sql("SELECT tags FROM opportunities").fetchall() == [(["new"],)]


def test_a_copy_is_found_in_its_schema_and_several_have_to_be_told_apart(tmp_path: Path) -> None:
    file = write_duckdb(tmp_path / "copy.duckdb", {"opportunities": [opportunity("1")]}, "one")
    write_duckdb(file, {"opportunities": [opportunity("2")]}, "two")
    with pytest.raises(UsageError, match="one, two; name one with --schema"):
        read(tmp_path, file, "airbyte")
    with pytest.raises(UsageError, match="no schema 'twoo'; did you mean 'two'"):
        read(tmp_path, file, "airbyte", schema="twoo")
    assert read(tmp_path, file, "airbyte", schema="two").sql("SELECT id FROM opportunities").fetchall() == [
        ("2",)
    ]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"deals": [{"id": "1"}]}, "holds no table opportunities; it holds deals"),
        ({"opportunities": [{"id": "1", "tags": "[]"}]}, "no column contact"),
        ({"opportunities": [{"id": "1", "contact": "c"}]}, "has no tags"),
    ],
)
def test_what_is_no_copy_of_the_kind_is_refused_with_what_is_there(
    tmp_path: Path, tables: Tables, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        made(tmp_path, tables, "airbyte")


def test_what_the_database_says_of_wrong_sql_or_a_wrong_file_is_one_clear_line(tmp_path: Path) -> None:
    tables = {"opportunities": [opportunity("1")]}
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "opportunities.sql").write_text("SELECT nothing FROM nowhere")
    with pytest.raises(UsageError, match=r"copy.duckdb: .*nowhere does not exist"):
        made(tmp_path, tables, "airbyte", sql=tmp_path / "sql")
    (tmp_path / "no.duckdb").write_text("no database")
    with pytest.raises(UsageError, match=r"no.duckdb: "):
        read(tmp_path, tmp_path / "no.duckdb", "airbyte")


def test_a_person_changes_the_sql_in_a_folder_that_got_the_shapes_own(tmp_path: Path) -> None:
    tables = {"opportunities": [opportunity("1"), opportunity("2")]}
    made(tmp_path, tables, "airbyte", sql=tmp_path / "sql")
    assert {file.stem for file in (tmp_path / "sql").iterdir()} == set(NAMES)
    changed = tmp_path / "sql" / "opportunities.sql"
    changed.write_text(f"{changed.read_text()}WHERE o.id = '2'\n")
    snapshot = read(tmp_path, tmp_path / "copy.duckdb", "airbyte", sql=tmp_path / "sql")
    assert snapshot.sql("SELECT id FROM opportunities").fetchall() == [("2",)]


def test_a_copy_never_takes_the_place_of_a_reading_of_lever_nor_the_other_way(
    served: Running, truth: Snapshot, tmp_path: Path
) -> None:
    file = write_duckdb(tmp_path / "copy.duckdb", {"opportunities": [opportunity("1")]})
    with pytest.raises(UsageError, match="a reading of Lever itself"):
        read_copy(truth.path, str(file), "airbyte", now_ms=NOW)
    copy = read(tmp_path, file, "airbyte")
    with reader(served) as lever, pytest.raises(UsageError, match="out of a copy"):
        pull(copy.path, lever=lever)


def test_nothing_personal_is_kept_of_a_copy_that_holds_it(account: Account, tmp_path: Path) -> None:
    assert any(row["name"] for row in account.opportunities)
    snapshot = made(tmp_path, copies.airbyte_raw(account), "airbyte-raw")
    kept = b"".join(file.read_bytes() for file in snapshot.path.iterdir())
    texts = " ".join(map(str, snapshot.sql("SELECT * FROM opportunities").fetchall()))
    for row in account.opportunities:
        for text in filter(None, (row["name"], *row["emails"])):
            assert text.encode() not in kept
            assert text not in texts
