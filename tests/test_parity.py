"""docs/parity.md is current and complete: every operation, fact and switch of the emulator has a row."""

from __future__ import annotations

import json
from pathlib import Path

from support import parity

from leverkit.emulator.config import Config
from leverkit.emulator.server.routes import ROUTES


def test_the_page_is_as_make_parity_would_write_it() -> None:
    assert parity.PAGE.read_text(encoding="utf-8") == parity.page(parity.runs()) + "\n"


def test_every_operation_and_switch_has_a_row() -> None:
    page = parity.PAGE.read_text(encoding="utf-8")
    assert [each for each in ROUTES if f"| `{each.method} {each.path}` |" not in page] == []
    assert [switch for switch in Config.__struct_fields__ if switch not in page] == []


def test_a_contract_run_stands_where_it_found_something(tmp_path: Path) -> None:
    answers = [
        {"section": "10.15", "question": "a limit out of range is refused", "verdict": "refuted"},
        {"section": "2.2", "question": "ties are in the order of ids", "verdict": "confirmed"},
    ]
    report = {"host": "api.sandbox.lever.co", "at": "2027-02-03T04:05:06+00:00", "answers": answers}
    (tmp_path / "run.json").write_text(json.dumps(report))
    rows = parity.page(parity.runs(tmp_path)).splitlines()
    told = "(api.sandbox.lever.co, 2027-02-03)"
    assert [row.split(" | ")[0] for row in rows if told in row] == ["| 2.2", "| 10.15"]
    assert next(row for row in rows if f"refuted {told}" in row).startswith("| 10.15 | bad_limit")
