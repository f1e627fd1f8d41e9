"""Every program of docs/integration.md runs unchanged against the emulator, if its language is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.accounts import split_contacts

from leverkit.emulator import Running
from leverkit.scanner import syntax
from leverkit.scanner.rules import RULES
from leverkit.scanner.scan import scan
from leverkit.webhook.signature import sign

PAGE = (Path(__file__).parents[2] / "docs" / "integration.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
RUNNERS = {
    "tag.py": (sys.executable,),
    "tag.mjs": ("node",),
    "tag.rb": ("ruby",),
    "tag.go": ("go", "run"),
    "tag.sh": ("bash",),
}
HEALTH_REQUEST = """
from starlette.testclient import TestClient

with TestClient(app) as client:
    print(client.get("/lever/health").text)
"""
TAG = 'speaks "German", über-fluent'


def run(name: str, folder: Path, *arguments: str, given: bytes = b"", then: str = "") -> str:
    """Run a program of the page, followed by the code `then`, and return what they printed."""
    runner = RUNNERS.get(name, (sys.executable,))
    missing = [
        tool for tool in (runner[0], "jq" if name == "tag.sh" else "") if tool and not shutil.which(tool)
    ]
    if missing:
        pytest.skip(f"{missing[0]} is not installed here, so {name} of docs/integration.md was not run")
    (folder / name).write_text(FILES[name] + then, encoding="utf-8")
    own = {"XDG_CACHE_HOME": str(folder / "cache"), "NO_PROXY": "127.0.0.1"}
    command = [*runner, str(folder / name), *arguments]
    ended = subprocess.run(
        command, input=given, capture_output=True, env=os.environ | own, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


@pytest.mark.parametrize("name", RUNNERS)
def test_the_tag_lands_on_every_opportunity_of_the_person_and_no_other(
    name: str, lever_account: Running, tmp_path: Path
) -> None:
    contact, (first, done, *rest) = next(iter(split_contacts(lever_account, 3).items()))
    lever_account.add_tags(done, [TAG])
    number = 5 if name == "tag.py" else 101  # a second page; leverkit keeps Lever's pace, and others try it
    more = [lever_account.create(contact) for _ in range(number)]
    lever_account.fault("throttle", path="/opportunities*", skip=1)
    lever_account.clear_log()
    printed = run(name, tmp_path, first, TAG)
    tagged = {
        opportunity for opportunity, tags in lever_account.state()["opportunities"].items() if TAG in tags
    }
    assert tagged == {first, done, *rest, *more}
    assert first in printed
    writes = [entry for entry in lever_account.log() if (entry["method"], entry["status"]) == ("POST", 200)]
    assert len(writes) == len(tagged) - 1


def test_a_webhook_is_verified_and_its_event_propagated(lever_account: Running, tmp_path: Path) -> None:
    _, (first, *rest) = next(iter(split_contacts(lever_account).items()))
    lever_account.add_tags(first, ["speaks German"])
    body = sign(
        "candidateHired",
        {"opportunityId": rest[0]},
        secret="s",
        token="t",
        triggered_at=int(time.time() * 1000),
    )
    assert run("hook.py", tmp_path, "other", given=body).strip() == "401"
    assert run("hook.py", tmp_path, "s", given=body).strip() == "200"
    assert all("speaks German" in lever_account.state()["opportunities"][opportunity] for opportunity in rest)


def test_the_receiver_runs_in_another_application(
    lever_account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVER_WEBHOOK_SECRETS", "s")
    assert lever_account
    assert json.loads(run("app.py", tmp_path, then=HEALTH_REQUEST))["status"] == "ok"


def test_the_programs_pass_our_own_scanner(tmp_path: Path) -> None:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    assert len(FILES) == 7
    assert scan([tmp_path]) == []


@pytest.mark.parametrize("name", FILES)
def test_every_program_is_well_formed_also_where_its_language_is_not_installed(name: str) -> None:
    languages = {"py": "python", "mjs": "typescript", "rb": "ruby", "go": "go", "sh": "bash"}
    parser = syntax.parser(languages[name.rpartition(".")[2]])
    assert parser is not None
    assert not parser.parse(FILES[name].encode()).root_node.has_error


def test_the_page_names_every_rule_of_the_scanner() -> None:
    assert {code for code in RULES if code != "LK390"} == set(re.findall(r"LK3\d\d", PAGE))
