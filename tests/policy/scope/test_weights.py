"""The weights that come with leverkit point the way that their signs do."""

from __future__ import annotations

from leverkit.policy.scope.weights import DIRECTIONS, fitted


def test_every_sign_points_its_way() -> None:
    weights = fitted().weights
    assert {name for name, weight in weights.items() if weight * DIRECTIONS[name] > 0} == weights.keys()
    assert weights.keys() <= DIRECTIONS.keys()


def test_a_sign_adds_nothing_at_its_neutral_value() -> None:
    neutral = fitted().neutral
    assert set(fitted().parts(neutral).values()) == {0.0}
    assert fitted().log_odds(neutral) == fitted().intercept


def test_siblings_that_agree_make_the_person_likelier() -> None:
    signs = dict(fitted().neutral)
    assert fitted().log_odds(signs | {"agree": 0.9}) > fitted().log_odds(signs | {"agree": 0.1})
