"""`leverkit listen` as a process, from the delivery to the tag, and `leverkit scan`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
import typer
from support.accounts import policy, split_contacts, with_shared_tags
from support.webhook_receiver import SECRET, Listener, listening, until
from typer.testing import CliRunner

from leverkit.cli import integration
from leverkit.emulator import Running
from leverkit.errors import UsageError
from leverkit.webhook.signature import sign

OLD = """import requests
requests.post(f"https://api.lever.co/v1/candidates/{candidate}/addTags", json={"tags": ["x"]})
"""
APP = typer.Typer()
integration.register(APP)


def deliver(listener: Listener, token: str, contact: str) -> int:
    now = int(time.time() * 1000)
    body = sign("contactUpdated", {"contactId": contact}, secret=SECRET, token=token, triggered_at=now)
    return httpx.post(listener.url, content=body).status_code


def waiting(listener: Listener) -> int:
    return int(httpx.get(f"{listener.url}/health").json()["events_waiting"])


def test_lever_s_own_delivery_of_a_new_application_ends_as_tags(
    lever_account: Running, tmp_path: Path
) -> None:
    vip = policy(tmp_path / "policy.csv", vip="contact")
    contact, mine = next(iter(split_contacts(lever_account).items()))
    lever_account.add_tags(mine[0], ["vip"])
    posting = lever_account.do(lambda account: next(iter(account.postings)))
    with listening(lever_account, tmp_path / "state", vip, rate=500) as listener:
        hook = {"url": f"{listener.url}/from/lever", "event": "applicationCreated"}
        key = (lever_account.api_key, "")
        httpx.post(f"{lever_account.base_url}/webhooks", json=hook, auth=key)
        lever_account.do(lambda account: account.webhooks[0]["configuration"].update(signatureToken=SECRET))
        new = lever_account.create(contact, postings=[posting])
        assert until(lambda: "vip" in lever_account.state()["opportunities"][new])
        assert until(lambda: waiting(listener) == 0)
        assert listener.stop() == 0
    assert lever_account.deliveries()[-1]["delivered"]
    assert lever_account.state()["opportunities"] == with_shared_tags(
        lever_account.state(), {contact}, {"vip"}
    )


def test_a_killed_listener_processes_what_it_had_stored(lever_account: Running, tmp_path: Path) -> None:
    vip, state = policy(tmp_path / "policy.csv", vip="contact"), tmp_path / "state"
    people = dict(list(split_contacts(lever_account).items())[:5])
    for mine in people.values():
        lever_account.add_tags(mine[0], ["vip"])
    expected = with_shared_tags(lever_account.state(), people, {"vip"})
    with listening(lever_account, state, vip) as listener:
        assert [deliver(listener, f"t{c}", c) for c in people] == [200] * 5
        listener.kill()
    with listening(lever_account, state, vip, rate=500) as listener:
        assert [deliver(listener, f"t{c}", c) for c in people] == [200] * 5
        assert until(lambda: lever_account.state()["opportunities"] == expected)
        assert until(lambda: waiting(listener) == 0)
        assert listener.stop() == 0
    written = [entry for entry in lever_account.log() if entry["method"] == "POST"]
    assert len(written) == sum(len(mine) - 1 for mine in people.values())


def test_only_one_listener_opens_a_queue(lever_account: Running, tmp_path: Path) -> None:
    vip, state = policy(tmp_path / "policy.csv", vip="contact"), tmp_path / "state"
    with listening(lever_account, state, vip), pytest.raises(AssertionError, match="one writer at a time"):
        Listener(lever_account, state, vip)


def test_secrets_and_a_policy_are_needed(lever_account: Running, tmp_path: Path) -> None:
    result = CliRunner().invoke(APP, ["listen", "--policy", str(tmp_path / "none.csv")])
    assert isinstance(result.exception, UsageError)
    assert "LEVER_WEBHOOK_SECRETS is not set" in str(result.exception)


def test_scan_shows_what_it_found_where_and_what_to_use_instead(tmp_path: Path) -> None:
    (tmp_path / "tagger.py").write_text(OLD)
    result = CliRunner().invoke(APP, ["scan", str(tmp_path)])
    assert result.exit_code == 0
    assert "tagger.py:2:" in result.stdout
    assert "1 finding in 1 file" in result.stderr
    assert "findings" not in result.stdout


def test_scan_writes_json_and_sarif(tmp_path: Path) -> None:
    (tmp_path / "tagger.py").write_text(OLD)
    where = str(tmp_path / "leverkit.sarif")
    result = CliRunner().invoke(
        APP, ["scan", str(tmp_path), "--json", "--sarif", where, "--detailed-exitcode"]
    )
    found, sarif = json.loads(result.stdout), json.loads(Path(where).read_text())
    assert result.exit_code == 2
    assert len(sarif["runs"][0]["results"]) == len(found) > 0


def test_scan_of_clean_source_finds_nothing_and_ends_well(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text("print('hello')\n")
    result = CliRunner().invoke(APP, ["scan", str(tmp_path), "--detailed-exitcode"])
    assert (result.exit_code, result.stdout) == (0, "")
