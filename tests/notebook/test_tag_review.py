"""The review widget: clicks decide, the count follows, hostile tags do nothing, a table is left."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.notebook.tag_review import TagReview
from leverkit.notebook.tag_row import UNFOLDED, FamilyRow, described
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy

HOSTILE = "<img src=x onerror=alert(1)>"


def suggested(tag: str, **evidence: int) -> Decision:
    return Decision(tag, suggested_scope="contact", confidence=0.96, evidence={"missing": 30, **evidence})


@pytest.fixture
def review(tmp_path: Path) -> TagReview:
    rows = [suggested(f"t{n:02}", at_stake=20 - n) for n in range(15)]
    Policy((*rows, Decision(HOSTILE, evidence={"missing": 1}))).write(tmp_path / "policy.csv")
    return TagReview(tmp_path / "policy.csv", by="ada")


def toggles(review: TagReview) -> list[Any]:
    return [row.scopes for row in review.rows.children]


def scopes(review: TagReview) -> dict[str, str]:
    return Policy.read(review.review.path).scopes


def test_a_click_decides_in_the_file_and_moves_the_count(review: TagReview) -> None:
    toggles(review)[0].value = "contact"
    assert scopes(review)["t00"] == "contact"
    assert (
        "16 tags: 1 contact, 0 opportunity, 0 ignore, 15 undecided. The plan would add 30 taggings"
        in review.forecast.value
    )


def test_a_decided_row_stays_until_the_page_turns(review: TagReview) -> None:
    before = review.rows.children
    toggles(review)[0].value = "contact"
    assert review.rows.children == before
    review.shown.value = "contact"
    assert [row.value for row in toggles(review)] == ["contact"]


def test_pages_turn_and_stop_at_the_ends(review: TagReview) -> None:
    assert (len(review.rows.children), review.before.disabled, review.after.disabled) == (12, True, False)
    review.after.click()
    assert (len(review.rows.children), review.before.disabled, review.after.disabled) == (4, False, True)
    assert review.where.value == "16 tags, page 2 of 2"


def test_accept_says_how_many_and_undo_takes_them_back(review: TagReview) -> None:
    assert review.accept.description == "Accept 15 suggestions: 15 contact"
    review.accept.click()
    assert list(scopes(review).values()).count("contact") == 15
    assert review.accept.disabled
    review.undo.click()
    assert set(scopes(review).values()) == {"undecided"}


def test_finding_a_tag_narrows_the_rows(review: TagReview) -> None:
    review.search.value = "T03"
    assert len(review.rows.children) == 1


def test_a_click_on_its_way_while_other_rows_come_decides_on_the_row_that_was_seen(review: TagReview) -> None:
    seen = toggles(review)[0]
    for text in ("t", "t0", "t03"):
        review.search.value = text
    seen.value = "ignore"
    assert {tag for tag, scope in scopes(review).items() if scope == "ignore"} == {"t00"}
    assert "t00: ignore. Undo takes it back." in review.last.value
    assert [row.tags for row in review.rows.children] == [("t03",)]


def test_showing_a_decision_of_others_decides_nothing(review: TagReview) -> None:
    Policy.read(review.review.path).decide({"t00": "contact"}, by="bob").write(review.review.path)
    review.shown.value = "everything"
    review.refresh.click()
    (row,) = [row for row in review.rows.children if row.tags == ("t00",)]
    assert row.scopes.value == "contact"
    assert "decided by bob" in row.line.value
    assert not review.review._done


def test_a_note_is_written_with_its_tag_and_undone(review: TagReview) -> None:
    row = review.rows.children[0]
    row.more.click()
    row.note.value = "asked Tom"
    assert {d.tag: d.note for d in Policy.read(review.review.path).decisions if d.note} == {
        "t00": "asked Tom"
    }
    review.undo.click()
    assert (row.note.value, Policy.read(review.review.path).decisions[0].note) == ("", "")
    row.more.click()
    assert not row.details.children


@pytest.fixture
def families(tmp_path: Path) -> TagReview:
    """Give a review of two families, one of them with a tag that is decided already."""
    rows = [suggested(f"Batch {n}", at_stake=n) for n in range(3)]
    rows += [suggested("Speaks German", at_stake=9), suggested("vip", at_stake=5)]
    with_family = [replace(row, family="Batch *") for row in rows[:3]]
    other = replace(rows[3], family="Speaks *")
    done = replace(with_family[0], tag="Batch 9", scope="ignore", decided_by="bob")
    Policy((*with_family, done, other, rows[4])).write(tmp_path / "policy.csv")
    return TagReview(tmp_path / "policy.csv", by="ada")


def test_a_family_is_one_row_that_decides_the_tags_it_names(families: TagReview) -> None:
    assert [row.tags for row in families.rows.children] == [
        ("Speaks German",),
        ("vip",),
        ("Batch 0", "Batch 1", "Batch 2"),
    ]
    family = families.rows.children[2]
    assert "Batch * · family of 3 tags · 90 gaps" in re.sub("<[^>]*>", "", family.line.value)
    family.scopes.value = "opportunity"
    assert {tag for tag, scope in scopes(families).items() if scope == "opportunity"} == set(family.tags)
    assert scopes(families)["Batch 9"] == "ignore"


def test_a_family_unfolds_to_its_members_and_shows_where_they_differ(families: TagReview) -> None:
    family = families.rows.children[2]
    assert isinstance(family, FamilyRow)
    family.more.click()
    first, *_ = family.details.children
    first.scopes.value = "contact"
    assert (scopes(families)["Batch 0"], family.scopes.value) == ("contact", None)
    family.scopes.value = "ignore"
    assert [row.scopes.value for row in family.details.children] == ["ignore"] * 3


def test_a_large_family_unfolds_to_some_of_its_members(tmp_path: Path) -> None:
    rows = [replace(suggested(f"Batch {n}", at_stake=n), family="Batch *") for n in range(UNFOLDED + 2)]
    Policy(tuple(rows)).write(tmp_path / "policy.csv")
    (family,) = TagReview(tmp_path / "policy.csv", by="ada").rows.children
    family.more.click()
    *shown, more = family.details.children
    assert (len(shown), more.value) == (UNFOLDED, "and 2 more: find them by name")


def test_a_near_duplicate_is_copied_by_a_click_on_its_own_row_only(tmp_path: Path) -> None:
    row = replace(suggested("Batch 1", at_stake=5), family="Batch *")
    slip = replace(row, tag="batch-1", evidence={**row.evidence, "spelling_of": "Batch 1"})
    Policy((row, slip)).write(tmp_path / "policy.csv")
    review = TagReview(tmp_path / "policy.csv", by="ada")
    review.rows.children[0].scopes.value = "contact"
    assert scopes(review) == {"Batch 1": "contact", "batch-1": "undecided"}
    assert "These settle most: batch-1" in review.last.value
    review.refresh.click()
    (own,) = review.rows.children
    assert own.scopes.value is None
    own.scopes.value = "contact"
    assert scopes(review)["batch-1"] == "contact"


def test_a_tag_unfolds_to_the_people_who_carry_it(tmp_path: Path) -> None:
    people = [Row(c, ["vip"] if c != "b" or n else [], id=f"{c}{n}") for c in "ab" for n in range(2)]
    facts = audit(write_snapshot(tmp_path / "snapshot", people))
    Policy((suggested("vip"), suggested("gone"))).write(tmp_path / "policy.csv")
    review = TagReview(tmp_path / "policy.csv", by="ada", audit=facts)
    texts = {}
    for row in review.rows.children:
        row.more.click()
        texts[row.tags[0]] = row.details.children[1].value
    assert "1 of 2 people with it and several opportunities lacks it on some" in texts["vip"]
    assert texts["vip"].count("○") == 1 + 2  # the caption and its label have one
    assert "no opportunity carries the tag &#39;gone&#39;" in texts["gone"]


def test_what_others_decided_is_shown(review: TagReview) -> None:
    Policy.read(review.review.path).decide({"t05": "ignore"}, by="<b>bob").write(review.review.path)
    toggles(review)[0].value = "contact"
    assert "&lt;b&gt;bob decided meanwhile" in review.news.value


def test_a_hostile_tag_is_text() -> None:
    assert HOSTILE not in described(Decision(HOSTILE, reason=HOSTILE))
    assert described(Decision(HOSTILE)).count("&lt;img") == 1


def test_a_table_is_left_for_readers_without_a_kernel(review: TagReview) -> None:
    bundle = review._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<table" in bundle["text/html"]
    assert HOSTILE not in bundle["text/html"]
