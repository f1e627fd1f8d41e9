"""CONTRIBUTING.md is true: the files that it names exist, and define what it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = re.findall(r"^\| (.+) \| `(leverkit/[\w/]+\.py)` \| `(\w+)` \|$", TEXT, re.MULTILINE)
FILES = sorted(set(re.findall(r"`((?:leverkit|tests|docs)/[\w/.]+)`", TEXT)))
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_forty_behaviours_and_more_have_their_place() -> None:
    assert len({behaviour for behaviour, _, _ in PLACES}) == len(PLACES) >= 40


@pytest.mark.parametrize(("file", "name"), [place[1:] for place in PLACES])
def test_a_behaviour_is_defined_where_the_page_says(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, DEFINITION)}


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / file).exists()


def test_every_package_is_on_the_map() -> None:
    packages = {path.parent.name for path in (ROOT / "leverkit").glob("*/__init__.py")}
    diagram = TEXT.split("```text")[1].split("```")[0]
    assert {name for name in packages if not re.search(rf"\b{name}\b", diagram)} == set()
