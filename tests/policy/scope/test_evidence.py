"""Siblings are evidence by how far apart they are, beyond what their setting explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.policy.scope.evidence import Evidence, evidence_of

PLAIN = Evidence(
    people=20,
    siblings=20,
    agreeing=10,
    by_chance=1,
    used=60,
    rate=0.02,
    days=1000,
    span=1500,
    settings=dict.fromkeys(("month", "outcome", "channel", "owner"), 0.02),
    spread=0.0,
    posting=0.0,
)


def crowd() -> Iterator[Row]:
    """Yield opportunities of people without the tag, spread over four years."""
    for n in range(300):
        yield Row(f"d{n % 200}", ["y"], f"p{n % 14}", day=n * 5, source=f"s{n % 5}", owner=f"u{n % 3}")


def found(folder: Path, rows: list[Row]) -> Evidence:
    return evidence_of(audit(write_snapshot(folder, [*rows, *crowd()])), {})["x"]


def test_siblings_of_the_same_weeks_count_half(tmp_path: Path) -> None:
    near = [Row(f"c{n}", ["x"], f"p{turn}", day=n * 70 + turn) for n in range(20) for turn in (0, 1)]
    far = [Row(f"c{n}", ["x"], f"p{turn}", day=n * 50 + 400 * turn) for n in range(20) for turn in (0, 1)]
    assert found(tmp_path / "near", near).siblings == 10
    assert found(tmp_path / "far", far).siblings == found(tmp_path / "far", far).agreeing == 20


def test_what_others_of_the_same_stage_carry_is_chance(tmp_path: Path) -> None:
    rows = [
        Row(f"c{n}", ["x"], f"p{turn}", day=n * 50 + 400 * turn, stage="onsite")
        for n in range(20)
        for turn in (0, 1)
    ]
    known = found(tmp_path, rows)
    assert known.agreement == 1.0
    assert known.chance > 0.9
    assert known.settings["outcome"] == 1.0
    assert known.gain < 2


def test_siblings_that_an_earlier_migration_copied_are_no_evidence(tmp_path: Path) -> None:
    names = ["x", *(f"tag {letter}" for letter in "abcdefgh")]
    copied = [
        Row(f"c{n}", [names[n % 9]], f"p{turn}", day=n * 5 + 100 * turn) for n in range(90) for turn in (0, 1)
    ]
    later = [
        Row(f"e{n}", [names[n % 9]] if turn else [], f"p{turn}", day=700 + n * 9 + 200 * turn)
        for n in range(90)
        for turn in (0, 1)
    ]
    known = found(tmp_path, copied + later)
    assert known.people == 20
    assert known.siblings <= 10
    assert known.agreeing == 0


def test_a_window_is_narrow_beside_the_age_of_the_account() -> None:
    assert PLAIN.signs["narrow"] == 0
    assert replace(PLAIN, days=30).signs["narrow"] > 2
    assert replace(PLAIN, days=30, span=40).signs["narrow"] == 0


def test_few_siblings_are_less_than_many() -> None:
    few, many = replace(PLAIN, siblings=2, agreeing=1, by_chance=0.1), PLAIN
    assert 0 < few.signs["agree"] < many.signs["agree"]
    assert few.surprise < many.surprise


def test_an_account_without_owners_and_sources_is_judged_as_well(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], f"p{turn}", day=n * 50 + 400 * turn) for n in range(9) for turn in (0, 1)]
    known = evidence_of(audit(write_snapshot(tmp_path, rows)), {})["x"]
    assert known.agreement == 1.0


def test_opportunities_of_unknown_creation_are_no_evidence_and_break_nothing(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], f"p{turn}", dated=False) for n in range(9) for turn in (0, 1)]
    known = evidence_of(audit(write_snapshot(tmp_path, rows)), {})["x"]
    assert (known.siblings, known.signs["narrow"]) == (0, 0)


def test_a_sibling_with_another_answer_to_one_question_is_evidence_against_both(tmp_path: Path) -> None:
    def answers(second: str) -> list[Row]:
        return [
            Row(f"c{n}", [tag], f"p{turn}", day=n * 40 + 300 * turn)
            for n in range(20)
            for turn, tag in enumerate(("x: yes", second if n % 2 else "x: yes"))
        ]

    changing = audit(write_snapshot(tmp_path / "changing", [*answers("x: no"), *crowd()]))
    silent = audit(write_snapshot(tmp_path / "silent", [*answers("y"), *crowd()]))
    family = dict.fromkeys(("x: yes", "x: no"), "x: *")
    assert 0.4 < evidence_of(changing, family)["x: yes"].replaced < 0.5
    assert evidence_of(changing, {})["x: yes"].replaced == 0
    assert evidence_of(silent, family)["x: yes"].replaced == 0
