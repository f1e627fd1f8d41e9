"""A snapshot on disk: asked in SQL, and refused where it is not what was pulled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.clients import reader

from leverkit.emulator import running
from leverkit.errors import UsageError
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot, database

FILES = ["opportunities.parquet", "postings.parquet", "tags.parquet", "stages.parquet"]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("it's a snapshot")
    with running(contacts=30, rate=None) as account, reader(account) as lever:
        pull(folder, lever=lever)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    for file in original.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_snapshot_is_queried_in_sql_with_parameters(folder: Path) -> None:
    snapshot = Snapshot.open(folder)
    total = snapshot.sql("select count(*) from opportunities").fetchall()[0][0]
    some = snapshot.sql("select id from opportunities where created_at > ?", params=[0]).fetchall()
    assert total == len(some) == snapshot.meta["counts"]["opportunities"]


def test_frames_have_the_columns_of_the_contract_in_order_of_id(folder: Path) -> None:
    frame = Snapshot.open(folder).opportunities
    assert list(frame.columns)[:4] == ["id", "contact", "tags", "created_at"]
    assert frame["id"].is_monotonic_increasing
    assert set(frame["postings"].map(len)) <= {0, 1}


def test_only_the_files_of_the_contract_are_left(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "snapshot.json"])


def test_what_it_holds_is_counted_with_the_singular_of_one(folder: Path) -> None:
    about = json.loads((folder / "snapshot.json").read_text())
    about["counts"] = {"opportunities": 1, "postings": 0, "tags": 1, "stages": 1_234}
    (folder / "snapshot.json").write_text(json.dumps(about))
    assert Snapshot.open(folder).counted == "1 opportunity, 0 postings, 1 tag, 1,234 stages"
    assert "1 opportunity, 0 postings" in Snapshot.open(folder)._repr_html_()


def test_the_digest_follows_the_content(folder: Path) -> None:
    first = Snapshot.open(folder)
    assert len(first.digest) == 64
    assert first.digest == Snapshot.open(folder).digest
    assert first.digest != Snapshot(folder, {**first.meta, "files": {}}).digest


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named_with_advice(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-7])
    with pytest.raises(
        UsageError, match=rf"{name} is not as it was pulled: read the account again with .*--full"
    ):
        Snapshot.open(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"{name} is missing"):
        Snapshot.open(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": 2}', "\ud800"])
def test_a_description_that_cannot_be_read_is_named(folder: Path, content: str) -> None:
    (folder / "snapshot.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError, match=r"snapshot\.json"):
        Snapshot.open(folder)


def test_a_folder_without_snapshot_and_an_unfinished_pull_give_different_advice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with `leverkit pull"):
        Snapshot.open(tmp_path)
    (tmp_path / "pull.sqlite").touch()
    with pytest.raises(UsageError, match="run the same pull again"):
        Snapshot.open(tmp_path)


def test_a_folder_that_is_another_one_is_told_from_a_missing_snapshot(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match="is the folder of a run, not a snapshot"):
        Snapshot.open(run)
    inside = run.with_name("account") / "snapshot"
    inside.mkdir(parents=True)
    (inside / "snapshot.json").write_bytes((folder / "snapshot.json").read_bytes())
    with pytest.raises(UsageError, match=f"holds one: name {inside}"):
        Snapshot.open(inside.parent)


def test_a_damaged_snapshot_is_not_refreshed_but_can_be_read_anew(folder: Path) -> None:
    (folder / "opportunities.parquet").write_bytes(b"PAR1")
    with running(contacts=30, rate=None) as account, reader(account) as lever:
        with pytest.raises(UsageError, match=r"opportunities\.parquet"):
            pull(folder, lever=lever)
        assert pull(folder, lever=lever, full=True).meta["complete"] is True


def test_its_html_in_a_notebook_is_escaped(folder: Path) -> None:
    meta = json.loads((folder / "snapshot.json").read_text()) | {"not_seen": ["<script>"]}
    assert "<script>" not in Snapshot(folder, meta)._repr_html_()


def test_the_database_spills_beyond_its_memory_and_downloads_nothing() -> None:
    with database(memory_limit="1GB") as db:
        names = "('memory_limit', 'autoinstall_known_extensions')"
        found = dict(db.sql(f"select name, value from duckdb_settings() where name in {names}").fetchall())
    assert found["autoinstall_known_extensions"] == "false"
    assert found["memory_limit"].endswith("MiB")
