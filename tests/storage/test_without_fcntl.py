"""Everything but the emulator works on a system without fcntl, such as Windows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.accounts import policy

from leverkit.emulator import running

WITHOUT_FCNTL = """
import sys

import filelock  # it has a lock of its own for every system

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "fcntl":
            raise ImportError("No module named 'fcntl'")

sys.modules.pop("fcntl", None)
sys.meta_path.insert(0, Blocked())
"""
COMMANDS = f"""{WITHOUT_FCNTL}
import json
from leverkit.cli.main import main
for words in json.loads(sys.argv[1]):
    try:
        main([json.load(open(sys.argv[2]))["plan_id"] if word == "PLAN_ID" else word for word in words])
    except SystemExit as ended:
        assert not ended.code, words
"""
LIMITS, FAST = ("--max-pct", "100", "--max-tag-pct", "10000"), ("--rate", "1000")


def run(code: str, *words: str, **environ: str) -> str:
    """Run a program; return what it prints on stdout."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], env=os.environ | environ, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_leverkit_is_imported_without_fcntl() -> None:
    assert run(f"{WITHOUT_FCNTL}\nimport leverkit\nprint(leverkit.Lever.__name__)") == "Lever\n"
    assert "apply" in run(COMMANDS, json.dumps([["--help"]]))


def test_an_account_is_read_audited_and_migrated_without_fcntl(tmp_path: Path) -> None:
    snapshot, plan, suggested = (str(tmp_path / name) for name in ("snapshot", "run", "suggested.csv"))
    with running(contacts=60, seed=7, rate=None) as account:
        shared = [tag for tag, scope in account.truth.items() if scope == "contact"]
        decided = str(policy(tmp_path / "policy.csv", **dict.fromkeys(shared, "contact")))
        commands = (
            ("pull", "-o", snapshot),
            ("audit", snapshot),
            ("policy", "suggest", snapshot, "-o", suggested),
            ("plan", snapshot, "--policy", decided, "-o", plan, *LIMITS),
            ("apply", plan, "--approve", "PLAN_ID", *FAST),
            ("verify", plan),  # ends with 0 only if the account is as planned
        )
        access = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        run(COMMANDS, json.dumps(commands), f"{plan}/plan.json", **access)
    assert json.loads(Path(plan, "result.json").read_bytes())["counts"]["done"] > 0
