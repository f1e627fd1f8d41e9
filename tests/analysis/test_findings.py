"""Findings have stable codes, and each code a paragraph."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.findings import CODES, DOCS

PAGE = Path(__file__).parents[2] / DOCS.split("#")[0]


def test_the_codes_are_these_and_never_others() -> None:
    assert set(CODES) == {"LK101", "LK102", "LK111", "LK121", "LK131", "LK201"}


@pytest.mark.parametrize(("code", "meaning"), CODES.items())
def test_each_code_has_its_paragraph(code: str, meaning: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f'<a id="{code.lower()}"></a>\n### {code}: {meaning.split(" (")[0]}\n\n' in text


def test_each_finding_links_to_its_paragraph(tmp_path: Path) -> None:
    rows = [
        Row("a", ["vip"], archived=True),
        Row("a", ["Veterans"], day=1, updated=False),
        Row("b", ["veterans"]),
    ]
    found = audit(write_snapshot(tmp_path, rows, not_seen=["confidential opportunities"])).findings
    assert set(found["code"]) == {"LK101", "LK102", "LK111", "LK121", "LK131"}
    assert found["docs"].tolist() == [f"docs/audit.md#{code.lower()}" for code in found["code"]]


def test_a_slip_is_a_near_duplicate_of_the_tag_used_more(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["Boomerang"]) for n in range(5)] + [Row("d", ["Bomerang"])]
    (row,) = audit(write_snapshot(tmp_path, rows)).findings.to_dict("records")
    assert (row["code"], row["subject"], row["count"]) == ("LK111", "Boomerang", 1)
