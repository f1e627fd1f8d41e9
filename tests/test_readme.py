"""The README's snippets, run in order as a newcomer would, against an account on this computer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leverkit.cli import app
from leverkit.emulator import running

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(<!-- not run here: (?P<reason>.+?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL
)
BLOCKS = [match.groupdict() for match in BLOCK.finditer(README)]
RUN = [block for block in BLOCKS if block["language"] in {"console", "python"} and not block["reason"]]
DECIDE = "leverkit policy suggest snapshot -o policy.csv --accept 0.9\n"


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a folder with the notebooks in it, and the environment of a person with a key."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "notebooks").symlink_to(ROOT / "notebooks")
    with running(contacts=120, seed=3, rate=2000, burst=2000) as account:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        yield folder, os.environ | own | {"LEVERKIT_WORKSPACE": str(folder / "workspace")}


def with_plan_id(command: str, folder: Path) -> str:
    """Put the plan's id where the README says PLAN_ID."""
    run = re.search(r"leverkit apply (\S+) --approve PLAN_ID", command)
    return command if run is None else command.replace("PLAN_ID", plan_id(folder / run[1]))


def plan_id(run: Path) -> str:
    return str(json.loads((run / "plan.json").read_text(encoding="utf-8"))["plan_id"])


def test_every_snippet_is_run_or_says_why_not() -> None:
    assert len(RUN) >= 6
    assert all(block["reason"] is None or len(block["reason"]) > 10 for block in BLOCKS)


def steps(block: dict[str, str | None]) -> list[str]:
    """Return a console block's lines, a person's deciding before the check, or a Python block whole."""
    code = str(block["code"])
    if block["language"] == "python":
        return [code]
    return [DECIDE * ("policy check" in line) + line for line in code.splitlines()]


def test_each_promise_names_tests_that_exist() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", README)
    assert len(named) >= 10
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert all(f"`leverkit {name}" in README for name in commands)
    assert len(commands) >= 11


def test_the_snippets_take_a_newcomer_from_the_key_to_the_way_back(
    newcomer: tuple[Path, dict[str, str]],
) -> None:
    folder, environment = newcomer
    for block in RUN:
        tool = ["bash", "-euc"] if block["language"] == "console" else [sys.executable, "-c"]
        for step in steps(block):
            command = [*tool, with_plan_id(step, folder)]
            ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert json.loads((folder / "undo" / "verify.json").read_text(encoding="utf-8"))
    assert (folder / "audit.html").stat().st_size > 1000
