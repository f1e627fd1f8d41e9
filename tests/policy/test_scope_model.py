"""The placements of a tag are evidence for the person, for the candidacy, or for neither."""

from __future__ import annotations

from math import comb

import pytest

from leverkit.policy.scope_model import log_odds_contact

SIZES = {1: 1400, 2: 400, 3: 200}


def test_siblings_that_agree_far_beyond_chance_speak_for_the_person() -> None:
    assert log_odds_contact({(1, 1): 28, (2, 2): 6, (2, 1): 3, (3, 3): 2, (3, 2): 1}, SIZES) > 3


def test_a_tag_that_siblings_never_share_is_never_surely_about_the_person() -> None:
    large = {n: 100 * count for n, count in SIZES.items()}
    assert abs(log_odds_contact({(1, 1): 140, (2, 1): 40, (3, 1): 20}, SIZES)) < 1
    assert abs(log_odds_contact({(1, 1): 14000, (2, 1): 4000, (3, 1): 2000}, large)) < 1


def test_one_sibling_in_five_that_agrees_makes_it_sure() -> None:
    assert log_odds_contact({(1, 1): 140, (2, 1): 32, (2, 2): 8, (3, 1): 16, (3, 3): 4}, SIZES) > 2.2


def test_a_tag_that_grows_with_the_number_of_opportunities_speaks_for_the_candidacy() -> None:
    large = {n: 10 * count for n, count in SIZES.items()}
    assert log_odds_contact({(1, 1): 70, (2, 1): 40, (3, 1): 30}, large) < -2


def test_siblings_that_resemble_each_other_a_little_are_no_proof() -> None:
    assert log_odds_contact({(1, 1): 70, (2, 1): 38, (2, 2): 2, (3, 1): 28, (3, 2): 2}, SIZES) < 0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.4])
def test_siblings_that_agree_no_more_than_by_chance_speak_for_the_candidacy(share: float) -> None:
    held = {
        (n, k): round(1000 * comb(n, k) * share**k * (1 - share) ** (n - k))
        for n in (2, 3)
        for k in (1, 2, 3)[:n]
    }
    assert log_odds_contact({(1, 1): round(3000 * share), **held}, {1: 3000, 2: 1000, 3: 1000}) < -2.2


def test_nobody_to_compare_is_no_evidence() -> None:
    assert log_odds_contact({(1, 1): 500}, SIZES) == 0.0
