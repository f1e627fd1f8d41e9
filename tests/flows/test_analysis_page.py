"""docs/analysis.md: the ten questions are answered in order, as an analyst would run them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.clients import reader
from support.snapshot_factory import Row, write_snapshot

from leverkit.emulator import Running
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

PAGE = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(<!-- not run here: .+? -->\n)?```python\n(.*?)```", re.DOTALL)
COLUMN = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


def test_the_ten_questions_are_answered_by_the_lines_beside_them(
    lever_account: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with reader(lever_account) as lever:
        snapshot = pull("snapshot", lever=lever)
    names: dict[str, Any] = {}
    for not_run, code in BLOCK.findall(PAGE):
        if not not_run:
            exec(code, names)
            assert capsys.readouterr().out.strip() or "export" in code
    assert len(re.findall(r"^### \d+\. ", PAGE, re.MULTILINE)) == 10
    assert (tmp_path / "gaps.xlsx").exists()
    assert len(names["gaps"]) == lacking(snapshot, names["tag"]) > 0


def lacking(snapshot: Snapshot, tag: str) -> int:
    """Count the gaps of a tag from the stored rows, without the package's SQL."""
    rows = snapshot.sql("select contact, tags from opportunities").fetchall()
    carriers = {contact for contact, tags in rows if tag in tags}
    return sum(contact in carriers and tag not in tags for contact, tags in rows)


def test_the_columns_on_the_page_are_those_of_the_frame(tmp_path: Path) -> None:
    named = [name for group in COLUMN.findall(PAGE) for name in re.findall(r"`(\w+)`", group)]
    snapshot = Snapshot.open(write_snapshot(tmp_path, [Row("ada")]))
    assert named == list(snapshot.frame("opportunities").columns)
