"""The contract, part 3: what an older version left in a folder is read, resumed, verified and rolled back."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract import flow, old, surface
from msgspec.structs import replace

import leverkit as lk
from leverkit.emulator import Running, running

RECORDED = surface.recorded("old_run.json")
PLAN = RECORDED["stopped"]["plan_id"]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Running]:
    """Serve the account as it was when the run stopped, and work in a copy of the old folder."""
    for part in ("snapshot", "stopped", "finished"):
        shutil.copytree(old.HERE / part, tmp_path / part)
    shutil.copy(old.HERE / "policy.csv", tmp_path)
    with running(load=old.HERE / "account", rate=None) as served, flow.at(served, tmp_path):
        _set_clock(served)
        yield served


def _set_clock(served: Running) -> None:
    """Let the account's clock not be behind its own records, whatever this machine's says."""
    rows = map(json.loads, (old.HERE / "account" / "opportunities.jsonl").read_text("utf-8").splitlines())
    ahead = max(row["updatedAt"] or 0 for row in rows) + 60_000 - int(time.time() * 1000)
    if ahead > 0:
        served.fault("clock", ms=ahead, times=1)


def _before(plan_json: Path) -> dict[str, list[str]]:
    """Return the tags that the plan's opportunities had before it."""
    held: dict[str, Any] = json.loads((plan_json.parent / "before.json").read_text("utf-8"))
    return {opportunity: sorted(known["tags"]) for opportunity, known in held.items()}


def _tags(served: Running, opportunities: dict[str, list[str]]) -> dict[str, list[str]]:
    held = served.state()["opportunities"]
    return {opportunity: sorted(held[opportunity]) for opportunity in opportunities}


@pytest.mark.parametrize("name", ["stopped", "finished"])
def test_a_plan_of_format_1_has_the_id_that_was_approved(name: str) -> None:
    read = lk.Plan.read(old.HERE / name)
    assert read.plan_id == json.loads((old.HERE / name / "plan.json").read_text("utf-8"))["plan_id"] == PLAN


@pytest.mark.parametrize("name", ["stopped", "finished"])
def test_status_reads_an_old_journal(account: Running, name: str) -> None:
    assert flow.document("status", name) | {"next": ""} == RECORDED[name]


def test_replay_recomputes_an_old_run(account: Running) -> None:
    told = json.loads((old.HERE / "finished" / "verify.json").read_text("utf-8"))
    found = flow.document("replay", "finished")
    assert (found["plan_id"], found["problems"], told["ok"]) == (PLAN, [], True)
    assert found["counts"] == RECORDED["finished"]["counts"]


def test_an_old_snapshot_and_policy_give_the_plan_again(account: Running) -> None:
    assert flow.plan("again")["format"] == 2
    again = lk.Plan.read("again")
    assert again.operations == lk.Plan.read("stopped").operations
    assert replace(again, format=1).plan_id == PLAN


def test_a_run_that_stopped_is_resumed_verified_and_rolled_back(account: Running) -> None:
    before, counts = _before(Path("stopped/plan.json")), RECORDED["stopped"]["counts"]
    assert 0 < counts["done"] < RECORDED["stopped"]["planned"]
    ended = flow.document("apply", "stopped", "--approve", PLAN, *flow.FAST)
    assert ended["counts"] == RECORDED["finished"]["counts"]
    assert flow.document("verify", "stopped", *flow.FAST)["ok"] is True
    assert _tags(account, before) != before
    undo = flow.document("rollback", "stopped", "-o", "undo")
    flow.document("apply", "undo", "--approve", undo["plan_id"], *flow.FAST)
    assert flow.document("verify", "undo", *flow.FAST)["ok"] is True
    assert _tags(account, before) == before


def test_refusals_have_their_exit_codes(account: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    planning = ("plan", "snapshot", "--policy", "policy.csv", "-o", "other", *flow.WIDE)
    assert flow.command("apply", "stopped")[0] == 4
    assert flow.command("apply", "stopped", "--approve", "0" * 12)[0] == 4
    assert flow.command(*planning, "--max-ops", "1")[0] == 5
    assert flow.command(*planning, "--detailed-exitcode")[0] == 2
    with lk.connect(rate=1000) as lever:
        assert lk.verify("stopped", lever=lever, reread_after=()).exit_code == 6
    monkeypatch.setenv("LEVER_API_KEY", "another-key")
    assert flow.command("pull", "-o", "more")[0] == 12
