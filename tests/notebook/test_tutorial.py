"""The lesson: the old integration reaches one opportunity, the new one all, called by real deliveries."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from leverkit.notebook.tutorial import Lesson, lesson


@pytest.fixture
def begun() -> Iterator[Lesson]:
    made = lesson()
    yield made
    made.close()


def reach(html: str) -> tuple[int, int]:
    """On how many opportunities the tag is, of how many."""
    found = re.search(r"the tag is on (\d+) of (\d+)", html)
    assert found
    return int(found[1]), int(found[2])


def test_the_old_integration_tags_one_opportunity_and_the_new_one_all(begun: Lesson) -> None:
    _, all_of_them = reach(begun.person)
    assert all_of_them >= 3
    assert reach(begun.move(begun.old)) == (1, all_of_them)
    assert reach(begun.clear()) == (0, all_of_them)
    assert reach(begun.move(begun.new)) == (all_of_them, all_of_them)
    assert reach(begun.apply(begun.new)) == (all_of_them + 1, all_of_them + 1)


def test_the_scanner_finds_the_old_one_and_has_nothing_to_say_of_the_new_one(begun: Lesson) -> None:
    assert set(re.findall(r"LK\d+", begun.old.findings)) == {"LK301"}
    assert re.findall(r"LK\d+", begun.new.findings) == []
    assert "addTags" in begun.old._repr_html_()
