"""The nightly job by its commands, as an operator types them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from support.account_ids import replace_reasons
from support.commands import Ended, run_command
from support.plan_factory import contact_tags, tags_of
from support.sync_nights import write_policy
from support.told import told

from leverkit.emulator import Running

Command = Callable[..., Ended]
FAST = ("--rate", "1000")


@pytest.fixture
def leverkit(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
    return lambda *words: run_command(words, capfd)


@pytest.fixture
def policy(tmp_path: Path, lever_account: Running) -> Path:
    write_policy(tmp_path / "policy.csv", lever_account)
    return Path("policy.csv")


def night(leverkit: Command, *options: str) -> Ended:
    return leverkit("sync", "--policy", "policy.csv", "-o", "nightly", *FAST, *options)


def test_an_operator_gets_from_the_first_night_to_an_empty_one_by_what_is_printed(
    leverkit: Command, policy: Path, lever_account: Running
) -> None:
    first = night(leverkit)
    assert (first.code, "first run" in first.out) == (0, True)
    printed = re.search(r"to carry it out: leverkit (.*?); for every night: leverkit (.*)", first.err)
    assert printed
    apply, approve = map(shlex.split, printed.groups())
    assert leverkit(*apply, "--max-pct", "100", "--max-tag-pct", "10000", *FAST).code == 0
    assert leverkit(*approve, "--by", "ada").out.startswith("ada allows up to 200 changes per night for ")
    carriers = [id for id, tags in tags_of(lever_account).items() if tags]
    lever_account.create(lever_account.state()["contacts"][carriers[0]])
    lever_account.clear_log()
    empty = night(leverkit, "--json", "--detailed-exitcode")
    assert empty.code == 0
    lines = empty.out.splitlines()
    assert (len(lines), json.loads(lines[0])["exit_code"]) == (1, 0)


def test_no_approval_is_given_for_an_account_that_may_be_a_known_one(
    leverkit: Command, policy: Path, lever_account: Running, tmp_path: Path
) -> None:
    assert night(leverkit).code == 0
    replace_reasons(lever_account)
    ended = leverkit("sync", "approve", "--policy", "policy.csv", "--max-ops", "200", *FAST)
    assert (ended.code, "nothing was done" in ended.err, "--same-account" in ended.err) == (4, True, True)
    assert list((tmp_path / "workspace").rglob("approval.json")) == []


def test_what_stops_a_night_is_told_with_its_code_in_one_line_of_json_too(
    leverkit: Command, policy: Path, lever_account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(leverkit, "--dry-run", "--detailed-exitcode").code == 2
    night(leverkit)
    state = lever_account.state()
    contacts = list(state["contacts"].values())
    lonely = next(id for id, contact in state["contacts"].items() if contacts.count(contact) > 1)
    lever_account.add_tags(lonely, [contact_tags(lever_account)[0], *contact_tags(lever_account)[1:4]])
    with told() as receiver:
        monkeypatch.setenv("LEVERKIT_NOTIFY", receiver.address)
        refused = night(leverkit, "--json")
    record = json.loads(refused.out)
    assert (refused.code, record["exit_code"], record["planned"] > 0) == (4, 4, True)
    assert "nobody has approved this policy" in refused.err
    command = shlex.split(record["next"])
    assert command[:3] == ["leverkit", "sync", "approve"]
    assert [notice["exit_code"] for notice in receiver.notices] == [4]
    text = json.dumps(receiver.notices)
    secrets = (lever_account.api_key, "T0PSECRET", *state["contacts"], *contact_tags(lever_account))
    assert [secret for secret in secrets if secret in text] == []
    dead = night(leverkit, "--json")
    assert (dead.code, "nobody was told" in dead.err) == (4, True)
    assert leverkit(*command[1:]).code == 0
    assert night(leverkit).code == 0


def test_a_night_without_a_policy_or_a_limit_is_a_usage_error(
    leverkit: Command, policy: Path, lever_account: Running
) -> None:
    assert leverkit("sync").code == 64
    assert leverkit("sync", "--policy", "nowhere.csv").code == 64
    unlimited = leverkit("sync", "approve", "--policy", "policy.csv")
    assert (unlimited.code, "--max-ops is needed" in unlimited.err) == (64, True)
