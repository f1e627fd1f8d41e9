"""A review writes each decision to the file at once, can undo it, and loses no decision of anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from leverkit.errors import UsageError
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
from leverkit.policy.review import Review, View


def row(tag: str, suggested: str, confidence: float, **evidence: float) -> Decision:
    return Decision(tag, suggested_scope=suggested, confidence=confidence, evidence=evidence)


ROWS = (
    row("vip", "contact", 0.97, missing=30, at_stake=0.9),
    row("no-show", "opportunity", 0.8, missing=50, at_stake=10.0),
    row("Sales", "opportunity", 0.99, missing=900, at_stake=9.0, posting_tag=True),
    row("odd", "undecided", 0.5, missing=4, at_stake=2.0),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Policy(ROWS).write(tmp_path / "policy.csv")
    return tmp_path / "policy.csv"


def ada(file: Path, by: str = "ada") -> Review:
    return Review(file, by=by, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))


def tags(review: Review, **view: object) -> list[str]:
    return [row.tag for row in review.look(View(**view)).decisions]  # type: ignore[arg-type]


def test_a_decision_is_in_the_file_at_once_with_its_name_and_time(file: Path) -> None:
    assert ada(file).decide({"vip": "contact"}) == []
    (vip,) = [row for row in Policy.read(file).decisions if row.tag == "vip"]
    assert (vip.scope, vip.decided_by, vip.decided_at) == ("contact", "ada", "2026-01-02T00:00:00.000+00:00")


def test_what_is_at_stake_comes_first_and_postings_last(file: Path) -> None:
    assert tags(ada(file)) == ["no-show", "odd", "vip", "Sales"]
    assert tags(ada(file), order="confidence")[0] == "Sales"
    assert tags(ada(file), order="tag") == ["no-show", "odd", "Sales", "vip"]


def test_it_filters_by_text_and_by_scope(file: Path) -> None:
    review = ada(file)
    review.decide({"vip": "contact"})
    assert tags(review, text="SHO") == ["no-show"]
    assert tags(review, shown="contact") == ["vip"]
    assert len(tags(review, shown="everything")) == 4


def test_it_shows_page_after_page_and_none_beyond_the_last(file: Path) -> None:
    page = ada(file).look(View(size=3, page=7))
    assert ([row.tag for row in page.decisions], page.page, page.pages, page.total) == (["Sales"], 1, 2, 4)


def test_accepting_takes_what_is_sure_and_undecided(file: Path) -> None:
    review = ada(file)
    review.decide({"Sales": "ignore"})
    review.accept(0.95)
    assert Policy.read(file).scopes == {
        "vip": "contact",
        "no-show": "undecided",
        "Sales": "ignore",
        "odd": "undecided",
    }


def test_undo_takes_back_step_by_step(file: Path) -> None:
    before = Policy.read(file).decisions
    review = ada(file)
    review.accept(0.5)
    review.decide({"vip": "ignore"})
    review.undo()
    assert Policy.read(file).scopes["vip"] == "contact"
    review.undo()
    assert Policy.read(file).decisions == before
    assert review.undo() == ["nothing to undo"]


def test_two_people_who_decide_on_different_tags_lose_nothing(file: Path) -> None:
    one, other = ada(file), ada(file, "bob")
    one.decide({"vip": "contact"})
    assert other.decide({"odd": "ignore"}) == ["ada decided meanwhile: 'vip' is contact"]
    assert Policy.read(file).scopes == {
        "vip": "contact",
        "no-show": "undecided",
        "Sales": "undecided",
        "odd": "ignore",
    }


def test_a_decision_of_somebody_else_on_the_same_tag_is_shown_and_not_overwritten(file: Path) -> None:
    one, other = ada(file), ada(file, "bob")
    one.decide({"vip": "contact"})
    assert other.decide({"vip": "ignore"}) == ["ada decided meanwhile: 'vip' is contact"]
    assert Policy.read(file).scopes["vip"] == "contact"
    assert other.decide({"vip": "ignore"}) == []
    assert Policy.read(file).scopes["vip"] == "ignore"


def test_an_undo_that_could_not_be_written_can_be_tried_again(file: Path) -> None:
    review = Review(file, by="ada")
    tag = review.policy.decisions[0].tag
    before = review.policy.scopes[tag]
    review.decide({tag: "ignore"})
    content = file.read_bytes()
    file.write_text("no policy")
    with pytest.raises(UsageError):
        review.undo()
    file.write_bytes(content)
    review.undo()
    assert Policy.read(file).scopes[tag] == before


def test_undo_leaves_what_others_decided_since(file: Path) -> None:
    one, other = ada(file), ada(file, "bob")
    one.decide({"vip": "contact"})
    other.refresh()
    other.decide({"vip": "ignore"})
    one.undo()
    assert Policy.read(file).scopes["vip"] == "ignore"


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    Policy(tuple(Decision(f"t{n}") for n in range(24))).write(file)
    reviews = [ada(file, f"p{n}") for n in range(4)]

    def work(n: int) -> None:
        for place in range(n, 24, 4):
            reviews[n].decide({f"t{place}": "ignore"})

    threads = [Thread(target=work, args=(n,)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert set(Policy.read(file).scopes.values()) == {"ignore"}


def test_the_forecast_is_what_the_plan_would_do(file: Path) -> None:
    import pandas as pd

    gains = pd.DataFrame({"contact": ["a", "b", "a"], "tag": ["vip", "vip", "odd"], "adds": [1, 2, 1]})
    review = Review(file, by="ada", gains=gains)
    review.decide({"vip": "contact"})
    assert review.forecast == (
        "4 tags: 1 contact, 0 opportunity, 0 ignore, 3 undecided. "
        "The plan would add 3 taggings to opportunities of 2 people, and remove none."
    )


def test_undecided_are_shown_only_where_a_decision_matters(file: Path) -> None:
    Policy((Decision("everywhere", evidence={"missing": 0}), *ROWS)).write(file)
    review = ada(file)
    assert "everywhere" not in tags(review)
    assert "everywhere" in tags(review, shown="everything")
    assert "4 undecided; 1 more need no decision now: nobody lacks them" in review.forecast


def test_a_decision_that_a_spreadsheet_saved_over_is_told_until_it_is_made_again(file: Path) -> None:
    opened = file.read_bytes()
    review = ada(file)
    review.decide({"vip": "contact"})
    file.write_bytes(opened)  # a spreadsheet that had the file open, saved
    (line,) = review.refresh()
    assert line.startswith(
        "tag 'vip' was decided contact by ada (2026-01-02T00:00:00.000+00:00), and the file says"
    )
    review.decide({"odd": "ignore"})
    assert len(ada(file).policy.overwritten) == 1
    review.decide({"vip": "contact"})
    assert ada(file).policy.overwritten == []


def test_what_is_undone_here_is_not_told_as_lost(file: Path) -> None:
    review = ada(file)
    review.decide({"vip": "contact"})
    review.undo()
    assert ada(file).policy.overwritten == []


def test_an_unknown_tag_is_refused_and_nothing_written(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(UsageError, match="no such tag"):
        ada(file).decide({"nope": "contact"})
    assert file.read_bytes() == before
