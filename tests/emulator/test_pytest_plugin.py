"""The fixture for other projects' tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEST = """
import urllib.request

def test_two_accounts(lever_emulator):
    one, two = lever_emulator(), lever_emulator(contacts=5, seed=9)
    assert one.base_url != two.base_url
    key = {"Authorization": f"Bearer {two.api_key}"}
    with urllib.request.urlopen(urllib.request.Request(two.base_url + "/tags", headers=key)) as answer:
        assert answer.status == 200
"""


def test_a_project_without_leverkits_conftest_gets_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(TEST)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "leverkit.emulator.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    ended = subprocess.run(
        [*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "1 passed" in ended.stdout) == (0, True), ended.stdout
