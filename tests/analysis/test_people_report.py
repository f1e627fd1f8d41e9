"""The people who carry a tag, as the review shows them: who lacks it where, and how many."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.people_report import MOST, WIDE
from leverkit.errors import UsageError
from leverkit.snapshot.snapshot import Snapshot


def test_it_shows_who_lacks_the_tag_first_and_counts_as_the_audit_does(tmp_path: Path) -> None:
    rows = [Row("whole", ["vip"], day=1), Row("whole", ["vip"], day=2), Row("alone", ["vip"])]
    rows += [Row("lacks", day=3), Row("lacks", ["vip"], day=4, archived=True), Row("none"), Row("none")]
    facts = audit(write_snapshot(tmp_path / "s", rows))
    section = facts.people_with("vip")
    (tag,) = facts.tags.to_dict("records")
    assert (tag["split_contacts"], tag["inconsistent_contacts"]) == (2, 1)
    assert section.heading == "1 of 2 people with it and several opportunities lacks it on some"
    assert section.body.index("lacks<") < section.body.index("whole<")
    assert "○ 2023-11-17" in section.body
    assert "● 2023-11-18, archived" in section.body
    assert "alone" not in section.body


def test_many_people_and_many_opportunities_are_cut_and_counted(tmp_path: Path) -> None:
    rows = [Row(f"c{n:03}", ["vip"] if first else []) for n in range(MOST + 7) for first in (True, False)]
    rows += [Row("wide", ["vip"], day=n) for n in range(WIDE + 2)] + [Row("wide", day=99)]
    section = audit(write_snapshot(tmp_path / "s", rows)).people_with("vip")
    assert section.heading.startswith(f"{MOST + 8} of {MOST + 8} people")
    assert "8 more people" in section.body
    assert "and 3 more" in section.body


def test_a_tag_that_nobody_carries_is_refused_with_the_nearest(tmp_path: Path) -> None:
    facts = audit(Snapshot.open(write_snapshot(tmp_path / "s", [Row("a", ["German"]), Row("b", ["<i>"])])))
    with pytest.raises(UsageError, match="did you mean 'German'"):
        facts.people_with("Germn")
    assert facts.people_with("<i>").heading == "Nobody with several opportunities has this tag"
