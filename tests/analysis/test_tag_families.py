"""Tags that share one word are a family where they exclude each other, as the answers to one question do."""

from __future__ import annotations

from pathlib import Path

from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.tag_families import tag_families

ANSWERS = ("salary low", "salary mid", "salary high")


def found(folder: Path, tags: list[list[str]]) -> dict[str, str]:
    """Return the families of an account with these opportunities, each of another person."""
    rows = [Row(f"c{number}", own, f"p{number % 7}") for number, own in enumerate(tags)]
    return tag_families(audit(write_snapshot(folder, rows)))


def answered(number: int) -> list[list[str]]:
    return [[ANSWERS[n % 3]] for n in range(number)]


def test_tags_that_share_their_first_word_and_exclude_each_other_are_a_family(tmp_path: Path) -> None:
    assert found(tmp_path, answered(90)) == dict.fromkeys(ANSWERS, "salary *")


def test_tags_that_share_their_last_word_and_exclude_each_other_are_a_family(tmp_path: Path) -> None:
    lists = ["anna's hotlist", "Ben's hotlist", "Cleo's Hotlist"]
    assert found(tmp_path, [[lists[n % 3]] for n in range(90)]) == dict.fromkeys(lists, "* hotlist")


def test_tags_that_share_a_word_and_are_together_as_often_as_by_chance_are_none(tmp_path: Path) -> None:
    tags = [
        [tag for each, tag in ((2, "open source"), (3, "open house"), (5, "open offer")) if n % each == 0]
        for n in range(120)
    ]
    assert found(tmp_path, tags) == {}


def test_too_few_uses_do_not_tell_whether_tags_exclude_each_other(tmp_path: Path) -> None:
    assert found(tmp_path, answered(9) + [["other"]] * 90) == {}


def test_a_tag_that_does_not_exclude_the_others_is_not_of_their_family(tmp_path: Path) -> None:
    families = found(tmp_path, answered(400) + [[*own, "salary review"] for own in answered(8)])
    assert families == dict.fromkeys(ANSWERS, "salary *")


def test_a_word_that_negates_makes_no_family(tmp_path: Path) -> None:
    tags = ["no show", "no visa", "no fit"]
    assert found(tmp_path, [[tags[n % 3]] for n in range(90)]) == {}
