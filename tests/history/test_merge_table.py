"""Each row of the merge table by its name: what becomes of a tag that is wished on an opportunity."""

from __future__ import annotations

from typing import Any

import pytest

from leverkit.history.merge_table import Mark, MarkKind, Pair, judge, reason

MARCH = 1_773_310_000_000  # 12 March 2026


def marked(kind: MarkKind, **fields: Any) -> Pair:
    return Pair(mark=Mark("c", kind, MARCH), before=False, **fields)


ROWS = {
    "a person tagged one opportunity, and the job spreads it": (Pair(before=False), "add", "add"),
    "a new opportunity of a known contact gets what the others carry": (Pair(before=None), "add", "add"),
    "what was listed in the first plan and left is left by a job": (
        Pair(before=False, considered=True),
        "add",
        "left as it was",
    ),
    "a sibling that got the tag since makes a considered gap new": (
        Pair(before=False, considered=True, newer_carrier=True),
        "add",
        "add",
    ),
    "what a person removed is not put back": (
        marked("removed by others"),
        "removed by others",
        "removed by others",
    ),
    "not even where a sibling got it since": (
        marked("removed by others", newer_carrier=True),
        "removed by others",
        "removed by others",
    ),
    "a removal that no reading has told yet counts too": (
        Pair(before=True),
        "removed by others",
        "removed by others",
    ),
    "of our own tag too": (
        Pair(before=True, mark=Mark("c", "added by us", MARCH)),
        "removed by others",
        "removed by others",
    ),
    "a person who names the tag overrules a removal": (marked("removed by others", named=True), "add", "add"),
    "what was removed everywhere is gone for the contact": (
        marked("removed everywhere"),
        "gone for the contact",
        "gone for the contact",
    ),
    "a new opportunity does not get it either": (
        Pair(mark=Mark("c", "removed everywhere", MARCH), carried=False),
        "gone for the contact",
        "gone for the contact",
    ),
    "an addition anywhere wins over a removal everywhere": (
        marked("removed everywhere", newer_carrier=True),
        "add",
        "add",
    ),
    "what we took back waits for a person": (marked("taken back"), "add", "taken back"),
    "what is there needs nothing": (Pair(now=True, before=True), "in place", "in place"),
    "what a person added needs nothing there": (Pair(now=True, before=False), "in place", "in place"),
    "what a person put back needs nothing": (
        marked("removed by others", now=True),
        "in place",
        "in place",
    ),
    "a tag that nobody of the contact carries any more is no gap": (
        Pair(before=False, carried=False),
        "nobody carries it",
        "nobody carries it",
    ),
    "a caller who names a tag that nobody carries is obeyed": (
        Pair(before=None, carried=False, named=True),
        "add",
        "add",
    ),
    "an anonymized opportunity is left, also by name": (
        Pair(anonymized=True, named=True),
        "anonymized",
        "anonymized",
    ),
    "one that does not match is left, also by name": (
        Pair(matching=False, named=True),
        "not matching",
        "not matching",
    ),
    "what we wrote a moment ago may not show yet": (
        Pair(before=True, mark=Mark("c", "added by us", MARCH), fresh=True),
        "too fresh to tell",
        "too fresh to tell",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_merge_table(row: str) -> None:
    pair, attended, standing = ROWS[row]
    assert (judge(pair, standing=False), judge(pair, standing=True)) == (attended, standing)


def test_a_removal_is_told_with_the_day_on_which_it_was_found() -> None:
    found = Mark("c", "removed by others", MARCH)
    assert reason("removed by others", found) == "removed by others (found on 12 March 2026)"
    assert reason("removed by others", None) == "removed by others"
