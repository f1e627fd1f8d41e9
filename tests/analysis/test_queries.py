"""The associations of a tag, and on how many places of a contact it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.snapshot_factory import NOON, Posting, Row, write_snapshot

from leverkit.analysis.audit import audit

STAGES = [
    Row(f"s{n}", [], "p", stage=("lead-new", "onsite")[n % 4 == 0], origin="applied") for n in range(80)
]


def tag(folder: Path, rows: list[Row], postings: list[Posting] | None = None) -> dict[Any, Any]:
    frame = audit(write_snapshot(folder, [*rows, *STAGES], postings or [])).tags
    (row,) = frame[frame["tag"] == "x"].to_dict("records")
    return row


def test_a_tag_given_at_one_stage_goes_with_it_by_its_name(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], "p", stage="lead-new", origin="applied") for n in range(40)]
    crowd = [Row(f"d{n}", [], "p", stage="onsite", origin="applied") for n in range(160)]
    row = tag(tmp_path, [*rows, *crowd])
    assert (row["goes_with"], row["goes_with_what"]) == ("stage", "New lead")
    assert row["goes_with_share"] == 1.0
    assert row["goes_with_expected"] == (40 + 60) / 280


def test_who_sets_it_shows_in_the_origin(tmp_path: Path) -> None:
    row = tag(tmp_path, [Row(f"c{n}", ["x"], "p", origin="agency") for n in range(9)])
    assert (row["goes_with"], row["goes_with_what"]) == ("origin", "agency")


def test_a_department_is_found_through_the_postings(tmp_path: Path) -> None:
    postings = [Posting("q", department="Sales"), Posting("r", department="Sales")]
    row = tag(tmp_path, [Row(f"c{n}", ["x"], "qr"[n % 2]) for n in range(12)], postings)
    assert (row["goes_with"], row["goes_with_what"]) == ("department", "Sales")


def test_a_tag_spread_as_everything_is_goes_with_nothing(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], "p", stage=("lead-new", "onsite")[n % 4 == 0]) for n in range(40)]
    assert tag(tmp_path, rows)["goes_with"] is None


def test_a_few_opportunities_prove_nothing(tmp_path: Path) -> None:
    assert tag(tmp_path, [Row(f"c{n}", ["x"], "p", origin="agency") for n in range(2)])["goes_with"] is None


def test_a_burst_in_time_shows_in_the_busiest_month(tmp_path: Path) -> None:
    row = tag(tmp_path, [Row(f"c{n}", ["x"], "p", day=n * (300 if n > 7 else 0.1)) for n in range(10)])
    assert row["busiest_month"] == 0.8
    assert row["first_on"].timestamp() * 1000 == NOON


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
