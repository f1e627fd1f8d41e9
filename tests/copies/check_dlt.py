"""The dlt source copies completely: a first run and a later one give the tables of a pull."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support.clients import reader

from leverkit.analysis.audit import audit
from leverkit.api.client import ReadOnlyLever
from leverkit.dlt_source import lever
from leverkit.emulator import Running, running
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.reading import read_copy

ROWS = "SELECT * REPLACE (list_sort(tags) AS tags) FROM opportunities ORDER BY id"
FRAMES = ("tags", "contacts", "inconsistencies", "placements", "gaps")
EVERYTHING = {"limit": 100, "confidentiality": "all"}
LISTINGS = {
    "opportunities": EVERYTHING | {"expand": "applications"},
    "postings": EVERYTHING,
    "stages": {"limit": 100},
}
PAGE = Path(__file__).parents[2] / "docs" / "copies.md"
Load = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Send dlt's telemetry nowhere, and keep its files out of the home folder."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


@pytest.fixture
def account() -> Iterator[Running]:
    with running(contacts=200, seed=3, rate=None) as served:
        yield served


@pytest.fixture
def load(tmp_path: Path) -> Load:
    to = dlt.destinations.duckdb(str(tmp_path / "copy.duckdb"))
    pipeline = dlt.pipeline("lever", pipelines_dir=str(tmp_path / "p"), destination=to, dataset_name="lever")
    return lambda source: pipeline.run(source)


def compared(account: Running, tmp_path: Path, name: str) -> tuple[Snapshot, Snapshot]:
    """Return the copy, and a pull, as snapshots."""
    with reader(account) as client:
        listed = client.tag_counts()
        whole = pull(tmp_path / f"pull-{name}", lever=client)
    out, file = tmp_path / f"copy-{name}", str(tmp_path / "copy.duckdb")
    return read_copy(out, file, "dlt", now_ms=1, listed=listed), whole


def test_a_later_run_gives_what_a_full_one_gives_and_each_is_complete(
    account: Running, load: Load, tmp_path: Path
) -> None:
    def opened() -> ReadOnlyLever:
        return reader(account)

    load(lever(open_account=opened))
    copy, whole = compared(account, tmp_path, "first")
    assert (copy.lacks, copy.meta["completeness"]["tags_agree"]) == ((), True)
    assert copy.sql(ROWS).fetchall() == whole.sql(ROWS).fetchall()
    change(account)
    account.clear_log()
    load(lever(open_account=opened))
    assert len([each for each in account.log() if each["path"] == "/opportunities"]) < 10
    copy, whole = compared(account, tmp_path, "later")
    assert (copy.lacks, copy.meta["completeness"]["tags_agree"]) == ((), True)
    assert copy.sql(ROWS).fetchall() == whole.sql(ROWS).fetchall()
    for frame in FRAMES:
        assert getattr(audit(copy), frame).equals(getattr(audit(whole), frame)), frame


def change(account: Running) -> None:
    """Delete, tag, untag, hide and create opportunities, also one that was never updated."""
    tags = account.state()["opportunities"]
    ids = list(tags)
    account.delete(ids[0])
    account.add_tags(ids[1], ["a tag, with a comma"])
    tagged = next(id for id in ids[2:] if tags[id])
    account.remove_tags(tagged, tags[tagged])
    account.set_confidential(ids[-1])
    account.create()


def test_another_account_is_not_loaded_over_the_first(account: Running, load: Load, tmp_path: Path) -> None:
    load(lever(open_account=lambda: reader(account)))
    refused = pytest.raises(PipelineStepFailed, match="the state of the dlt pipeline is for account")
    with running(contacts=20, seed=9, rate=None) as other, refused:
        load(lever(open_account=lambda: reader(other)))
    copy, whole = compared(account, tmp_path, "kept")
    assert copy.sql(ROWS).fetchall() == whole.sql(ROWS).fetchall()


def test_a_key_that_sees_more_than_before_reads_everything_again(
    account: Running, load: Load, tmp_path: Path
) -> None:
    load(lever(open_account=lambda: reader(account, key=account.restricted_key)))
    load(lever(open_account=lambda: reader(account)))
    copy, whole = compared(account, tmp_path, "more")
    assert copy.sql(ROWS).fetchall() == whole.sql(ROWS).fetchall()


def test_no_name_is_asked_for_and_none_is_loaded(account: Running, load: Load, tmp_path: Path) -> None:
    load(lever(open_account=lambda: reader(account)))
    asked = [each["query"] for each in account.log() if each["path"] == "/opportunities"]
    assert asked
    assert not any(name in str(query) for query in asked for name in ("'name'", "emails", "phones", "links"))
    people = account.do(lambda account: [row.object() for row in account.rows.values()])
    kept = (tmp_path / "copy.duckdb").read_bytes()
    assert not [each["id"] for each in people if each["name"] and each["name"].encode() in kept]


def test_the_example_of_the_page_runs(
    account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVER_API_KEY", account.api_key)
    monkeypatch.setenv("LEVER_BASE_URL", account.base_url)
    exec(example, {})
    copy = read_copy(tmp_path / "copy", str(tmp_path / "copy_of_lever.duckdb"), "dlt", now_ms=1)
    assert copy.meta["counts"]["opportunities"] == len(account.state()["opportunities"])


def test_a_copy_by_dlts_own_rest_source_gives_the_audit_of_a_pull(
    account: Running, load: Load, tmp_path: Path
) -> None:
    from dlt.sources.rest_api import rest_api_source

    client = {
        "base_url": account.base_url,
        "auth": {"type": "http_basic", "username": account.api_key, "password": ""},
        "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "offset"},
    }
    resources = [
        {
            "name": name,
            "primary_key": "id",
            "endpoint": {"path": name, "params": given, "data_selector": "data"},
        }
        for name, given in LISTINGS.items()
    ]
    load(rest_api_source({"client": client, "resources": resources}))
    copy, whole = compared(account, tmp_path, "rest")
    assert copy.lacks == ("deletions",)
    for frame in FRAMES:
        assert getattr(audit(copy), frame).equals(getattr(audit(whole), frame)), frame
