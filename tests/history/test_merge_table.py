"""Each row of the merge table by its name: what becomes of a tag that is wished on an opportunity."""

from __future__ import annotations

from typing import Any

import pytest

from leverkit.history.merge_table import Mark, MarkKind, PairFacts, judge, reason

MARCH = 1_773_310_000_000  # 12 March 2026


def marked(kind: MarkKind, **fields: Any) -> PairFacts:
    return PairFacts(mark=Mark("c", kind, MARCH), before=False, **fields)


ROWS = {
    "a person tagged one opportunity, and the job spreads it": (PairFacts(before=False), "add", "add"),
    "a new opportunity of a known contact gets what the others carry": (PairFacts(before=None), "add", "add"),
    "what was listed in the first plan and left is left by a job": (
        PairFacts(before=False, considered=True),
        "add",
        "left as it was",
    ),
    "a sibling that got the tag since makes a considered gap new": (
        PairFacts(before=False, considered=True, newer_carrier=True),
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
        PairFacts(before=True),
        "removed by others",
        "removed by others",
    ),
    "of our own tag too": (
        PairFacts(before=True, mark=Mark("c", "added by us", MARCH)),
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
        PairFacts(mark=Mark("c", "removed everywhere", MARCH), carried=False),
        "gone for the contact",
        "gone for the contact",
    ),
    "an addition anywhere wins over a removal everywhere": (
        marked("removed everywhere", newer_carrier=True),
        "add",
        "add",
    ),
    "what we took back waits for a person": (marked("taken back"), "add", "taken back"),
    "what Lever did not keep as we wrote it waits for a person": (marked("not kept"), "add", "not kept"),
    "what is there needs nothing": (PairFacts(now=True, before=True), "in place", "in place"),
    "what a person added needs nothing there": (PairFacts(now=True, before=False), "in place", "in place"),
    "what a person put back needs nothing": (
        marked("removed by others", now=True),
        "in place",
        "in place",
    ),
    "a tag that nobody of the contact carries any more is no gap": (
        PairFacts(before=False, carried=False),
        "nobody carries it",
        "nobody carries it",
    ),
    "a caller who names a tag that nobody carries is obeyed": (
        PairFacts(before=None, carried=False, named=True),
        "add",
        "add",
    ),
    "what we wrote a moment ago may not show yet": (
        PairFacts(before=True, mark=Mark("c", "added by us", MARCH), fresh=True),
        "too fresh to tell",
        "too fresh to tell",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_merge_table(row: str) -> None:
    pair, attended, unattended = ROWS[row]
    assert (judge(pair, unattended=False), judge(pair, unattended=True)) == (attended, unattended)


def test_a_removal_is_told_with_the_day_on_which_it_was_found() -> None:
    found = Mark("c", "removed by others", MARCH)
    assert reason("removed by others", found) == "removed by others (found on 12 March 2026)"
    assert reason("removed by others", None) == "removed by others"
