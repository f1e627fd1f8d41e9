"""Reports escape everything, ask no network, and are readable by eyes and by screen readers."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest

from leverkit.report.html import Chart, Html, Section, facts, page, table
from leverkit.report.text import cell, plain, share

EVIL = "<img src=x onerror=alert(1)>"


class Checker(HTMLParser):
    """Collects tags and attributes as a browser would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_names_cells_and_captions_are_escaped() -> None:
    text = table(pd.DataFrame({EVIL: [EVIL, '"><script>']}), caption=EVIL)
    assert {tag for tag, _ in Checker(text).seen} == {
        "div",
        "style",
        "table",
        "caption",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
    }


def test_sentences_in_a_table_are_set_to_the_left_whatever_the_notebook_does() -> None:
    text = table(pd.DataFrame({"why": ["because it is so"]}))
    assert "<style>.scroll .leverkit :is(th,td,caption){text-align:left" in text


def test_a_table_has_no_index_and_says_what_it_leaves_out() -> None:
    text = table(pd.DataFrame({"n": range(1200)}), limit=3, unfold=100, rest="all are in a.csv")
    assert text.count("<tr>") == 1 + 3 + 1 + 100
    assert "<details><summary>100 more rows</summary>" in text
    assert "and 1,097 more rows: all are in a.csv" in text


def test_figures_are_set_as_figures_and_words_as_words() -> None:
    text = table(pd.DataFrame({"n": [1], "s": ["12%"], "w": ["a"], "b": [True]}))
    assert text.count('class="n"') == 4


def test_a_scrolling_table_can_be_reached_by_keyboard_and_has_a_name() -> None:
    region = Checker(table(pd.DataFrame({"a": [1]}), caption="Tags")).seen[0][1]
    assert (region["role"], region["tabindex"], region["aria-label"]) == ("region", "0", "Tags")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0.5, "0.50"),
        (float("nan"), "–"),
        (None, "–"),
        (pd.NA, "–"),
        (pd.NaT, "–"),
        (True, "yes"),
        (False, ""),
        (" a ", " a "),
        (["a", 1], "a, 1"),
        (pd.Timestamp("2026-01-02 03:04", tz="UTC"), "2026-01-02"),
    ],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert cell(value) == text


def test_shares_are_percentages() -> None:
    assert [share(value) for value in (0.494, 1.0, None, float("nan"))] == ["49%", "100%", "–", "–"]


def test_a_page_forbids_scripts_and_network_and_escapes_plain_parts() -> None:
    text = page(
        EVIL, [Section(EVIL, [EVIL, Html("<em>safe</em>"), facts({EVIL: EVIL})])], lead=EVIL, footer=EVIL
    )
    seen = Checker(text).seen
    assert not [tag for tag, _ in seen if tag in ("img", "script", "link", "iframe")]
    assert ("em", {}) in seen
    csp = next(
        attrs["content"] for tag, attrs in seen if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert csp is not None
    assert csp.startswith("default-src 'none'")
    assert dict(seen)["html"] == {"lang": "en"}


def test_a_chart_carries_its_finding_in_words() -> None:
    chart = Chart(lambda: b"png", 'a "finding"', 540)
    data, about = chart._repr_mimebundle_()
    assert data["image/png"] == "cG5n"
    assert about["image/png"] == {"alt": 'a "finding"', "width": 540}
    assert Checker(chart.html()).seen[1][1]["alt"] == 'a "finding"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 東京 🦄", "Zoë 東京 🦄"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202egnidnep", "\\u202egnidnep"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_a_terminal_gets_no_control_or_direction_characters(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_very_long_word_breaks_and_others_do_not() -> None:
    shown = table(pd.DataFrame({"a": ["x" * 200, "two words"]}))
    assert shown.count("overflow-wrap:anywhere") == 1
    assert f">{'x' * 200}<" in shown
    assert ">two words<" in shown


def test_dashes_alone_are_no_figures_and_an_empty_table_is_a_sentence() -> None:
    shown = table(pd.DataFrame({"a": ["–", "–"], "b": ["–", "7%"]}))
    assert '<th scope="col">A</th><th scope="col" class="n">B</th>' in shown
    assert table(pd.DataFrame({"a": []}), caption="Findings: 0") == "<p>Findings: 0.</p>"


def test_a_page_says_nothing_twice() -> None:
    text = page("t", [Section("No gaps", ["none"]), Section("Other", []), Section("No gaps", ["none"])])
    assert text.count("<h2>No gaps</h2>") == 1
    assert text.index("No gaps") < text.index("Other")
