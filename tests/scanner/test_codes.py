"""Each code has a page, which says what the rule says, and whose examples are found or not as it claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leverkit.scanner import RULES
from leverkit.scanner.scan import scan

PAGES = Path(__file__).parents[2] / "docs" / "codes"


def test_each_code_has_a_page_and_each_page_a_code() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_page_says_what_its_rule_says(code: str) -> None:
    page, rule = (PAGES / f"{code}.md").read_text(encoding="utf-8"), RULES[code]
    assert page.startswith(f"# {code} {rule.name}\n\n{rule.level.capitalize()}: {rule.message}.\n")
    assert f"**Instead.** {rule.replacement}\n" in page


@pytest.mark.parametrize("code", RULES)
def test_the_examples_of_a_page_are_found_or_not_as_it_claims(code: str, tmp_path: Path) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    wrong, right = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for name, text in (("wrong", wrong), ("right", right)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "service.py").write_text(text, encoding="utf-8")
    assert code in {found.code for found in scan([tmp_path / "wrong"])}
    assert scan([tmp_path / "right"]) == []
