"""The pre-commit hook and the GitHub Action run the scanner as they say."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OLD = 'fetch("https://api.lever.co/v1/candidates");\n'
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


def run(command: list[str], folder: Path, **own: str) -> int:
    """Run a command in a folder, with the `leverkit` of this environment, and return its exit code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path} | own, capture_output=True, check=False
    ).returncode


def test_the_hook_fails_where_the_repository_has_findings(tmp_path: Path) -> None:
    (hook,) = HOOKS
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    (tmp_path / "old.js").write_text(OLD)
    assert run(shlex.split(hook["entry"]), tmp_path) == 2


@pytest.mark.parametrize(("fail", "code"), [("true", 2), pytest.param("false", 0, marks=pytest.mark.soak)])
def test_the_action_writes_sarif_and_fails_if_it_shall(fail: str, code: int, tmp_path: Path) -> None:
    scan = ACTION["runs"]["steps"][-1]
    (tmp_path / "old.js").write_text(OLD)
    own = {"PATHS": ".", "SARIF": "found.sarif", "FAIL": fail}
    assert set(own) == set(scan["env"])
    assert run(["bash", "-e", "-o", "pipefail", "-c", scan["run"]], tmp_path, **own) == code
    assert len(json.loads((tmp_path / "found.sarif").read_text())["runs"][0]["results"]) == 1


def test_no_input_of_the_action_is_pasted_into_a_script() -> None:
    scripts = [step.get("run", "") for step in ACTION["runs"]["steps"]]
    assert not [script for script in scripts if "${{" in script]
