"""Copies made by the tools that people run: complete, they give a pull's audit; else each loss is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clients import reader
from support.copies import Tables, write_duckdb
from support.copy_tools import find_python_310, read_with_airbyte, read_with_tap

from leverkit.analysis.audit import Audit, audit
from leverkit.emulator import Running, running
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.reading import read_copy

FRAMES = ("tags", "contacts", "inconsistencies", "placements", "gaps")


@pytest.fixture(scope="module")
def complete() -> Iterator[Running]:
    """Serve an account of which a copy by windows of updated_at misses nothing."""
    with running(contacts=60, seed=5, rate=None, tls=True) as account:
        for id in account.state()["opportunities"]:
            account.set_confidential(id, False)
            account.add_tags(id, ["seen"])  # which sets updatedAt
        yield account


@pytest.fixture(scope="module")
def usual() -> Iterator[Running]:
    """Serve an account as they were seen: most opportunities were never updated, some are confidential."""
    with running(contacts=200, seed=3, rate=None, tls=True) as account:
        yield account


def truth(
    account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Snapshot, dict[str, int]]:
    monkeypatch.setenv("SSL_CERT_FILE", str(account.ca_file))
    with reader(account) as lever:
        return pull(tmp_path / "truth", lever=lever), lever.tag_counts()


def as_columns(records: dict[str, list[dict[str, Any]]]) -> Tables:
    """Return records as a destination that keeps lists and objects as JSON."""
    return {
        name: [
            {n: json.dumps(v) if isinstance(v, dict | list) else v for n, v in row.items()} for row in rows
        ]
        for name, rows in records.items()
    }


def assert_same(found: Audit, expected: Audit) -> None:
    assert found.headline.startswith(expected.headline)
    for name in FRAMES:
        assert getattr(found, name).equals(getattr(expected, name)), name


def assert_counted(copy: Snapshot, whole: Snapshot, counts: dict[str, int]) -> None:
    """Check that each missing part is named, and the loss of taggings counted."""
    lacks = {lack["what"]: lack for lack in copy.meta["copy"]["lacks"]}
    assert {"never updated", "confidential", "deletions"} <= lacks.keys()
    held = "SELECT coalesce(sum(len(tags)), 0)::BIGINT FROM opportunities"
    lost = whole.sql(held).fetchall()[0][0] - copy.sql(held).fetchall()[0][0]
    assert lacks["taggings"]["count"] == lost > 0
    assert all(what in audit(copy).headline for what in lacks)
    seen = copy.meta["counts"]["opportunities"], whole.meta["counts"]["opportunities"]
    print(f"{copy.meta['copy']['shape']}: {seen[0]} of {seen[1]} opportunities")
    print(f"{lost} of {sum(counts.values())} taggings are not there")


@pytest.fixture(scope="module")
def python() -> str:
    found = find_python_310()
    if not found:
        pytest.skip("Airbyte's connector needs Python 3.10, which is not here (PYTHON310 names one)")
    return found


def test_tap_lever_of_a_complete_account_gives_the_audit_of_a_pull(
    complete: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = truth(complete, tmp_path, monkeypatch)
    file = write_duckdb(tmp_path / "copy.duckdb", as_columns(read_with_tap(complete, tmp_path)))
    assert_same(audit(read_copy(tmp_path / "copy", str(file), "tap-lever", now_ms=1)), audit(whole))


def test_what_tap_lever_misses_is_named_and_counted(
    usual: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, counts = truth(usual, tmp_path, monkeypatch)
    file = write_duckdb(tmp_path / "copy.duckdb", as_columns(read_with_tap(usual, tmp_path)))
    copy = read_copy(tmp_path / "copy", str(file), "tap-lever", now_ms=1, listed=counts)
    assert_counted(copy, whole, counts)


@pytest.mark.parametrize("raw", [False, True])
def test_airbyte_of_a_complete_account_gives_the_audit_of_a_pull_but_for_postings(
    complete: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str, raw: bool
) -> None:
    whole, _ = truth(complete, tmp_path, monkeypatch)
    records = read_with_airbyte(complete, tmp_path, python)
    shape, tables = "airbyte", as_columns(records)
    if raw:
        shape = "airbyte-raw"
        tables = {
            f"lever_raw__stream_{name}": [{"_airbyte_data": json.dumps(row)} for row in rows]
            for name, rows in records.items()
        }
    copy = read_copy(tmp_path / "copy", str(write_duckdb(tmp_path / "c.duckdb", tables)), shape, now_ms=1)
    assert {"postings", "stages"} <= set(copy.lacks)
    assert ("links to postings" in copy.lacks) == raw
    links = "" if raw else ", postings"
    same = f"SELECT id, contact, list_sort(tags), created_at, updated_at{links} FROM opportunities"
    assert copy.sql(f"{same} ORDER BY id").fetchall() == whole.sql(f"{same} ORDER BY id").fetchall()


def test_what_airbyte_misses_is_named_and_counted(
    usual: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    whole, counts = truth(usual, tmp_path, monkeypatch)
    records = read_with_airbyte(usual, tmp_path, python)
    file = write_duckdb(tmp_path / "copy.duckdb", as_columns(records))
    copy = read_copy(tmp_path / "copy", str(file), "airbyte", now_ms=1, listed=counts)
    assert_counted(copy, whole, counts)
