"""Dates are understood as people write them, and are never more exact than they are."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from leverkit.storage.typed_date import days, span


@pytest.mark.parametrize(
    "text",
    [
        *("11/27/2026 9:15", "27/11/2026", "27.11.2026 9:15", "27.11.26", "2026/11/27", "2026-11-27"),
        *("Nov 27, 2026", "27 November 2026", "27-Nov-26", "2026年11月27日"),
    ],
)
def test_a_day_is_read_in_the_forms_of_many_countries(text: str) -> None:
    assert days(text) == {date(2026, 11, 27)}


def test_a_day_that_may_be_two_is_both_and_what_is_no_date_may_be_any_time() -> None:
    assert days("5/11/2026") == {date(2026, 5, 11), date(2026, 11, 5)}
    assert span("last week")[0] < span("5/11/2026")[0] < span("5/11/2026")[1] < span("last week")[1]


def test_a_time_with_its_zone_is_exact() -> None:
    moment = datetime(2026, 11, 27, 9, 15, tzinfo=UTC)
    assert span(moment.isoformat()) == (moment, moment)
