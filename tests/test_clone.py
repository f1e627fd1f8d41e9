"""A clone stays clean: what the README's commands leave in it is ignored by git, above all keys and tags."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT = (
    *("snapshot/opportunities.parquet", "policy.csv", ".policy.csv.last", "policy-2.csv", "run/plan.csv"),
    *("undo/journal.sqlite", "nightly/sync.json", "jobs/run/plan.json", "rehearsal/policy.csv"),
    *("emulator.json", ".env", "prod.env", "audit.html", "workspace/accounts.json", "demo-output/index.html"),
    *("audit-people.csv", "overview.html", "changes.html", "my-notebooks/20_policy.ipynb"),
)


def test_jupyterlab_opens_copies_of_the_notebooks() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"--notebook-dir=(\S+)", makefile) == ["my-notebooks"]


def git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()


def test_nothing_that_holds_a_key_or_tags_is_left_for_git_to_take() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no clone: git does not know this folder")
    assert git("check-ignore", "--no-index", *LEFT) == list(LEFT)
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []
