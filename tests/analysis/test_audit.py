"""The audit counts tags as sets, keeps its order, and recognises the tags of postings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.snapshot_factory import Posting, Row, write_snapshot

from leverkit.analysis.audit import Audit, audit
from leverkit.errors import UsageError


def tag(result: Audit, text: str) -> dict[Any, Any]:
    (row,) = result.tags[result.tags["tag"] == text].to_dict("records")
    return row


def test_a_tag_on_one_of_two_siblings_is_counted_once_on_each_side(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("a", ["vip", "vip"]), Row("a", day=1), Row("b", ["vip"])]))
    row = tag(result, "vip")
    assert (row["opportunities"], row["contacts"]) == (2, 2)
    assert (row["split_contacts"], row["inconsistent_contacts"], row["missing"]) == (1, 1, 1)
    assert (row["coverage"], row["agreement"], row["expected"]) == (0.5, 0.0, 0.5)


def test_contacts_with_one_opportunity_are_never_split(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("a", ["vip"]), Row("b")]))
    assert result.contacts.empty
    assert result.inconsistencies.empty
    assert tag(result, "vip")["pattern"] == "-"


def test_agreeing_siblings_are_not_inconsistent(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("a", ["vip"]), Row("a", ["vip"]), Row("a", ["vip"])]))
    assert tag(result, "vip")["missing"] == 0
    assert tag(result, "vip")["agreement"] == 1.0
    assert result.inconsistencies.empty


PATTERNS = (
    ([Row("a", ["vip"], day=0), Row("a", day=1)], "newer"),
    ([Row("a", day=0), Row("a", ["vip"], day=1)], "older"),
    ([Row("a", day=0), Row("a", ["vip"], day=1), Row("a", day=2)], "mixed"),
    ([Row("a", ["vip"], day=0), Row("a", day=0)], "mixed"),
    ([Row("a", ["vip"], day=0, archived=True), Row("a", day=1)], "archived only"),
    ([Row("a", ["vip"], day=0, archived=True), Row("a", day=1, archived=True)], "newer"),
)


def test_the_pattern_says_where_a_tag_is_missing(tmp_path: Path) -> None:
    rows = [
        replace(row, contact=f"c{number}", tags=[f"{tag} {number}" for tag in row.tags])
        for number, (case, _) in enumerate(PATTERNS)
        for row in case
    ]
    result = audit(write_snapshot(tmp_path, rows))
    expected = {f"vip {number}": pattern for number, (_, pattern) in enumerate(PATTERNS)}
    for frame in (result.inconsistencies, result.tags):
        assert dict(zip(frame["tag"], frame["pattern"], strict=True)) == expected


def test_a_tag_with_many_patterns_is_mixed(tmp_path: Path) -> None:
    rows = [Row("a", ["vip"]), Row("a", day=1), Row("b"), Row("b", ["vip"], day=1)]
    assert tag(audit(write_snapshot(tmp_path, rows)), "vip")["pattern"] == "mixed"


def test_split_contacts_come_largest_first(tmp_path: Path) -> None:
    rows = [Row("b", ["x"]), Row("b"), Row("c"), Row("c"), Row("c", archived=True), Row("a"), Row("a")]
    contacts = audit(write_snapshot(tmp_path, rows)).contacts
    assert contacts["contact"].tolist() == ["c", "a", "b"]
    assert contacts["inconsistent_tags"].tolist() == [0, 0, 1]
    assert contacts["archived"].tolist() == [1, 0, 0]


def test_an_empty_account_has_no_findings(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, []))
    assert result.findings.empty
    assert result.headline == "No gaps: the account has no opportunities"


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a snapshot"):
        audit(tmp_path / "nothing")


TAGS = st.lists(st.sampled_from(["a", "b", " b", "A", "c'd", "$x_$"]), max_size=4)


@settings(
    max_examples=8, deadline=None
)  # few, but each with many contacts: an audit costs a quarter of a second
@given(st.lists(st.tuples(st.sampled_from("pqrstuvwxyz"), TAGS, st.integers(0, 3)), max_size=60))
def test_every_figure_is_what_plain_sets_give(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]
) -> None:
    rows = [Row(contact, tags, day=day) for contact, tags, day in drawn]
    result = audit(write_snapshot(tmp_path_factory.mktemp("s"), rows))
    siblings: dict[str, list[set[str]]] = {}
    for row in rows:
        siblings.setdefault(row.contact, []).append(set(row.tags))
    expected = sorted(
        (contact, text, have, len(sets) - have)
        for contact, sets in siblings.items()
        for text in set().union(*sets)
        if 0 < (have := sum(text in tags for tags in sets)) < len(sets)
    )
    frame = result.inconsistencies
    assert list(frame[["contact", "tag", "have", "lack"]].itertuples(index=False, name=None)) == expected
    assert result.summary["missing"] == sum(lack for *_, lack in expected)
    lacking = {contact: 0 for contact, *_ in expected}
    for contact, *_, lack in expected:
        lacking[contact] += lack
    people = result.standing().people.set_index("contact")
    assert people.sum(axis="columns").to_dict() == lacking


def test_rows_that_are_read_later_are_those_of_the_snapshot_that_was_audited(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("p", ["a"]), Row("p")]))
    write_snapshot(tmp_path, [Row("p", ["b"]), Row("p")])
    with pytest.raises(UsageError, match="pulled again"):
        result.inconsistencies  # noqa: B018


def test_the_order_does_not_depend_on_the_run(tmp_path: Path) -> None:
    rows = [Row(f"c{n % 7}", [f"t{n % 5}", f"t{n % 3}"], day=n) for n in range(40)]
    folder = write_snapshot(tmp_path, rows)
    assert audit(folder).to_json() == audit(folder).to_json()


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "$a_$",
    r"$\foo$",
    "=cmd|' /C calc'!A0",
    "‮abc",
    "</script><b>",
    "\x00\x1b[31m",
]


def test_hostile_tags_do_nothing(tmp_path: Path) -> None:
    rows = [Row("<b>", HOSTILE), Row("<b>", day=1)]
    result = audit(write_snapshot(tmp_path / "s", rows))
    page = result.to_html(tmp_path / "audit.html").read_text()
    assert "<img src=x" not in page + result._repr_html_()
    assert "<b>" not in page + result._repr_html_()
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert json.loads(result.to_json())["summary"]["tags"] == len(HOSTILE)


def test_the_report_is_one_small_page_that_asks_nobody(tmp_path: Path) -> None:
    rows = [Row(f"contact-number-{n % 60}", [f"t{n % 45}"], day=n) for n in range(200)]
    path = audit(write_snapshot(tmp_path / "s", rows)).to_html(tmp_path / "audit.html")
    page = path.read_text()
    assert path.stat().st_size < 400_000
    assert "default-src 'none'" in page
    assert "<script" not in page
    asked = re.findall(r'(?:src|srcset|action|data)="(?!data:)|url[(]|@import|<link|<iframe|<object', page)
    assert asked == []
    assert "contact-number-1" not in page


def codes(result: Audit) -> dict[str, int]:
    return dict(zip(result.findings["code"], result.findings["count"], strict=True))


def test_findings_have_their_codes(tmp_path: Path) -> None:
    rows = [
        Row("a", ["VIP "], archived=True, updated=False),
        Row("a", day=1),
        Row("b", ["vip"]),
        Row("c", ["vip"]),
    ]
    result = audit(write_snapshot(tmp_path, rows, not_seen=["confidential opportunities"]))
    assert codes(result) == {"LK101": 1, "LK102": 1, "LK111": 1, "LK121": 1, "LK131": 1}
    duplicate = result.findings.set_index("code").loc["LK111"]
    assert duplicate["subject"] == "vip"
    assert "'vip' (2), 'VIP ' (1)" in duplicate["evidence"]


def test_posting_tags_are_no_finding_of_a_missing_tag(tmp_path: Path) -> None:
    rows = [Row("a", ["Sales"], posting="p"), Row("a", day=1)]
    result = audit(write_snapshot(tmp_path, rows, [Posting("p", "Clerk", department="Sales")]))
    assert "LK101" not in codes(result)
    assert result.summary["missing_not_posting"] == 0


def test_no_tag_is_said_to_have_the_most_gaps_where_others_have_as_many(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("a", ["vip", "german"]), Row("a", day=1)]))
    assert result.coverage_chart().alt.startswith("2 tags have the most gaps: 1 each. Missing: ")


def test_the_charts_say_what_they_show(tmp_path: Path) -> None:
    rows = [Row("a", ["vip", "Sales"], posting="p"), Row("a", day=1), Row("b", ["vip"])]
    result = audit(write_snapshot(tmp_path, rows, [Posting("p", department="Sales")]))
    assert result.coverage_chart().alt == (
        "vip has the most gaps: missing on 1 of 2 opportunities. Missing: vip on 1 of 2"
    )
    assert result.contacts_chart().alt == "1 of 1 person with several opportunities has exactly two: 1 with 2"
    assert result.agreement_chart().alt == (
        "Half of the siblings or more agree on 0 of 1 tag with gaps. Most agreement: "
        "vip covers 50%, siblings agree 0%"
    )


def test_near_duplicates_are_drawn_with_those_that_part_most_first(tmp_path: Path) -> None:
    rows = [
        Row("a", ["VIP", "Dev"]),
        Row("b", ["vip"]),
        Row("c", ["vip"]),
        Row("d", ["dev"]),
        Row("e", ["DEV"]),
    ]
    result = audit(write_snapshot(tmp_path, rows))
    assert result.spellings_chart().alt == (
        "2 opportunities use another spelling of DEV: DEV on 1, Dev on 1, dev on 1; vip on 2, VIP on 1"
    )


def test_an_audit_without_findings_draws_no_empty_pictures(tmp_path: Path) -> None:
    page = audit(write_snapshot(tmp_path / "s", [Row("a", ["vip"])])).to_html(tmp_path / "a.html").read_text()
    assert "<img" not in page
    assert "No gaps: nobody has several opportunities" in page
    assert page.count("<h2>No gaps</h2>") == 1


def test_a_person_is_drawn_as_a_matrix_of_tags_and_opportunities(tmp_path: Path) -> None:
    rows = [Row("abc", ["vip", "<b>x"], archived=True), Row("abc", ["vip"], day=1), Row("abd", ["other"])]
    drawn = audit(write_snapshot(tmp_path, rows, host="api.lever.co")).contact("abc")._repr_html_()
    assert "1 of 2 tags is on all 2 opportunities" in drawn
    assert drawn.count("●") == 3
    assert "&lt;b&gt;x" in drawn
    assert "https://hire.lever.co/candidates/00000001-" in drawn
    assert "other" not in drawn


@pytest.mark.parametrize(("start", "number"), [("ab", 2), ("x", 0)])
def test_a_person_has_to_be_one(tmp_path: Path, start: str, number: int) -> None:
    result = audit(write_snapshot(tmp_path, [Row("abc"), Row("abd")]))
    with pytest.raises(UsageError, match=f"{number} contacts have an id that begins with '{start}'"):
        result.contact(start)


def test_the_json_tells_how_far_the_account_is_and_names_no_contact(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("somebody", ["vip"]), Row("somebody", day=1)]))
    result.remember()
    document = json.loads(result.to_json())
    assert document["readiness"]["to_decide"] == 1
    assert [state["ready"] for state in document["history"]] == [0.0]
    assert "somebody" not in result.to_json()


def described(name: str) -> dict[str, str]:
    """Return the type of each column of a frame, from its table in docs/audit.md."""
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    part = page.split(f"### `audit.{name}`")[1].split("\n### ")[0].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", part, re.MULTILINE))


TYPES = {
    "str": "text",
    "object": "text",
    "int64": "integer",
    "int32": "integer",
    "float64": "number",
    "bool": "yes or no",
}


FRAMES = ("tags", "contacts", "inconsistencies", "findings", "sizes", "spellings", "placements", "costs")


def test_the_frames_are_as_the_page_describes_them(tmp_path: Path) -> None:
    rows = [Row("a", ["vip", "Sales"], posting="p"), Row("a", day=1), Row("b", ["vip"])]
    result = audit(write_snapshot(tmp_path, rows, [Posting("p", department="Sales")]))
    for name in FRAMES:
        kinds = getattr(result, name).dtypes.items()
        assert {column: TYPES.get(str(kind), "time") for column, kind in kinds} == described(name)


def test_the_frames_answer_questions(tmp_path: Path) -> None:
    result = audit(write_snapshot(tmp_path, [Row("a", ["vip", "x"]), Row("a", ["x"], day=1)]))
    assert result.tags.query("missing > 0 and not posting_tag")["tag"].tolist() == ["vip"]


def test_an_account_without_gaps_or_people_has_a_page_with_every_section(tmp_path: Path) -> None:
    for name, rows in (("none", []), ("alone", [Row("a", ["vip"])]), ("same", [Row("a"), Row("a", day=1)])):
        found = audit(write_snapshot(tmp_path / name, rows))
        assert {"ready", "person", "when", "where", "decide", "people", "account"} <= set(found.sections())
        assert (
            found.to_html(tmp_path / f"{name}.html").read_text(encoding="utf-8").count("<h2>No gaps</h2>")
            == 1
        )
