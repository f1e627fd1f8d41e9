"""docs/reliability.md: every promise names its tests, and the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NODES = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))


def test_each_promise_has_a_row_and_a_test() -> None:
    rows = re.findall(r"^\| R(\d+) \|.*", TEXT, re.MULTILINE)
    assert rows == [str(number) for number in range(1, 12)]
    for row in re.findall(r"^\| R\d+ \|.*", TEXT, re.MULTILINE):
        assert "`tests/" in row


@pytest.mark.parametrize(("path", "name"), NODES, ids=[name for _, name in NODES])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_line_is_kept_out_of_the_coverage() -> None:
    package = (ROOT / "leverkit").rglob("*.py")
    assert [path for path in package if "pragma: no cover" in path.read_text(encoding="utf-8")] == []
