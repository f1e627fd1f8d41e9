"""docs/client.md: every recipe runs against an account on this computer, and its table is the catalogue."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from leverkit.api.listings.catalogue import LISTINGS, Listing
from leverkit.emulator import Running

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RECIPES = re.findall(r"^### \d+\. (.+)$", PAGE, re.MULTILINE)
HEADER = (
    "| listing | filters | confidential ones | dropped unless `personal=True` |\n| --- | --- | --- | --- |\n"
)


def test_there_are_ten_recipes_each_with_a_block() -> None:
    assert len(RECIPES) == 10
    assert all("```python" in part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:11])


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
@pytest.mark.filterwarnings("error::leverkit.api.ListingWarning")
def test_a_block_runs(
    code: str,
    lever_account: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "test_block.py"
    file.write_text(code.replace("OPPORTUNITY_ID", next(iter(lever_account.state()["opportunities"]))))
    if "def test_" in code:
        asked = [sys.executable, "-m", "pytest", "-q", "-p", "leverkit.emulator.pytest_plugin", str(file)]
        subprocess.run(asked, check=True, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    else:
        runpy.run_path(str(file), run_name="__main__")
    assert capfd.readouterr().out.strip()
    written = [entry for entry in lever_account.log() if entry["method"] != "GET"]
    assert bool(written) is ('add_tags("OPPORTUNITY_ID"' in code)


def test_the_table_is_what_the_catalogue_says() -> None:
    shown = [each for each in LISTINGS if not each.path.startswith("/candidates")]
    assert HEADER + "".join(map(row, shown)) in PAGE


def row(listing: Listing) -> str:
    """Return the line of the table for a listing."""
    names = []
    for name, kind in listing.filters.items():
        if kind == "time":
            names += [f"`{name.removesuffix('_start')}_start/_end`"] if name.endswith("_start") else []
        else:
            names.append(f"`{name}`" + ("…" if kind in ("texts", "choices", "roles") else ""))
    personal = ", ".join(f"`{name}`" for name in listing.personal)
    confidential = "asked for" if listing.has_confidential else ""
    return f"| `{listing.path}` | {', '.join(names)} | {confidential} | {personal} |\n"
