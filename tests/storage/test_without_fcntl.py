"""Everything but the emulator works on a system without fcntl, such as Windows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
COMMAND = f"{WITHOUT_FCNTL}\nfrom leverkit.cli.main import main\nmain(sys.argv[1:])"
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
    assert "apply" in run(COMMAND, "--help")


def test_an_account_is_read_audited_and_migrated_without_fcntl(tmp_path: Path) -> None:
    snapshot, policy, plan = str(tmp_path / "snapshot"), str(tmp_path / "policy.csv"), str(tmp_path / "run")
    with running(contacts=60, seed=7, rate=None) as account:

        def leverkit(*words: str) -> str:
            return run(COMMAND, *words, LEVER_API_KEY=account.api_key, LEVER_BASE_URL=account.base_url)

        leverkit("pull", "-o", snapshot)
        leverkit("audit", snapshot)
        leverkit("policy", "suggest", snapshot, "-o", policy)
        text = Path(policy).read_text(encoding="utf-8")
        for tag in (tag for tag, scope in account.truth.items() if scope == "contact"):
            text = text.replace(f"\n{tag},undecided,,", f"\n{tag},contact,me,")
        Path(policy).write_text(text, encoding="utf-8")
        leverkit("plan", snapshot, "--policy", policy, "-o", plan, *LIMITS)
        leverkit(
            "apply", plan, "--approve", json.loads(Path(plan, "plan.json").read_bytes())["plan_id"], *FAST
        )
        leverkit("verify", plan)  # ends with 0 only if the account is as planned
    assert json.loads(Path(plan, "result.json").read_bytes())["counts"]["done"] > 0
