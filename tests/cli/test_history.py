"""The ledger on the command line: what people removed is not planned, and what is known can be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.accounts import policy
from support.commands import run_command
from support.emulator_requests import later
from support.plan_factory import contact_tags

from leverkit.emulator import Running
from leverkit.history import reading
from leverkit.planning.plan import Plan
from leverkit.settings import workspace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lever_account: Running) -> Path:
    """A folder outside of the workspace, with a policy."""
    monkeypatch.setattr(reading, "MARGIN", 0)
    monkeypatch.chdir(tmp_path)
    policy(tmp_path / "policy.csv", **dict.fromkeys(contact_tags(lever_account), "contact"))
    return tmp_path


def planned(place: Path, capfd: pytest.CaptureFixture[str], out: str, *more: str) -> list[tuple[str, str]]:
    """Plan, and return opportunity and tag of each operation."""
    words = ["plan", "snapshot", "--policy", "policy.csv", "-o", out, "--max-pct", "100", "--json", *more]
    ended = run_command(words, capfd)
    assert ended.code == 0, ended.err
    return [(op.opportunity, op.tag) for op in Plan.read(place / out).operations]


def test_a_run_outside_of_the_workspace_is_followed_and_a_removal_stays(
    place: Path, capfd: pytest.CaptureFixture[str], lever_account: Running
) -> None:
    assert "the ledger begins" in run_command(["pull", "-o", "snapshot"], capfd).err
    ops = planned(place, capfd, "run")
    approve = Plan.read(place / "run").plan_id
    assert run_command(["apply", "run", "--approve", approve], capfd).code == 0
    opportunity, tag = ops[0]
    lever_account.remove_tags(opportunity, [tag])
    later(lever_account, 3)  # Lever's clock shows whole seconds
    assert "1 removed by others" in run_command(["pull", "-o", "snapshot"], capfd).err
    assert planned(place, capfd, "second") == []
    assert planned(place, capfd, "third", "--include-removed", tag) == [(opportunity, tag)]
    facts = json.loads(run_command(["ledger", "status", "snapshot", "--json"], capfd).out)
    assert facts["marks"] == {"added by us": len(ops) - 1, "removed by others": 1}
    assert run_command(["ledger", "rebuild", "snapshot"], capfd).code == 0
    assert planned(place, capfd, "fourth") == []


def test_a_removal_can_be_overruled_for_a_planned_tag_only(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_command(["pull", "-o", "snapshot"], capfd)
    words = ["plan", "snapshot", "--policy", "policy.csv", "-o", "run", "--include-removed", "no such tag"]
    ended = run_command(words, capfd)
    assert (ended.code, "'no such tag' is not planned" in ended.err) == (64, True)


def test_without_a_ledger_the_plan_says_that_it_is_a_first_one(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_command(["pull", "-o", "snapshot"], capfd)
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(place / "another"))
    words = ["plan", "snapshot", "--policy", "policy.csv", "-o", "run", "--max-pct", "100"]
    assert "first plan: the account has no ledger" in run_command(words, capfd).err
    ended = run_command(["ledger", "status", "snapshot"], capfd)
    assert (ended.code, "no ledger of account" in ended.err) == (64, True)


def test_forgetting_needs_somebody_to_forget(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_command(["pull", "-o", "snapshot"], capfd)
    for words in ([], ["ada@example.org"]):
        assert run_command(["ledger", "forget", "snapshot", *words], capfd).code == 64
    for line in ("1 opportunity forgotten; removed 0 rows", "0 opportunities forgotten"):
        ended = run_command(["ledger", "forget", "snapshot", "--anonymized"], capfd)
        assert (ended.code, ended.out.startswith(line)) == (0, True)


def test_forgetting_tells_what_was_removed_and_what_was_not(
    place: Path, capfd: pytest.CaptureFixture[str], lever_account: Running
) -> None:
    run_command(["pull", "-o", "snapshot"], capfd)
    planned(place, capfd, "run")
    made = Plan.read(place / "run")
    run_command(["apply", "run", "--approve", made.plan_id], capfd)
    (ledger,) = workspace().glob("*/ledger")
    other = ledger.with_name("chart.png")
    other.write_bytes(b"\0")
    ended = run_command(["ledger", "forget", "snapshot", made.operations[0].contact], capfd)
    assert (ended.code, f"left: {other}" in ended.err) == (3, True)
    assert "/run: random ids instead of theirs; its plan is now " in ended.out
    other.unlink()
    assert run_command(["ledger", "forget", "snapshot", made.operations[0].contact], capfd).code == 0
