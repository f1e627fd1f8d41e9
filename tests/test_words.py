"""Texts that people read are plain English: words and turns of phrase that were misread stay out."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
ODD = {
    r"how far (is|are|an account|the account)\b": "say *readiness*, or how much is done",
    r"\bwhom does it concern\b": "say who is affected",
    r"\bmost is missing of\b": "say which tag has the most gaps",
    r"\bready are\b": "put the subject first",
    r"\bthat may be theirs\b": "say *contact tag*",
    r"\bis for people to say\b": "say that people decide",
    r"\bspeaks? (for|against) the person\b": "say what the evidence suggests",
    r"\bleads? to nobody\b": "say *identify nobody*",
    r"\bdoorways?\b": "say *interface*, or *file*",
    r"\b(one|a) (line|row|record) an? \w+\b": "say *one line per …*",
    r"\bhas to go before you go on\b": "say *fix … first*",
    r"\bon the forge\b": "name what people see",
    r"\b(took|taken|takes|take|taking) (it |them |a tag |the tag |tags )?off\b": "say *remove*",
    r"\bmend(s|ed|ing)?\b": "say *fix*",
    r"\bwell python\b": "say *ok*",
    r"\bwhat is so\b": "say what is meant",
    r"\bthere is trouble\b": "say *problem*, and which",
    r"\bin \w+'s stead\b": "say *instead*",
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each file that people read, and the texts in it: pages, notebooks, templates, and sources."""
    for path in (HERE / "README.md", HERE / "CONTRIBUTING.md", *sorted((HERE / "docs").glob("*.md"))):
        yield path.name, path.read_text("utf-8")
    for path in sorted((HERE / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        yield path.name, "\n".join("".join(cell["source"]) for cell in cells)
    for path in sorted((HERE / "leverkit").rglob("*")):
        if path.suffix in (".py", ".j2", ".html", ".md", ".sql"):
            yield str(path.relative_to(HERE)), path.read_text("utf-8")


@pytest.mark.parametrize("pattern", ODD)
def test_an_odd_turn_of_phrase_is_in_no_text_that_people_read(pattern: str) -> None:
    found = [
        f"{name}: …{text[max(0, hit.start() - 40) : hit.end() + 40]!r}"
        for name, text in texts()
        for hit in re.finditer(pattern, text, re.IGNORECASE)
    ]
    assert found == [], ODD[pattern]


COUNTED = {
    "accounts", "approvals", "cells", "changes", "columns", "contacts", "days", "decisions", "entries",
    "events", "failures", "families", "files", "findings", "gaps", "keys", "lines", "operations",
    "opportunities", "others", "pages", "people", "places", "plans", "postings", "questions", "readings",
    "removals", "requests", "rows", "runs", "spellings", "splits", "suggestions", "taggings", "tags",
    "updates", "writes",
}  # fmt: skip
NO_NUMBER = r"\{(most|what|name|number|where|text|some|.*count\(.*)\}"  # a word, or done by `count`
SEVERAL = r"\{([A-Z_ /0-9.]+|gap\.total|len\(others\) \+ 1)\}"  # a constant, or two at least


def numbers_before_plurals(path: Path) -> Iterator[str]:
    """Yield each number of an f-string that stands before a plural: it says 1 tags when there is one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for number, words in pairwise(parts):
            if not (isinstance(number, ast.FormattedValue) and isinstance(words, ast.Constant)):
                continue
            noun = re.match(r" (?:more |new |other )?([a-z]+)\b", str(words.value))
            text = f"{{{ast.unparse(number.value)}}}"
            if noun and noun[1] in COUNTED and not re.fullmatch(f"{NO_NUMBER}|{SEVERAL}", text):
                yield f"{path.relative_to(HERE)}:{number.lineno} {text}{words.value}"


def test_a_number_and_its_noun_come_from_the_one_function_that_knows_the_singular() -> None:
    sources = [path for path in (HERE / "leverkit").rglob("*.py") if "emulator" not in path.parts]
    assert [found for path in sources for found in numbers_before_plurals(path)] == []
