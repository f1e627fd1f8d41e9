"""The README's snippets, run in order as a newcomer would, against an account on this computer."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.commands import Ended, run_command
from support.notebook_accounts import environment

from leverkit.cli.app import app
from leverkit.emulator import Running, running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(<!-- not run here: (?P<reason>.+?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL
)
BLOCKS = [match.groupdict() for match in BLOCK.finditer(README)]
RUN = [block for block in BLOCKS if block["language"] in {"console", "python"} and not block["reason"]]
(EMULATOR,) = (str(block["code"]) for block in BLOCKS if "leverkit emulator --" in str(block["code"]))


@dataclass(frozen=True)
class Newcomer:
    """A folder with the notebooks in it, and an account whose key stands in the environment."""

    folder: Path
    account: Running

    def filled_in(self, step: str) -> str:
        """Put ids where the README says PLAN_ID and OPPORTUNITY_ID."""
        if run := re.search(r"leverkit apply (\S+) --approve PLAN_ID", step):
            step = step.replace("PLAN_ID", plan_id(self.folder / run[1]))
        return step.replace("OPPORTUNITY_ID", next(iter(self.account.state()["opportunities"])))


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """Give a person with a key, who has put the commands of the README on the path."""
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    monkeypatch.chdir(tmp_path)
    with running(contacts=120, seed=3, rate=2000, burst=2000) as account:
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("LEVER_API_KEY", account.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", account.base_url)
        monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
        yield Newcomer(tmp_path, account)


def accounts(folder: Path, *snapshots: str) -> int:
    """Count the accounts that were read."""
    return len({json.loads((folder / name / "snapshot.json").read_bytes())["account"] for name in snapshots})


def plan_id(run: Path) -> str:
    return str(json.loads((run / "plan.json").read_text(encoding="utf-8"))["plan_id"])


def test_every_snippet_is_run_or_says_why_not() -> None:
    assert len(RUN) >= 6
    assert all(block["reason"] is None or len(block["reason"]) > 10 for block in BLOCKS)


def steps(block: dict[str, str | None]) -> list[str]:
    """Return a console block's lines without what it exports; a Python block whole."""
    code = str(block["code"])
    if block["language"] == "python":
        return [code]
    return [line for line in code.splitlines() if not line.startswith("export ")]


def exported(block: dict[str, str | None]) -> dict[str, str]:
    """Return what a block exports, as a shell evaluates it."""
    exports = [line for line in str(block["code"]).splitlines() if line.startswith("export ")]
    names = re.findall(r"^export (\w+)=", "\n".join(exports), re.MULTILINE)
    if not names:
        return {}
    ended = subprocess.run(["bash", "-euc", "\n".join([*exports, "env -0"])], capture_output=True, text=True)
    found = dict(line.split("=", 1) for line in ended.stdout.split("\0") if line)
    return {name: found[name] for name in names}


@contextmanager
def emulator() -> Iterator[None]:
    """Keep the emulator running as the README says, as in a terminal of its own."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen(["bash", "-euc", EMULATOR], start_new_session=True, **quiet)
    printed = Path("emulator.json")
    while not printed.exists() or b"\n" not in printed.read_bytes():
        assert started.poll() is None
        time.sleep(0.1)
    yield
    os.killpg(started.pid, signal.SIGTERM)
    started.wait()


def run_step(step: str, language: str, capfd: pytest.CaptureFixture[str]) -> Ended:
    """Run a step: a command of leverkit alone in this process, everything else in a shell or a Python."""
    if step.startswith("leverkit "):
        return run_command(shlex.split(step)[1:], capfd)
    tool = ["bash", "-euc"] if language == "console" else [sys.executable, "-c"]
    ended = subprocess.run([*tool, step], capture_output=True, text=True)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


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


@pytest.mark.timeout(900)  # some commands run at Lever's ten requests a second
def test_the_snippets_take_a_newcomer_from_the_key_to_the_way_back(
    newcomer: Newcomer, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = newcomer.folder
    with emulator():
        for block in RUN:
            with environment(exported(block)):
                for step in map(newcomer.filled_in, steps(block)):
                    ended = run_step(step, str(block["language"]), capfd)
                    more = 8 if "--wave canary" in step and "apply" in step else 0
                    assert ended.code in (0, more), f"{step}\n{ended.out}\n{ended.err}"
    assert accounts(folder, "snapshot", "rehearsal/snapshot") == 2
    assert json.loads((folder / "rehearsal" / "undo" / "verify.json").read_text(encoding="utf-8"))["ok"]
    assert json.loads((folder / "undo" / "verify.json").read_text(encoding="utf-8"))
    assert (folder / "audit.html").stat().st_size > 1000
