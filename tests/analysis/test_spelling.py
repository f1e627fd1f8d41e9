"""Spellings of one tag are grouped: other forms, and slips, but no other digits or short words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leverkit.analysis.spelling import loose, spelling_groups
from leverkit.api.tags import fold


@pytest.mark.parametrize(
    ("one", "other"), [("Full-time ", "full-TIME"), ("Café", "Cafe\u0301"), ("ﬁne  print", "fine print")]
)
def test_folding_sees_through_case_spacing_and_unicode_forms(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Full-time", "fulltime"), ("São Paulo", "sao paulo")])
def test_near_duplicates_are_one_when_read_loosely(one: str, other: str) -> None:
    assert loose(one) == loose(other)


@pytest.mark.parametrize(("one", "other"), [("C", "C++"), ("C", "C#"), ("東京", "京東"), ("!", "?")])
def test_different_tags_stay_different(one: str, other: str) -> None:
    assert loose(one) != loose(other)


@pytest.mark.parametrize(
    ("often", "rare"),
    [
        ("Boomerang", "Bomerang"),
        ("Boomerang", "Boomernag"),
        ("Veteran", "veterans"),
        ("Silver medalist", "silver-medallist"),
        ("Competitor employee", "Competitor enployee"),
    ],
)
def test_a_slip_joins_the_tag_that_is_used_more(often: str, rare: str) -> None:
    assert spelling_groups({rare: 2, often: 9}) == [[often, rare]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Project 2024", "Project 2025"),
        ("video-sent:2024-01-01", "video-sent:2024-01-11"),
        ("Round II", "Round I"),
        ("Talent pool A", "Talent pool B"),
        ("Batch Vai", "Batch Vao"),
        ("Mail", "Mails"),
        ("Java", "Lava"),
    ],
)
def test_other_numbers_and_other_short_words_are_other_tags(one: str, other: str) -> None:
    assert spelling_groups({one: 9, other: 2}) == [[one], [other]]


def test_two_tags_that_are_used_alike_are_no_slips_of_each_other() -> None:
    assert spelling_groups({"Veteran": 9, "Veterans": 8}) == [["Veteran"], ["Veterans"]]


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 99), max_size=30))
def test_every_tag_is_in_one_group(uses: dict[str, int]) -> None:
    assert sorted(tag for group in spelling_groups(uses) for tag in group) == sorted(uses)
