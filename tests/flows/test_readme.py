"""The README's snippets, run in order as a newcomer would, against an account on this computer."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leverkit.cli.app import app
from leverkit.emulator import running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(<!-- not run here: (?P<reason>.+?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL
)
BLOCKS = [match.groupdict() for match in BLOCK.finditer(README)]
RUN = [block for block in BLOCKS if block["language"] in {"console", "python"} and not block["reason"]]
(EMULATOR,) = (str(block["code"]) for block in BLOCKS if "leverkit emulator --" in str(block["code"]))


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


def accounts(folder: Path, *snapshots: str) -> int:
    """Count the accounts that were read."""
    return len({json.loads((folder / name / "snapshot.json").read_bytes())["account"] for name in snapshots})


def plan_id(run: Path) -> str:
    return str(json.loads((run / "plan.json").read_text(encoding="utf-8"))["plan_id"])


def test_every_snippet_is_run_or_says_why_not() -> None:
    assert len(RUN) >= 6
    assert all(block["reason"] is None or len(block["reason"]) > 10 for block in BLOCKS)


def steps(block: dict[str, str | None]) -> list[str]:
    """Return a console block's lines, each with what the block exports; a Python block whole."""
    code = str(block["code"])
    if block["language"] == "python":
        return [code]
    exports = "".join(line for line in code.splitlines(keepends=True) if line.startswith("export "))
    return [exports + line for line in code.splitlines() if not line.startswith("export ")]


@contextmanager
def emulator(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Keep the emulator running as the README says, as in a terminal of its own."""
    command = ["bash", "-euc", EMULATOR]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **quiet)
    while not (folder / "emulator.json").exists() or b"\n" not in (folder / "emulator.json").read_bytes():
        assert started.poll() is None
        time.sleep(0.1)
    yield
    os.killpg(started.pid, signal.SIGTERM)
    started.wait()


def test_each_promise_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", README)
    assert len(named) >= 10
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert all(f"`leverkit {name}" in README for name in commands)
    assert len(commands) >= 11


@pytest.mark.timeout(900)  # forty commands, each a process, some at Lever's ten requests a second
def test_the_snippets_take_a_newcomer_from_the_key_to_the_way_back(
    newcomer: tuple[Path, dict[str, str]],
) -> None:
    folder, environment = newcomer
    with emulator(folder, environment):
        for block in RUN:
            tool = ["bash", "-euc"] if block["language"] == "console" else [sys.executable, "-c"]
            for step in steps(block):
                command = [*tool, with_plan_id(step, folder)]
                ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
                more = 8 if "--wave canary" in step and "apply" in step else 0
                assert ended.returncode in (0, more), f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert accounts(folder, "snapshot", "rehearsal/snapshot") == 2
    assert json.loads((folder / "rehearsal" / "undo" / "verify.json").read_text(encoding="utf-8"))["ok"]
    assert json.loads((folder / "undo" / "verify.json").read_text(encoding="utf-8"))
    assert (folder / "audit.html").stat().st_size > 1000
