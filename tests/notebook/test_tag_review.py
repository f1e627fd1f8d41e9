"""The review widget: clicks decide, the count follows, hostile tags do nothing, a table is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leverkit.notebook.tag_review import TagReview, described
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
    return [row.children[1] for row in review.rows.children]


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
