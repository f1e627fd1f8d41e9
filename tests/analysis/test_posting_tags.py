"""Tags of postings are known by their text while the posting is listed, and by structure when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.snapshot_factory import Posting, Row, write_snapshot

from leverkit.analysis.audit import audit


def judged(folder: Path, rows: list[Row], postings: list[Posting] | None = None) -> dict[str, dict[Any, Any]]:
    frame = audit(write_snapshot(folder, rows, postings or [])).tags
    return {row["tag"]: row for row in frame.to_dict("records")}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "X"),
        ("team", "X"),
        ("department", "X"),
        ("location", "X"),
        ("commitment", "X"),
        ("level", "X"),
    ]
    + [("locations", ["Y", "X"]), ("tags", ["X"])],
)
def test_every_field_of_a_posting_is_recognised(tmp_path: Path, field: str, value: Any) -> None:
    tags = judged(tmp_path, [Row("a", ["X", "vip"], "p")], [Posting("p", **{field: value})])
    assert tags["X"]["posting_tag"]
    assert not tags["vip"]["posting_tag"]


def test_the_match_is_reported_as_the_posting_spells_it(tmp_path: Path) -> None:
    tags = judged(tmp_path, [Row("a", [" full-TIME"], "p")], [Posting("p", commitment="Full-time")])
    assert tags[" full-TIME"]["why"] == "equals the commitment 'Full-time' of a posting"


def test_a_text_that_other_postings_have_is_doubted_but_not_called_a_posting_tag(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["Python"] if n % 3 == 0 else [], f"p{n % 4}") for n in range(60)]
    postings = [Posting(f"p{n}", f"Post {n}") for n in range(4)] + [Posting("other", tags=["Python"])]
    tag = judged(tmp_path, rows, postings)["Python"]
    assert not tag["posting_tag"]
    assert 0 < tag["posting_strength"] < 0.5


def posts(n: int) -> list[str]:
    """Return the tags that a posting gives: its title, one of two teams, one of two places."""
    return [f"Title {n}", f"Team {n % 2}", f"Place {n // 2 % 2}"]


def test_a_deleted_posting_is_recognised_by_what_its_opportunities_share(tmp_path: Path) -> None:
    rows = [
        Row(f"c{n}", [*posts(n % 6), *(["vip"] if n % 5 == 0 else [])], f"gone{n % 6}") for n in range(120)
    ]
    tags = judged(tmp_path, rows)
    assert {text for text, row in tags.items() if row["posting_tag"]} == {
        t for n in range(6) for t in posts(n)
    }


def test_a_former_title_is_recognised_because_only_one_posting_has_it(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["Old title" if n < 12 and n % 2 else "t"], f"p{n % 6}") for n in range(120)]
    rows += [Row(f"d{n}", ["Old title"], "p1") for n in range(4)]
    rows = [Row(r.contact, r.tags if r.posting == "p1" else ["t"], r.posting) for r in rows]
    tags = judged(tmp_path, rows)
    assert tags["Old title"]["posting_tag"]
    assert "of one posting" in tags["Old title"]["why"]


def test_without_any_posting_known_tags_are_recognised_by_their_company(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", [*posts(n % 6), *(["vip"] if n % 7 == 0 else [])]) for n in range(180)]
    tags = judged(tmp_path, rows)
    assert {f"Title {n}" for n in range(6)} <= {text for text, row in tags.items() if row["posting_tag"]}
    assert not tags["vip"]["posting_tag"]


def test_many_applications_of_one_person_to_one_posting_prove_nothing(tmp_path: Path) -> None:
    rows = [Row("a", ["mine"], "p") for _ in range(10)] + [Row(f"c{n}", ["x"], "p") for n in range(10)]
    assert not judged(tmp_path, rows)["mine"]["posting_tag"]


def test_a_tag_that_few_people_have_at_one_deleted_posting_is_doubted(tmp_path: Path) -> None:
    postings = [Posting(f"p{n}", f"Title {n}", team="Team 1", location="Berlin") for n in range(4)]
    crowd = [Row(f"d{n}", [f"Title {n % 4}", "Team 1", "Berlin"], f"p{n % 4}") for n in range(80)]
    gone = ["Team 1", "Berlin", "Gone title"]
    rows = [Row(f"c{n}", gone, None, day=200 * turn) for n in range(3) for turn in (0, 1)]
    anybody = [Row(f"e{n}", ["vip"], f"p{n}", day=200 * turn) for n in range(3) for turn in (0, 1)]
    tags = judged(tmp_path, [*crowd, *rows, *anybody], postings)
    assert 0 < tags["Gone title"]["posting_strength"] < 0.5
    assert tags["Gone title"]["why"].endswith("100% of its opportunities are of no listed posting")
    assert tags["vip"]["posting_strength"] == 0


def test_a_tag_of_few_people_is_doubted_where_no_text_of_its_posting_is_known(tmp_path: Path) -> None:
    rows = [
        Row(f"c{n}", ["Title", "Team", "Town"], None, day=200 * turn) for n in range(3) for turn in (0, 1)
    ]
    crowd = [Row(f"d{n}", ["Sales"], "p") for n in range(40)]
    tags = judged(tmp_path, [*rows, *crowd], [Posting("p", team="Sales")])
    assert all(0 < tags[text]["posting_strength"] < 0.5 for text in ("Title", "Team", "Town"))
