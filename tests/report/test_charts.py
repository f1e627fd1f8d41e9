"""Charts draw whatever a tag may be, and say in words what they show."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from itertools import pairwise

import pandas as pd
import pytest

from leverkit.report.chart_style import COLOURS, in_order, label
from leverkit.report.charts import (
    chart_agreement,
    chart_change,
    chart_contacts,
    chart_coverage,
    chart_outcomes,
    chart_readiness,
    chart_readings,
    chart_spellings,
)
from leverkit.report.gap_charts import chart_months, chart_where
from leverkit.report.html import Chart

HOSTILE = ["$a_$", r"$\foo$", "‮abc", "<b>", "\x00\n\t", "東京 🦄 مريم", "x" * 300, ""]


def size(chart: Chart) -> tuple[int, int]:
    """Return width and height as the PNG says."""
    assert chart.png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", chart.png[16:24])
    return width, height


def coverage(tags: list[str]) -> Chart:
    n = len(tags)
    frame = pd.DataFrame(
        {"tag": tags, "present": [1] * n, "missing": range(n), "kind": ["contact", "ignore"] * (n // 2)}
    )
    return chart_coverage(frame, title="T")


def change(tags: list[str]) -> Chart:
    n = len(tags)
    return chart_change(pd.DataFrame({"tag": tags, "before": range(n), "after": range(5, n + 5)}), title="T")


def agreement(tags: list[str]) -> Chart:
    n = len(tags)
    frame = pd.DataFrame({"tag": tags, "coverage": 0.5, "agreement": 0.1, "missing": range(n, 0, -1)})
    return chart_agreement(frame.assign(kind=["contact", "ignore"] * (n // 2)), title=" ".join(tags), named=n)


def spellings(tags: list[str]) -> Chart:
    return chart_spellings([[(tag, 3), (tag + "!", 1)] for tag in tags], title=" ".join(tags))


@pytest.mark.parametrize("draw", [coverage, change, agreement, spellings])
def test_hostile_tags_are_drawn_as_text(draw: Callable[[list[str]], Chart]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw(HOSTILE)
        assert size(chart)[0] > 800
    assert "$a_$" in chart.alt


def test_a_chart_of_part_of_the_tags_says_so_and_legends_have_one_order() -> None:
    assert in_order(["open", "to copy", "open", "likely missing"]) == ["to copy", "likely missing", "open"]
    kinds = pd.DataFrame({"to copy": [1, 0, 2], "open": [0, 0, 3]}, index=["2025-01", "2025-02", "2025-03"])
    assert chart_months(kinds, title="T").alt == "T. 2025-01 1, 2025-03 5"
    assert chart_where(kinds, kinds, title="T").alt.startswith(
        "T. by origin: 2025-01 1, 2025-02 0, 2025-03 5"
    )
    assert min(size(chart_months(kinds, title="T"))[0], size(chart_where(kinds, kinds, title="T"))[0]) > 800


def test_an_empty_chart_is_still_a_picture() -> None:
    assert size(coverage([]))[0] > 800


def test_the_words_say_what_the_picture_shows() -> None:
    frame = pd.DataFrame({"opportunities": [1, 2, 7, 9], "contacts": [100, 11, 1, 1]})
    assert (
        chart_contacts(frame, title="13 of 113 people").alt == "13 of 113 people: 11 with 2, 2 with 6 or more"
    )
    outcomes = pd.DataFrame({"outcome": ["done", "failed", "gone"], "operations": [1200, 3, 0]})
    assert chart_outcomes(outcomes, title="A run").alt == "A run: 1,200 done, 3 failed"
    assert change(["vip"]).alt == "T. vip 0 to 5"
    assert coverage(["vip", "x"]).alt == "T. Missing: vip on 0 of 1, x on 1 of 2"


def test_a_history_is_reported_by_day_and_drawn_without_a_change_too() -> None:
    times = ["2026-01-02T00:00:00+00:00", "2026-03-04T00:00:00+00:00"]
    frame = pd.DataFrame({"taken_at": times, "decided": [40.0, 90.0], "ready": [10.0, 80.0]})
    chart = chart_readiness(frame, title="Up")
    assert chart.alt == "Up: 2026-01-02 10%, 2026-03-04 80%"
    assert size(chart)[0] > 800
    assert size(chart_readiness(frame.head(1), title="One"))[0] > 800


def test_each_reading_is_a_bar_whatever_the_tags_are_named() -> None:
    days = pd.to_datetime(["2026-01-02", "2026-01-03", "2026-03-04"], utc=True)
    frame = pd.DataFrame({"taken_at": days, **{tag: [1, 0, n] for n, tag in enumerate(HOSTILE[:4])}})
    chart = chart_readings(frame, title="Splits")
    assert chart.alt == "Splits: 2026-01-02 4, 2026-01-03 0, 2026-03-04 6"
    assert size(chart)[0] > 800


def test_a_longer_title_takes_more_lines_and_no_less_picture() -> None:
    frame = pd.DataFrame({"outcome": ["done"], "operations": [1]})
    short, long = (chart_outcomes(frame, title="word " * words) for words in (2, 40))
    assert size(long)[0] == size(short)[0]
    assert size(long)[1] > size(short)[1]


def test_colours_of_scopes_can_be_distinguished_in_grey_too() -> None:
    def light(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    greys = sorted(light(COLOURS[scope]) for scope in ("contact", "undecided", "opportunity"))
    assert all(after - before > 0.05 for before, after in pairwise(greys))


def test_a_picture_is_the_same_every_time() -> None:
    assert coverage(["a", "b"]).png == coverage(["a", "b"]).png


def test_a_report_can_hold_many_pictures() -> None:
    assert len(coverage([f"tag {n}" for n in range(30)]).png) < 60_000


def test_labels_are_one_short_line_without_control_characters() -> None:
    assert label("a\n\u202eb\x00 c") == "a b c"
    assert label("x" * 30) == "x" * 23 + "…"
