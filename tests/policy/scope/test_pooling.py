"""Tags of a family are judged together, and what people decided moves what resembles it."""

from __future__ import annotations

import pytest

from leverkit.policy.scope.pooling import Opinion, pooled

FAMILY = {f"gdpr:{n}": "gdpr:*" for n in range(9)}
RARE = Opinion(-0.8, {})


def opinion(log_odds: float, **parts: float) -> Opinion:
    return Opinion(log_odds, parts or {"agree": log_odds})


def test_a_rare_member_is_judged_by_its_family() -> None:
    opinions = {"gdpr:0": RARE, **{f"gdpr:{n}": opinion(3.0) for n in range(1, 5)}}
    moved = pooled(opinions, FAMILY, {})["gdpr:0"]
    assert moved.probability > 0.75
    assert (moved.judged, moved.family) == (4, "gdpr:*")


def test_a_member_that_differs_can_show_it() -> None:
    opinions = {"gdpr:0": opinion(-6.0), **{f"gdpr:{n}": opinion(6.0) for n in range(1, 9)}}
    assert pooled(opinions, FAMILY, {})["gdpr:0"].probability < 0.05


def test_members_that_contradict_each_other_say_nothing() -> None:
    opinions = {"gdpr:0": RARE, "gdpr:1": opinion(3.0), "gdpr:2": opinion(-3.0)}
    assert pooled(opinions, FAMILY, {})["gdpr:0"].log_odds == pytest.approx(RARE.log_odds)


@pytest.mark.parametrize("person", [True, False])
def test_a_decision_on_a_member_moves_the_others(person: bool) -> None:
    opinions = {"gdpr:0": opinion(0.0), "gdpr:1": opinion(0.0), "else": opinion(0.0)}
    moved = pooled(opinions, FAMILY, {"gdpr:1": person})
    assert (moved["gdpr:0"].probability > 0.8) == person
    assert (moved["gdpr:0"].probability < 0.2) != person
    assert moved["gdpr:0"].decided == 1


def test_a_decision_that_was_not_expected_moves_tags_with_like_signs() -> None:
    opinions = {"a": opinion(-1.0), "b": opinion(-1.2), "far": opinion(-9.0)}
    moved = pooled(opinions, {}, {"a": True})
    assert moved["b"].log_odds > opinions["b"].log_odds + 0.5
    assert moved["b"].similar == 1
    assert moved["far"].log_odds == pytest.approx(opinions["far"].log_odds, abs=0.01)


def test_a_decision_that_was_expected_moves_nothing() -> None:
    opinions = {"a": opinion(8.0), "b": opinion(8.0)}
    assert pooled(opinions, {}, {"a": True})["b"].log_odds == pytest.approx(8.0, abs=0.01)


def test_without_families_and_decisions_nothing_moves() -> None:
    opinions = {"a": opinion(1.0), "b": opinion(-1.0)}
    assert pooled(opinions, {"a": "*", "b": ""}, {}) == opinions
