"""What counts as a place of a contact, and where a tag is on them."""

from __future__ import annotations

from pathlib import Path

from support.snapshot_factory import Posting, Row, write_snapshot

from leverkit.analysis.audit import audit


def test_archived_opportunities_that_lost_their_tags_say_nothing_about_the_person(tmp_path: Path) -> None:
    postings = [Posting(f"p{n}", text=f"job {n}") for n in range(14)]
    rows = [
        Row(f"c{n}", ["vip", f"job {n % 7 + 7 * turn}"], f"p{n % 7 + 7 * turn}")
        for n in range(12)
        for turn in (0, 1)
    ]
    rows += [Row(f"c{n}", [], f"p{n + 1}", archived=True) for n in range(12)]
    rows += [Row(f"d{n % 150}", [f"job {n % 14}"], f"p{n % 14}") for n in range(300)]
    placed = audit(write_snapshot(tmp_path, rows, postings)).placements
    assert placed[["tag", "n", "k", "contacts"]].to_numpy().tolist() == [["vip", 2, 2, 12]]


def test_spellings_of_one_tag_count_as_the_one_most_used(tmp_path: Path) -> None:
    rows = [Row("a", ["vip"], "p"), Row("a", ["VIP"], "q"), Row("b", ["vip"], "p"), Row("b", [], "q")]
    placed = audit(write_snapshot(tmp_path, [*rows, Row("c", ["vip"])])).placements
    assert placed[["tag", "n", "k", "contacts"]].to_numpy().tolist() == [
        ["vip", 1, 1, 1],
        ["vip", 2, 1, 1],
        ["vip", 2, 2, 1],
    ]


def test_tags_of_postings_have_no_placements(tmp_path: Path) -> None:
    rows = [Row("a", ["Sales"], "p"), Row("a", ["Sales"], "p")]
    assert audit(write_snapshot(tmp_path, rows, [Posting("p", department="Sales")])).placements.empty
