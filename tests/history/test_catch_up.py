"""What a reading tells the ledger: what others removed and added, and when nothing is learnt from it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.ledger_factory import Account, marks, take, wrote

from leverkit.errors import BrakeTripped, UsageError
from leverkit.history.ledger import Ledger

START: dict[str, tuple[str, set[str]]] = {
    "a": ("c", {"vip"}),
    "b": ("c", {"vip", "spam"}),
    "d": ("e", {"vip"}),
}


def changed(account: Account, **opportunities: tuple[str, set[str]]) -> dict[str, tuple[str, set[str]]]:
    return {**account, **opportunities}  # type: ignore[dict-item]


def test_the_first_reading_tells_of_no_change(tmp_path: Path) -> None:
    found = take(tmp_path, START, 1)
    assert (found.first, found.counts, marks(tmp_path, START)) == (True, {}, {})


def test_a_reading_within_a_second_of_the_last_is_taken_as_lever_s_clock_shows_whole_seconds(
    tmp_path: Path,
) -> None:
    take(tmp_path, START, 1)
    again = take(tmp_path, changed(START, a=("c", {"vip", "x"})), 1 - 0.9 / 3600)
    assert (again.refused, again.counts) == ("", {"added by others": 1})
    assert "older" in take(tmp_path, START, 1 - 2.1 / 3600).refused


def test_what_others_took_off_and_added_is_told_apart_from_what_we_wrote(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (1.5, "e", "d", "spam", True))
    found = take(
        tmp_path, changed(START, b=("c", {"vip"}), a=("c", {"vip", "x"}), d=("e", {"vip", "spam"})), 2
    )
    assert marks(tmp_path, START) == {
        ("a", "x"): "added by others",
        ("b", "spam"): "removed everywhere",
        ("d", "spam"): "added by us",
    }
    assert found.counts == {"added by others": 1, "removed everywhere": 1}


def test_our_tag_that_a_person_took_off_is_a_removal(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (1.5, "c", "a", "spam", True))
    take(tmp_path, START, 2)
    assert marks(tmp_path, START) == {("a", "spam"): "removed by others"}


def test_nothing_is_concluded_of_what_we_wrote_a_moment_before_the_reading(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (2 - 30 / 3600, "c", "a", "spam", True))
    take(tmp_path, START, 2)
    assert marks(tmp_path, START) == {("a", "spam"): "added by us"}
    take(tmp_path, START, 3)
    assert marks(tmp_path, START) == {("a", "spam"): "removed by others"}


def test_a_removal_ends_where_a_person_puts_the_tag_back(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, changed(START, b=("c", {"spam"})), 2)
    assert marks(tmp_path, START) == {("b", "vip"): "removed by others"}
    take(tmp_path, START, 3)
    assert marks(tmp_path, START) == {("b", "vip"): "added by others"}


def test_an_addition_anywhere_ends_a_removal_everywhere(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, changed(START, a=("c", set()), b=("c", {"spam"})), 2)
    assert marks(tmp_path, START) == {(o, "vip"): "removed everywhere" for o in "ab"}
    take(tmp_path, changed(START, b=("c", {"spam"})), 3)
    assert marks(tmp_path, START) == {("a", "vip"): "added by others"}


def test_a_new_opportunity_that_brings_the_tag_leaves_what_was_taken_off(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    gone = changed(START, a=("c", set()), b=("c", {"spam"}))
    take(tmp_path, gone, 2)
    take(tmp_path, changed(gone, f=("c", {"vip"})), 3)
    assert marks(tmp_path, "abf") == {(o, "vip"): "removed by others" for o in "ab"}


def test_what_we_took_back_is_no_removal_by_others(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (1.2, "c", "a", "spam", True), (1.4, "c", "a", "spam", False))
    take(tmp_path, START, 2)
    assert marks(tmp_path, START) == {("a", "spam"): "taken back"}


def test_a_merge_of_contacts_moves_what_is_known(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    removed = changed(START, b=("c", {"spam"}))
    take(tmp_path, removed, 2)
    found = take(tmp_path, changed(removed, b=("e", {"spam"})), 3)
    with Ledger.open(tmp_path) as ledger:
        mark = ledger.view({"b"}).marks["b", "vip"]
    assert (mark.contact, mark.kind, found.counts) == ("e", "removed by others", {"moved": 1})


def test_deleted_and_anonymized_opportunities_are_forgotten(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, changed(START, b=("c", {"spam"}), d=("e", set())), 2)
    rest = {"a": START["a"], "b": ("c", {"spam"})}
    found = take(tmp_path, rest, 3, deleted={"d"}, anonymized=("b",))
    assert (found.counts, marks(tmp_path, START)) == ({"anonymized": 1, "deleted": 1}, {})
    with Ledger.open(tmp_path) as ledger:
        assert [known.opportunity for known in ledger.base()] == ["a"]


def test_a_hidden_opportunity_is_compared_when_it_is_seen_again(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, {id: START[id] for id in "ad"}, 2)
    assert marks(tmp_path, START) == {}
    found = take(tmp_path, changed(START, b=("c", {"spam"})), 3)
    assert found.counts == {"removed by others": 1, "seen again": 1}


@pytest.mark.parametrize("written_at", [1.5, 2.5])
def test_a_person_s_removal_of_what_we_wrote_around_the_time_of_hiding_is_seen_with_the_opportunity(
    tmp_path: Path, written_at: float
) -> None:
    take(tmp_path, START, 1)
    visible = {id: START[id] for id in "ad"}
    if written_at < 2:
        wrote(tmp_path, (written_at, "c", "b", "new", True))
    take(tmp_path, visible, 2)
    if written_at > 2:
        wrote(tmp_path, (written_at, "c", "b", "new", True))
    take(tmp_path, visible, 3)
    take(tmp_path, START, 4)
    assert marks(tmp_path, START)["b", "new"] == "removed everywhere"


def test_a_renamed_tag_was_taken_off_nobody(tmp_path: Path) -> None:
    many = {f"o{n:02}": (f"c{n}", {"old"} if n else {"old", "spam"}) for n in range(20)}
    take(tmp_path, many, 1)
    take(tmp_path, changed(many, o00=("c0", {"spam"})), 2)
    renamed = {id: (contact, {"new"} if id != "o00" else {"spam"}) for id, (contact, _) in many.items()}
    found = take(tmp_path, renamed, 3)
    assert found.counts == {"renamed": 1}
    assert marks(tmp_path, many) == {("o00", "new"): "removed everywhere"}


def test_of_a_tag_that_gets_the_name_of_one_that_is_gone_it_counts_what_was_decided_on_itself(
    tmp_path: Path,
) -> None:
    many = {f"o{n:02}": (f"c{n // 2}", {"old", "name"}) for n in range(20)}
    take(tmp_path, many, 1)
    gone = {id: (contact, {"old"}) for id, (contact, _) in many.items()}
    take(tmp_path, gone, 2)
    without = changed(gone, o00=("c0", set()))
    take(tmp_path, without, 3)
    renamed = {id: (contact, {"name"} if tags else set()) for id, (contact, tags) in without.items()}
    assert take(tmp_path, renamed, 4).counts == {"renamed": 1}
    assert marks(tmp_path, many)["o00", "name"] == "removed by others"


def test_a_tag_that_everybody_had_is_no_new_name(tmp_path: Path) -> None:
    many = {f"o{n:02}": (f"c{n}", {"old", "all"}) for n in range(20)}
    take(tmp_path, many, 1)
    found = take(tmp_path, {id: (contact, {"all"}) for id, (contact, _) in many.items()}, 2)
    assert found.counts == {"removed everywhere": 20}


@pytest.mark.parametrize(
    ("account", "hour", "fields", "why"),
    [
        ({}, 2, {}, "the reading lacks 3 of 3 opportunities"),
        ({"a": START["a"]}, 2, {}, "the reading lacks 2 of 3 opportunities"),
        ({f"z{n}": ("c", {"x"}) for n in range(3)}, 2, {}, "the reading lacks 3 of 3 opportunities"),
        (START, 2, {"account_ids": ("other",)}, "another account"),
        (START, 0, {}, "older"),
    ],
    ids=["empty", "shrunken", "foreign opportunities", "foreign account", "old"],
)
def test_a_reading_that_cannot_be_right_changes_nothing(
    tmp_path: Path, account: Account, hour: int, fields: dict[str, tuple[str, ...]], why: str
) -> None:
    take(tmp_path, START, 1)
    found = take(tmp_path, account, hour, **fields)
    assert why in found.refused
    assert take(tmp_path, START, 3).counts == {}


def test_many_removals_need_a_person_who_names_the_number(tmp_path: Path) -> None:
    many = {f"o{n:03}": (f"c{n}", {"vip"}) for n in range(300)}
    take(tmp_path, many, 1)
    bare = {id: (contact, set[str]()) for id, (contact, _) in many.items()}
    with pytest.raises(BrakeTripped, match=r"--max-found-removals 200, .* give --max-found-removals 300"):
        take(tmp_path, bare, 2)
    assert marks(tmp_path, many) == {}
    assert take(tmp_path, bare, 2, max_found_removals=300).counts == {"removed everywhere": 300}


def test_a_request_whose_outcome_is_open_says_nothing_about_others(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    after = changed(START, a=("c", {"vip", "spam"}))
    found = take(tmp_path, after, 2, unsettled={("a", "spam")})
    assert (found.counts, marks(tmp_path, START)) == ({}, {})
    take(tmp_path, START, 3)
    assert marks(tmp_path, START) == {("a", "spam"): "removed by others"}


@pytest.mark.parametrize("seed", range(8))
def test_the_removals_are_exactly_those_of_the_people(tmp_path: Path, seed: int) -> None:
    """People and our runs change a random account between readings; the marks tell who did what last."""
    dice = random.Random(seed)
    account = {f"o{n:02}": (f"c{n // 3}", {tag for tag in "stuvw" if dice.random() < 0.5}) for n in range(30)}
    take(tmp_path, account, 1)
    last: dict[tuple[str, str], str] = {}
    added_by_others: set[tuple[str, str]] = set()  # contacts and tags
    for hour in range(2, 7):
        pairs = dice.sample([(id, tag) for id in account for tag in "stuvw"], 20)
        ours = []
        for n, (id, tag) in enumerate(pairs):
            contact, tags = account[id]
            added = tag not in tags
            tags ^= {tag}
            if added and n % 2 == 0:
                added_by_others.add((contact, tag))
            if n % 2:
                ours.append((hour - 0.5, contact, id, tag, added))
            last[id, tag] = ("added" if added else "removed") if n % 2 == 0 else "ours" if added else "back"
        wrote(tmp_path, *ours, run=f"run {hour}")
        take(tmp_path, account, hour)
    kinds = {"added by others": "added", "added by us": "ours", "taken back": "back"}
    found = {pair: kinds.get(kind, "removed") for pair, kind in marks(tmp_path, account).items()}
    removed = {pair for pair, what in last.items() if what == "removed"}
    assert {pair: what for pair, what in found.items() if what != "removed"} == {
        pair: what for pair, what in last.items() if what != "removed"
    }
    assert {pair for pair, what in found.items() if what == "removed"} <= removed
    ended = removed - found.keys()  # by an addition to a sibling, after it was gone everywhere
    assert {(account[id][0], tag) for id, tag in ended} <= added_by_others


def test_what_a_late_journal_cannot_have_done_stays_others(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    take(tmp_path, START, 2)
    take(tmp_path, changed(START, a=("c", {"vip", "x"}), b=("c", {"spam"})), 3)
    wrote(tmp_path, (1.5, "c", "a", "x", True), (2.5, "c", "b", "vip", False))
    assert marks(tmp_path, START) == {("a", "x"): "added by others", ("b", "vip"): "taken back"}


def test_a_plan_that_is_begun_anew_in_its_folder_is_followed_from_its_first_entry(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    wrote(tmp_path, (1.2, "e", "d", "spam", True))
    writes = [(1.5, "e", "d", "new", True), (1.6, "e", "d", "second", True)]
    for begun in (False, True):  # as `apply` does: at first its old journal is gone
        with Ledger.open(tmp_path) as ledger:
            ledger.register("run", plan_id="run", kind="migrate", begun=begun)
        wrote(tmp_path, *writes[: 1 + begun])
    ours = {("d", "spam"), ("d", "new"), ("d", "second")}
    assert marks(tmp_path, START) == dict.fromkeys(ours, "added by us")


def test_a_limit_of_removals_below_none_is_refused(tmp_path: Path) -> None:
    take(tmp_path, START, 1)
    with pytest.raises(UsageError, match="max_found_removals must be 0 or more, not -1"):
        take(tmp_path, START, 2, max_found_removals=-1)
