"""What the ledger's events tell of two readings: net changes, and tags that came to one opportunity alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from support.ledger_factory import Account, take, wrote

from leverkit.history.changes import net_changes, with_names_of_now
from leverkit.history.ledger import Ledger
from leverkit.history.splits import OpportunityState, Split, contacts_of_interest, splits

START: Account = {"a": ("c", {"vip"}), "b": ("c", {"vip"}), "d": ("e", set())}


def changed(folder: Path, *, after: int = 1, until: int = 99) -> set[tuple[str, str, bool, str]]:
    with Ledger.open(folder) as ledger:
        events = with_names_of_now(list(ledger.events(after + 1, until)))
    return {(change.opportunity, change.tag, change.added, change.by) for change in net_changes(events)}


def split(folder: Path, *, until: int = 99, tags: Collection[str] = ("vip", "new")) -> list[Split]:
    with Ledger.open(folder) as ledger:
        events = with_names_of_now(list(ledger.events(2, 99)))
        states = {
            known.opportunity: OpportunityState.of(known)
            for known in ledger.base_of(contacts_of_interest(events))
        }
    return splits(states, events, until, counts=lambda tag: tag in tags)


def told(folder: Path, **options: int) -> list[tuple[int, str, str, str, int]]:
    return [
        (each.reading, each.opportunity, each.tag, each.how, each.missing)
        for each in split(folder, **options)
    ]


def test_what_came_and_went_again_is_no_change(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {**START, "a": ("c", {"vip", "x"}), "b": ("c", set())}, 2)
    assert changed(tmp_path) == {("a", "x", True, "others"), ("b", "vip", False, "others")}
    take(tmp_path, START, 3)
    assert changed(tmp_path) == set()
    assert changed(tmp_path, after=2) == {("a", "x", False, "others"), ("b", "vip", True, "others")}


def test_a_new_opportunity_brings_its_tags_and_takes_them_along(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {**START, "f": ("c", {"vip"})}, 2)
    assert changed(tmp_path) == {("f", "vip", True, "new opportunity")}
    wrote(tmp_path, (2.5, "c", "f", "x", True))
    take(tmp_path, START, 3, deleted={"f"})
    assert changed(tmp_path) == set()
    assert changed(tmp_path, after=2) == {("f", "vip", False, "gone opportunity")}


def test_what_we_wrote_to_a_new_opportunity_is_ours(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (1.5, "c", "f", "vip", True))
    take(tmp_path, {**START, "f": ("c", {"vip", "x"})}, 2)
    assert changed(tmp_path) == {("f", "vip", True, "us"), ("f", "x", True, "new opportunity")}


def test_what_is_hidden_goes_and_comes_back(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {id: START[id] for id in "ad"}, 2)
    assert changed(tmp_path) == {("b", "vip", False, "gone opportunity")}
    take(tmp_path, {**START, "b": ("c", {"x"})}, 3)
    assert changed(tmp_path) == {("b", "vip", False, "others"), ("b", "x", True, "others")}


def test_a_renamed_tag_has_its_name_of_now_all_the_time(tmp_path: Path) -> None:
    many: Account = {f"o{n:02}": (f"c{n}", {"old"}) for n in range(20)}
    take(tmp_path, many, 1)
    grown = {**many, "x": ("c0", {"old"})}
    take(tmp_path, grown, 2)
    renamed = {id: (contact, {"new"} if id != "o07" else set()) for id, (contact, _) in grown.items()}
    take(tmp_path, renamed, 3)
    assert changed(tmp_path) == {("x", "new", True, "new opportunity"), ("o07", "new", False, "others")}


def test_a_tag_on_one_opportunity_of_two_is_split(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {**START, "a": ("c", {"vip", "new"}), "d": ("e", {"new"})}, 2)
    assert told(tmp_path) == [(2, "a", "new", "tagged alone", 1)]


def test_a_new_opportunity_without_the_tag_is_a_split(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {**START, "f": ("c", {"of candidacy"})}, 2)
    assert told(tmp_path) == [(2, "f", "vip", "came without it", 1)]


def test_a_split_counts_although_it_was_mended(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    grown: Account = {**START, "f": ("c", {"vip"})}
    wrote(tmp_path, (1.5, "c", "f", "vip", True))
    take(tmp_path, grown, 2)
    tagged: Account = {**grown, "f": ("c", {"vip", "new"})}
    take(tmp_path, tagged, 3)
    wrote(tmp_path, (3.5, "c", "a", "new", True), (3.6, "c", "b", "new", True), run="second")
    take(tmp_path, {**tagged, "a": ("c", {"vip", "new"}), "b": ("c", {"vip", "new"})}, 4)
    both = [(2, "f", "vip", "came without it", 1), (3, "f", "new", "tagged alone", 2)]
    assert told(tmp_path) == both
    assert told(tmp_path, until=2) == both[:1]


def test_earlier_splits_are_told_whatever_became_of_the_opportunities(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {**START, "a": ("c", {"vip", "new"})}, 2)
    found = told(tmp_path)
    assert found
    take(tmp_path, {"a": ("e", {"vip", "new"}), "d": START["d"]}, 3)  # moved, and its sibling hidden
    take(tmp_path, {"d": ("e", {"new"})}, 4, deleted={"a", "b"})
    assert told(tmp_path) == found


def test_whole_people_and_merges_are_no_split(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    both = {"vip", "new"}
    whole: Account = {"a": ("c", both), "b": ("c", both), "d": ("e", set()), "g": ("h", {"vip"})}
    take(tmp_path, whole, 2)
    take(tmp_path, {**whole, "d": ("c", set())}, 3)
    assert told(tmp_path) == []
