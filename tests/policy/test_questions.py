"""People are asked first what settles most; a family is one question, and near-duplicates are asked alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from leverkit.errors import UsageError
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
from leverkit.policy.questions import items, left, members, parts, questions
from leverkit.policy.review import Review


def row(tag: str, gaps: int, confidence: float | None = None, **more: object) -> Decision:
    scope = "undecided" if confidence is None else "contact"
    found = Decision(tag, suggested_scope=scope, confidence=confidence, evidence={"missing": gaps})
    return replace(found, **more)  # type: ignore[arg-type]


BATCHES = tuple(row(f"Batch {number}", 40, 0.9, family="Batch *") for number in range(3))
ROWS = (
    row("sure", 100, 0.98),
    row("odd", 30),
    *BATCHES,
    row("nowhere", 0),
    row("Sales", 0, 0.6, evidence={"missing": 900, "posting_tag": True}),
    row("done", 7, scope="ignore", decided_by="ann"),
)


def test_the_first_question_is_the_one_with_most_gaps_in_doubt_and_postings_come_last() -> None:
    asked = questions(ROWS)
    assert [item.name for item in asked] == ["odd", "Batch *", "sure", "Sales"]
    assert [(item.gaps, item.at_stake) for item in asked[:3]] == [(30, 15.0), (120, 12.0), (100, 2.0)]
    assert [item.name for item in questions(ROWS, number=1)] == ["odd"]


def test_a_question_names_the_tags_that_it_settles_and_what_is_suggested() -> None:
    _, batch, *_ = questions(ROWS)
    assert batch.sentence == "Batch * (120 gaps, 3 tags), suggested: contact: Batch 0, Batch 1, Batch 2"
    assert batch.as_dict() == {
        "name": "Batch *",
        "family": "Batch *",
        "tags": ("Batch 0", "Batch 1", "Batch 2"),
        "gaps": 120,
        "at_stake": 12.0,
        "suggested": "contact",
    }


def test_what_is_left_counts_gaps_decisions_and_families_without_postings() -> None:
    rest = "in 3 decisions: 1 family and 2 other tags; besides, 1 tag of postings"
    assert left(ROWS) == f"250 of 257 gaps left to decide, {rest}"
    assert left(ROWS[-1:]) == "No gap is left to decide"
    assert parts(items(ROWS[:2])) == ""


def test_a_family_has_the_undecided_tags_of_its_name() -> None:
    rows = (*BATCHES, replace(BATCHES[0], tag="Batch 9", scope="ignore"))
    assert members(rows, "Batch *") == ["Batch 0", "Batch 1", "Batch 2"]
    with pytest.raises(UsageError, match=r"no tag .* family 'batch \*'; did you mean 'Batch \*'\?"):
        members(rows, "batch *")


def test_a_near_duplicate_that_its_family_decided_is_asked_for_alone(tmp_path: Path) -> None:
    slip = row("Bacth 1", 5, family="Batch *", evidence={"missing": 5, "spelling_of": "Batch 1"})
    Policy((*BATCHES, slip)).write(tmp_path / "policy.csv")
    review = Review(tmp_path / "policy.csv", by="ann")
    review.decide_family([each.tag for each in (*BATCHES, slip)], "contact")
    assert [item.name for item in questions(review.policy.decisions)] == ["Bacth 1"]
    assert "5 of 125 gaps left to decide, in 1 decision. These settle most: Bacth 1" in review.left
    review.decide({"Bacth 1": "contact"})
    assert review.left == "No gap is left to decide."


def test_a_family_does_not_make_a_tag_of_postings_a_contact_tag(tmp_path: Path) -> None:
    Policy(ROWS).write(tmp_path / "policy.csv")
    review = Review(tmp_path / "policy.csv", by="ann")
    assert "1 tag of postings not decided" in review.decide_family(["Sales", "odd"], "contact")[-1]
    assert (review.policy.scopes["Sales"], review.policy.scopes["odd"]) == ("undecided", "contact")
    with pytest.raises(UsageError, match="contact is decided on its own row"):
        review.policy.decide({"Sales": "contact"}, by="ann", decided_with="family")


def test_a_family_leaves_what_somebody_else_decided_on_a_tag_s_own_row(tmp_path: Path) -> None:
    own = replace(BATCHES[0], tag="Batch 9", scope="opportunity", decided_by="ben")
    Policy((*BATCHES, own)).write(tmp_path / "policy.csv")
    review = Review(tmp_path / "policy.csv", by="ann")
    tags = [each.tag for each in (*BATCHES, own)]
    assert "1 tag not changed: somebody else" in review.decide_family(tags, "contact")[-1]
    assert set(review.policy.scopes.items()) == {(tag, "contact") for tag in tags[:3]} | {
        ("Batch 9", "opportunity")
    }
    assert review.decide_family(tags[:3], "ignore") == []
    assert review.policy.scopes["Batch 0"] == "ignore"
