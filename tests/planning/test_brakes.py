"""Brakes name their flag, the number and the limit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from leverkit.errors import BrakeTripped, UsageError
from leverkit.planning.brakes import OFF, Brakes, Size, Spread, exceeds_limit


def size(
    operations: int = 50, removals: int = 0, touched: int = 30, account: int = 100, **tags: tuple[int, int]
) -> Size:
    spread = tuple(Spread(tag, *numbers) for tag, numbers in tags.items())
    return Size(operations=operations, removals=removals, touched=touched, account=account, tags=spread)


@pytest.mark.parametrize(
    ("brakes", "what", "message"),
    [
        (Brakes(max_ops=49), size(), "50 operations: more than --max-ops 49"),
        (Brakes(), size(touched=31), "31 of 100 opportunities, 31.0%: more than --max-pct 30"),
        (Brakes(max_pct=0.5), size(touched=1), "1.0%: more than --max-pct 0.5"),
        (
            Brakes(),
            size(vip=(49, 12)),
            "49 operations of tag 'vip', which is on 12 now, 408%: .* --max-tag-pct 300",
        ),
        (
            Brakes(),
            size(a=(40, 1), b=(99, 1)),
            r"99 operations of tag 'b', .* \(and so for 1 more tag\), 9900%",
        ),
        (Brakes(), size(removals=1), "1 removal: more than --max-removals 0"),
    ],
)
def test_a_tripped_brake_names_flag_number_and_limit(brakes: Brakes, what: Size, message: str) -> None:
    with pytest.raises(BrakeTripped, match=message):
        brakes.check(what)


def test_what_is_needed_lets_just_this_size_through() -> None:
    what = size(removals=2, touched=31, vip=(10, 3), old=(11, 3))
    brakes = Brakes(max_ops=1)
    assert brakes.needed(what) == "--max-ops 50 --max-pct 31 --max-tag-pct 367 --max-removals 2"
    assert (
        brakes.override(Brakes(max_ops=50, max_pct=31, max_tag_pct=367, max_removals=2)).tripped(what) == ""
    )
    assert Brakes().needed(size(touched=301, account=1000)) == "--max-pct 31"
    assert Brakes().needed(size()) == ""
    with pytest.raises(
        BrakeTripped, match=r"Look at run/plan\.csv; if this is intended, give --max-ops 50 --max-pct"
    ):
        brakes.check(what, "run/plan.csv")


def test_all_tripped_brakes_are_named_at_once() -> None:
    with pytest.raises(BrakeTripped, match=r"--max-ops 1;.*--max-pct 30;.*--max-removals 0"):
        Brakes(max_ops=1).check(size(removals=2, touched=90))


@pytest.mark.parametrize(
    ("brakes", "what"),
    [
        (Brakes(max_ops=50, max_removals=3), size(removals=3)),
        (Brakes(max_pct=None, max_removals=None), size(removals=9, touched=100)),
        (OFF, size(removals=9, touched=100, vip=(99, 1))),
        (Brakes(), size(vip=(30, 10), old=(9, 1))),
        (Brakes(), size(touched=9, account=9)),
        (Brakes(), size(touched=9, account=0)),
    ],
)
def test_at_the_limit_without_a_limit_and_in_tiny_accounts_no_brake_trips(brakes: Brakes, what: Size) -> None:
    assert brakes.check(what) is None


def test_an_override_replaces_only_what_it_gives() -> None:
    brakes = Brakes(max_ops=1, max_pct=2, max_removals=3)
    assert brakes.override(OFF) == brakes
    assert brakes.override(replace(OFF, max_ops=9)) == Brakes(max_ops=9, max_pct=2, max_removals=3)
    assert brakes.override(replace(OFF, max_pct=9, max_removals=0)) == Brakes(
        max_ops=1, max_pct=9, max_removals=0
    )


def test_minus_one_is_no_limit_and_zero_is_none_in_every_brake() -> None:
    what = size(removals=2, touched=90)
    unlimited = Brakes(max_ops=-1, max_pct=-1, max_tag_pct=-1, max_removals=-1)
    assert unlimited.tripped(what) == ""
    assert Brakes(max_ops=1, max_pct=1).override(unlimited).tripped(what) == ""
    none = Brakes(max_ops=0, max_pct=0, max_tag_pct=0, max_removals=0).tripped(what)
    assert all(flag in none for flag in ("--max-ops 0", "--max-pct 0", "--max-removals 0"))


@pytest.mark.parametrize("limit", ["max_ops", "max_pct", "max_tag_pct", "max_removals"])
@pytest.mark.parametrize("value", [-2, float("nan")])
def test_a_limit_below_minus_one_or_that_nothing_exceeds_is_refused(limit: str, value: float) -> None:
    with pytest.raises(UsageError, match=rf"{limit} must be -1 \(no limit\), 0 \(none\) or more"):
        Brakes(**{limit: value})


@pytest.mark.parametrize(
    ("limit", "other", "more"),
    [(5, 4, True), (4, 4, False), (-1, 4, True), (None, 0, True), (5, -1, False), (-1, -1, False)],
)
def test_no_limit_allows_more_than_any_limit_and_no_limit_more_than_none(
    limit: float | None, other: float, more: bool
) -> None:
    assert exceeds_limit(limit, other) is more
