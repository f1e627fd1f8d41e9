"""Spellings of one tag are grouped: other forms, and slips, but no other digits, signs or short words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_text import any_text

from leverkit.analysis.spelling import spelling_groups
from leverkit.api.tags import altered, fold


@pytest.mark.parametrize(
    ("one", "other"), [("Full-time ", "full-TIME"), ("Café", "Cafe\u0301"), ("ﬁne  print", "fine print")]
)
def test_folding_sees_through_case_spacing_and_unicode_forms(one: str, other: str) -> None:
    assert fold(one) == fold(other)


ALIKE = """
    São Paulo|sao paulo
    Full-time|fulltime|Full time|FULL_TIME|full–time
    Café|Cafe\u0301|cafe
    R&D|R & D
    ex-Google|Ex Google
    Talent pool: A|talent pool a|Talent pool - A
    Java (expert)|java expert|“Java” expert
    Batch 3|batch-3|Batch3
    Node.js|NodeJS|Node.js!
    ❤️ lead|❤ lead
    🟢 Onsite|🟢Onsite
    5+ years|5+years
    Ёлка|елка
    Αθήνα|αθηνα
    مُدير|مدير
    ｶﾞｲﾄﾞ|ガイド
    driver's license|drivers license
"""
APART = """
    Onsite 🟢|Onsite 🔴|Onsite
    🏴󠁧󠁢󠁥󠁮󠁧󠁿 fan|🏴󠁧󠁢󠁳󠁣󠁴󠁿 fan
    1️⃣ choice|2️⃣ choice
    <5 years|>5 years|5 years|-5 years
    Level -1|Level 1
    C|C++|C#|C+|C-
    ½ day|12 day|1 2 day
    x²|x2
    GPA 3.5|GPA 35|GPA 3,5
    2018-01|201801|2018 01
    R&D|RD
    Hired?|Hired|!Hired
    Onsite :)|Onsite :(
    = fit|≠ fit
    किताब|कतब
    กา|ก|กี
    は|ば|ぱ
    мой|мои
    año|ano
    né|nè
    can contact|can't contact
    now hiring|not hiring
    typical hire|atypical hire
    Past employers|Past employees
    Bangalore office|Mangalore office
    東京北区画整理担当室|東京南区画整理担当室
    !|?
"""


@pytest.mark.parametrize("tags", [line.strip().split("|") for line in ALIKE.strip().splitlines()])
def test_case_spacing_and_omitted_accents_are_spellings_of_one_tag(tags: list[str]) -> None:
    assert spelling_groups({tag: 9 - place for place, tag in enumerate(tags)}) == [tags]


@pytest.mark.parametrize("tags", [line.strip().split("|") for line in APART.strip().splitlines()])
def test_what_carries_meaning_keeps_tags_apart(tags: list[str]) -> None:
    assert spelling_groups({tag: 10 ** (9 - place) for place, tag in enumerate(tags)}) == [[t] for t in tags]


def test_a_tag_without_accent_is_the_spelling_of_one_accented_tag_only() -> None:
    assert spelling_groups({"ma": 9, "má": 5, "mà": 3}) == [["ma", "má"], ["mà"]]


@pytest.mark.parametrize("stored", ["onsite ½", "Onsite"])
def test_in_which_forms_lever_stores_a_tag_is_another_rule(stored: str) -> None:
    assert altered("Onsite ½", [stored]) == stored
    assert len(spelling_groups({"Onsite ½": 1, "Onsite": 1, "Onsite 1 2": 1})) == 3


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


@given(st.dictionaries(any_text(min_size=1), st.integers(1, 99), max_size=30))
def test_every_tag_is_in_one_group(uses: dict[str, int]) -> None:
    assert sorted(tag for group in spelling_groups(uses) for tag in group) == sorted(uses)
