"""facts.tsv: what is known about Lever, fact by fact, with the tests that show that the emulator does it."""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from leverkit.emulator.config import Config

HERE = Path(__file__).parent
SIZES = {"1": 5, "2": 3, "3": 6, "4": 0, "5": 0, "6": 0, "7": 3, "8": 3, "9": 4}  # subsections of each
SECTIONS = [
    f"{section}.{number}" if number else section
    for section, size in SIZES.items()
    for number in range(0 if section == "2" or not size else 1, size + 1)
]
BY_SECTION = {  # files in which every test shows a fact
    "test_access.py",
    "test_contacts_and_lookups.py",
    "test_limits_and_errors.py",
    "test_opportunity_fields.py",
    "test_opportunity_lists.py",
    "test_opportunity_writes.py",
    "test_paging.py",
    "test_people_and_candidacies.py",
    "test_switch_positions.py",
    "test_tag_sources.py",
    "test_webhook_events.py",
}
ROWS_OF_10 = [f"10.{number}" for number in range(1, 36)]


class Fact(NamedTuple):
    section: str
    label: str
    text: str
    shown: str

    @property
    def tests(self) -> list[str]:
        """Return the names of the tests; none where the emulator cannot express the fact."""
        return [] if self.shown.startswith("- ") else self.shown.split()


def facts() -> list[Fact]:
    with (HERE / "facts.tsv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Fact(*row) for row in rows]


@cache
def documented() -> dict[str, tuple[str, str]]:
    """Return the file and the docstrings (the module's and its own) of every test of the emulator."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert node.name not in found, f"{node.name} is in two files"
                words = f"{ast.get_docstring(module)}\n{ast.get_docstring(node) or ''}"
                found[node.name] = (path.name, words)
    return found


def sections_named(words: str) -> set[str]:
    """Return the sections that a docstring names; rows of section 10 as 10.1, 10.2, …"""
    named = set(re.findall(r"(?<![\d.])\d+(?:\.\d)?(?![\d.]\d)", words))
    for start, end in re.findall(r"\b(\d+) to (\d+)\b", words):
        named |= {str(number) for number in range(int(start), int(end) + 1)}
    rows = " ".join(re.findall(r"[Rr]ows? (\d+(?:(?:,| to| and) \d+)*)", words))
    for start, end in re.findall(r"(\d+) to (\d+)", rows):
        named |= {f"10.{number}" for number in range(int(start), int(end) + 1)}
    return named | {f"10.{number}" for number in re.findall(r"\d+", rows)}


def test_every_section_and_every_row_of_switches_is_there() -> None:
    assert list(dict.fromkeys(fact.section for fact in facts())) == [*SECTIONS, *ROWS_OF_10, "10.0"]
    assert {word for fact in facts() for word in fact.label.split()} == {"D", "S", "I", "?"}
    texts = [(fact.section, fact.text) for fact in facts()]
    assert len(set(texts)) == len(texts) > 250


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: f"{fact.section} {fact.text}")
def test_every_fact_has_tests_that_name_its_section_or_a_reason(fact: Fact) -> None:
    if not fact.tests:
        assert len(fact.shown.split()) > 4
    for name in fact.tests:
        _, words = documented()[name]
        assert fact.section == "10.0" or fact.section in sections_named(words), name


def test_every_test_by_section_shows_a_fact() -> None:
    shown = {name for fact in facts() for name in fact.tests}
    by_section = {name for name, (file, _) in documented().items() if file in BY_SECTION}
    assert {documented()[name][0] for name in by_section} == BY_SECTION
    assert by_section - shown == set()


def test_every_switch_stands_in_a_row() -> None:
    named = {word for fact in facts() for word in re.findall(r"\w+", fact.text) if fact.section[:2] == "10"}
    assert set(Config.__struct_fields__) - named == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2.2, 9.4: rows", {"2.2", "9.4"}),
        ("4", {"4"}),
        ("Rows 4, 5, section 3.4", {"4", "5", "10.4", "10.5", "3.4"}),
        ("Section 10, rows 28 to 30", {"10", "28", "29", "30", "10.28", "10.29", "10.30"}),
    ],
)
def test_sections_are_read_from_docstrings(words: str, expected: set[str]) -> None:
    assert sections_named(words) == expected
