"""A reason names the strongest signs with their numbers, and what moved it."""

from __future__ import annotations

from dataclasses import replace

from leverkit.policy.scope import reasons
from leverkit.policy.scope.evidence import Evidence
from leverkit.policy.scope.pooling import Opinion

CAMPAIGN = Evidence(
    people=12,
    siblings=10,
    agreeing=6,
    by_chance=0.5,
    used=40,
    rate=0.004,
    days=31,
    span=1500,
    settings={"month": 0.4, "outcome": 0.01, "channel": 0.01, "owner": 0.01},
    spread=0.05,
    posting=0.0,
)
PARTS = {"agree": 2.5, "narrow": -4.0, "month": -1.0, "spread": 0.1}


def test_the_strongest_sign_of_each_side_is_named_with_its_numbers() -> None:
    text = reasons.signs(CAMPAIGN, Opinion(-1.0, PARTS), "opportunity")
    assert text == (
        "for opportunity, 80% of its uses fall within 31 days; "
        "for contact, 60% of siblings have it, 5% by chance"
    )


def test_with_nothing_against_it_the_two_strongest_are_named() -> None:
    parts = PARTS | {"narrow": 0.0, "month": 0.0}
    text = reasons.signs(replace(CAMPAIGN, days=900), Opinion(3.0, parts), "contact")
    assert text == (
        "60% of siblings have it, 5% by chance, and "
        "people with several opportunities carry it 1.1 times as often as others"
    )


def test_a_share_below_one_per_cent_is_not_shown_as_none() -> None:
    assert reasons.sign("month", CAMPAIGN) == (
        "40% of others created in the same months carry it, 0.4% of all"
    )


def test_what_the_family_and_decisions_moved_is_said() -> None:
    moved = Opinion(2.0, PARTS, family="gdpr:*", judged=3, decided=1, kin=2.1, similar=2, learned=-0.8)
    assert reasons.moved(moved) == (
        "as its family 'gdpr:*' (4 others, 1 of them decided) says contact; "
        "moved towards opportunity by 2 decisions on similar tags"
    )
    assert reasons.moved(Opinion(2.0, PARTS)) == ""
