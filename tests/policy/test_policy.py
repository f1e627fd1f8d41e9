"""Decisions survive spreadsheets and new suggestions; bad input gets one clear line."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.any_text import any_text
from support.snapshot_factory import Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.errors import UsageError
from leverkit.planning.planner import plan
from leverkit.policy.decision import COLUMNS, MACHINE, SCOPES, Decision
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot

HEADER = ",".join(COLUMNS)
AWKWARD = [
    " a",
    "a ",
    '"',
    "a,b",
    "a;b",
    "a\nb",
    "a\r\nb",
    "it's",
    "'=x",
    "=cmd|' /C calc'!A0",
    "+1",
    "-",
    "@x",
    "3.10",
    "$a_$",
    "‮abc",
    "<b>",
]


def file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "policy.csv"
    path.write_bytes(text.encode(encoding))
    return path


def decided(
    scope: str, by: str = "ada", at: str = "2026-01-02T00:00:00+00:00", tag: str = "vip", **more: Any
) -> Policy:
    return Policy((Decision(tag, scope, by, at, **more),))


@settings(deadline=None)  # a file is written and synced to the disk each time
@given(
    st.dictionaries(
        any_text(min_size=1, max_size=20) | st.sampled_from(AWKWARD),
        st.sampled_from(SCOPES),
        max_size=6,
    )
)
def test_every_tag_and_scope_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, scopes: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("policy") / "policy.csv"
    Policy(tuple(Decision(tag, scope) for tag, scope in scopes.items())).write(path)
    assert Policy.read(path).scopes == scopes


def test_every_column_comes_back_equal(tmp_path: Path) -> None:
    evidence = {"opportunities": 12, "agreement": 0.5, "pattern": "newer", "posting_tag": False}
    decision = Decision("vip", "contact", "ada", "2026-01-02", "=note", "contact", 0.97, "agrees", evidence)
    Policy((decision,)).write(tmp_path / "p.csv")
    (read,) = Policy.read(tmp_path / "p.csv").decisions
    assert {**read.evidence} == {**evidence, **{name: None for name in read.evidence if name not in evidence}}
    assert read.cells(COLUMNS) == decision.cells(COLUMNS)


def test_which_opportunities_get_a_tag_is_a_column_that_older_files_do_not_have(tmp_path: Path) -> None:
    path = file(
        tmp_path, "tag,scope,matching\na,contact,Active\nb,contact,all\nc,contact,\nd,contact,posting:X1\n"
    )
    assert [row.matching for row in Policy.read(path).decisions] == ["active", "all", "", "posting:X1"]
    Policy.read(path).write(path)
    assert [row.matching for row in Policy.read(path).decisions] == ["active", "all", "", "posting:X1"]
    with pytest.raises(
        UsageError, match=r"line 2, column matching: 'activ' .* did you mean 'active'\? Allowed: all"
    ):
        Policy.read(file(tmp_path, "tag,scope,matching\na,contact,activ\n"))


def test_the_digest_depends_on_a_matching_only_where_it_leaves_somebody_out() -> None:
    rows = {which: Policy((Decision("a", "contact", matching=which),)) for which in ("", "all", "active")}
    assert rows[""].digest == rows["all"].digest != rows["active"].digest
    other = Policy((Decision("a", "opportunity", matching="active"),))
    assert other.digest == Policy((Decision("a", "opportunity"),)).digest


def test_columns_stand_in_the_order_of_the_design(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    decided("contact").write(path)
    assert path.read_text().split("\r\n")[0].startswith(HEADER + ",opportunities,contacts,")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = 'scope;confidence;tag;mine\r\nContact ;"0,97";Größe;x\r\n'.replace(";", delimiter)
    policy = Policy.read(file(tmp_path, text, encoding))
    (decision,) = policy.decisions
    assert policy.scopes == {"Größe": "contact"}
    assert decision.confidence == 0.97
    assert decision.evidence == {"mine": "x"}


def test_a_file_of_two_columns_is_enough_and_an_empty_scope_is_undecided(tmp_path: Path) -> None:
    assert Policy.read(file(tmp_path, "tag,scope\nvip,contact\nnew,\n")).scopes == {
        "vip": "contact",
        "new": "undecided",
    }


def test_a_tag_that_is_an_empty_text_leaves_policy_csv_readable(tmp_path: Path) -> None:
    rows = [Row("ann", ("vip", "")), Row("ann"), Row("bob", ("vip", "")), Row("bob")]
    account = Snapshot.open(write_snapshot(tmp_path / "snapshot", rows))
    written = Policy.suggest(audit(account)).write(tmp_path / "policy.csv")
    assert Policy.read(tmp_path / "policy.csv").scopes == written.scopes == {"vip": "undecided"}
    decided = written.decide({"vip": "contact"}, by="ada")
    assert not decided.undecided(account)
    assert not decided.check(account)


def test_a_row_without_a_tag_that_an_earlier_version_suggested_is_passed_over(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope,confidence\nvip,contact,0.9\n,undecided,0.5\n")
    assert Policy.read(path).scopes == {"vip": "contact"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "tag,scope\nvip,person\n",
            r"line 2, column scope: 'person' is not a scope. Allowed: contact, opportunity",
        ),
        ("tag,note\nvip,x\n", r"line 1: no column 'scope'; the header is: tag, note"),
        ("tag,scope\nvip,contact\nx,ignore\nvip,ignore\n", r"line 4: tag 'vip' is already on line 2"),
        ("tag,scope\n,contact\n", r"line 2: the tag is empty"),
        ("tag,scope,scope\na,contact,contact\n", r"line 1: column 'scope' is there twice"),
        (
            "tag,scope,confidence\na,contact,1.5\n",
            r"line 2, column confidence: '1.5' is not a number from 0 to 1",
        ),
        ("tag,scope,suggested_scope\na,contact,x\n", r"line 2, column suggested_scope: 'x' is not a scope"),
    ],
)
def test_bad_input_names_file_line_and_what_is_allowed(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=rf"policy\.csv, {says}") as error:
        Policy.read(file(tmp_path, text))
    assert "\n" not in str(error.value)


def test_all_lines_that_are_wrong_are_told_at_once_with_what_was_meant(tmp_path: Path) -> None:
    text = "tag,scope\nvip,contct\nok,Contact\nx,oportunity\nvip2,person\nok,ignore\n"
    with pytest.raises(UsageError) as error:
        Policy.read(file(tmp_path, text))
    head, *lines = str(error.value).split("\n")
    assert head == "4 lines to correct:"
    assert [re.search(r"line \d", line)[0] for line in lines] == ["line 2", "line 4", "line 5", "line 6"]  # type: ignore[index]
    assert "'contct' is not a scope; did you mean 'contact'? Allowed: contact, opportunity" in lines[0]
    assert "did you mean 'opportunity'?" in lines[1]
    assert "did you mean" not in lines[2]


def test_a_suggestion_never_overwrites_a_decision(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope,note\nvip,contact,Ada said so\n")
    now = Policy(
        (Decision("vip", "opportunity", MACHINE, "2026-09-09T00:00:00+00:00", suggested_scope="opportunity"),)
    )
    (kept,) = now.write(path).decisions
    assert (kept.scope, kept.note, kept.suggested_scope) == ("contact", "Ada said so", "opportunity")
    assert Policy.read(path).scopes == {"vip": "contact"}


def test_an_accepted_suggestion_gives_way_to_a_person_but_not_to_another_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    decided("contact", by=MACHINE).write(path)
    assert Policy((Decision("vip"),)).write(path).scopes == {"vip": "contact"}
    assert decided("opportunity", by=MACHINE, at="2027-01-01").write(path).scopes == {"vip": "contact"}
    assert decided("ignore", at="").write(path).scopes == {"vip": "ignore"}


def test_a_note_without_a_scope_is_kept_too(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope,note\nvip,,ask Ada\n")
    assert Policy((Decision("vip"),)).write(path).decisions[0].note == "ask Ada"


def test_of_two_decisions_the_later_one_holds_and_the_file_wins_a_tie(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    decided("contact", at="2026-01-02T00:00:00+00:00").write(path)
    assert decided("ignore", at="2026-01-01T00:00:00+00:00").write(path).scopes == {"vip": "contact"}
    assert decided("ignore", at="2026-01-02T00:00:00+00:00").write(path).scopes == {"vip": "contact"}
    assert decided("ignore", at="2026-01-03T00:00:00+00:00").write(path).scopes == {"vip": "ignore"}


def test_of_two_decisions_in_one_second_the_later_one_holds_in_whatever_order_they_are_written(
    tmp_path: Path,
) -> None:
    second, path = datetime(2026, 1, 2, tzinfo=UTC), tmp_path / "p.csv"
    open_ = Policy((Decision("vip"),)).write(path)
    earlier = open_.decide({"vip": "contact"}, by="ada", at=second.replace(microsecond=100_000))
    later = open_.decide({"vip": "ignore"}, by="bob", at=second.replace(microsecond=900_000))
    assert (earlier.write(path).scopes, later.write(path).scopes) == ({"vip": "contact"}, {"vip": "ignore"})
    assert earlier.write(path).scopes == {"vip": "ignore"}


def test_a_decided_tag_that_vanished_from_the_account_keeps_its_row(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope\ngone,contact\nopen,\n")
    assert Policy((Decision("new"),)).write(path).scopes == {"new": "undecided", "gone": "contact"}


def test_columns_that_people_added_survive(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope,owner\nvip,,Ada\n")
    assert Policy((Decision("vip"),)).write(path).decisions[0].evidence["owner"] == "Ada"


def test_a_file_keeps_its_delimiter_and_its_byte_order_mark(tmp_path: Path) -> None:
    path = file(tmp_path, "tag;scope\nvip;contact\n", "utf-8-sig")
    Policy((Decision("vip"),)).write(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbftag;scope;")


def test_a_file_with_a_mistake_is_not_written_over(tmp_path: Path) -> None:
    path = file(tmp_path, "tag,scope\nvip,person\n")
    with pytest.raises(UsageError):
        Policy((Decision("vip"),)).write(path)
    assert path.read_text() == "tag,scope\nvip,person\n"


def test_decide_returns_a_new_policy_and_refuses_unknown_tags_and_scopes() -> None:
    policy = Policy((Decision("vip"), Decision("x")))
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    after = policy.decide({"vip": "contact"}, by="ada", at=moment)
    assert (policy.scopes["vip"], after.scopes) == ("undecided", {"vip": "contact", "x": "undecided"})
    assert after.decisions[0].decided_at == "2026-01-02T00:00:00.000+00:00"
    with pytest.raises(UsageError, match="no such tag in the policy: 'nope'"):
        policy.decide({"nope": "contact"}, by="ada")
    with pytest.raises(UsageError, match="no such tag in the policy: 'vjp'; did you mean 'vip'"):
        policy.decide({"vjp": "contact"}, by="ada")
    with pytest.raises(UsageError, match="'person' is not a scope"):
        policy.decide({"vip": "person"}, by="ada")


def test_the_digest_depends_on_tags_and_scopes_alone() -> None:
    one = Policy((Decision("a", "contact"), Decision("b")))
    other = Policy((Decision("b", note="later"), Decision("a", "contact", "ada")))
    assert one.digest == other.digest
    assert one.digest != Policy((Decision("a", "ignore"), Decision("b"))).digest


def snapshot(tmp_path: Path, **tags: bool) -> Snapshot:
    """Return an account of one person with two opportunities; each tag is on one (True: missing) or both."""
    both = [tag for tag, missing in tags.items() if not missing]
    rows = [Row("ann", [*tags]), Row("ann", both)]
    return Snapshot.open(write_snapshot(tmp_path / "snapshot", rows))


def test_check_names_unknown_missing_undecided_and_doubtful_tags(tmp_path: Path) -> None:
    doubtful = Decision("Sales", "contact", suggested_scope="opportunity", confidence=0.97, reason="a team")
    policy = Policy((doubtful, Decision("typo", "contact"), Decision("open")), "policy.csv")
    problems = policy.check(snapshot(tmp_path, Sales=False, open=True, unlisted=False))
    assert problems == [
        "policy.csv: tag 'typo' is not in the snapshot",
        "policy.csv: 1 tag has no row, so undecided: 'unlisted'",
        "policy.csv: tag 'Sales' is decided contact, the evidence says opportunity (confidence 0.97): a team",
        "LK201 policy.csv: 1 tag is undecided: 'open'",
    ]


def test_check_names_undecided_tags_of_postings_last(tmp_path: Path) -> None:
    rows = [Decision(tag, evidence={"posting_tag": tag != "vip"}) for tag in ("Alps", "Baku", "vip")]
    (line,) = Policy(tuple(rows), "p").check(snapshot(tmp_path, Alps=True, Baku=True, vip=True))
    assert line == "LK201 p: 3 tags are undecided, 2 of them from postings: 'vip', 'Alps', 'Baku'"


def test_check_names_postings_that_no_opportunity_has(tmp_path: Path) -> None:
    policy = Policy((Decision("vip", "contact", matching="posting:nosuch"),), "policy.csv")
    assert policy.check(snapshot(tmp_path, vip=True)) == ["policy.csv: no opportunity is of posting 'nosuch'"]


def test_check_has_nothing_to_say_about_a_finished_policy(tmp_path: Path) -> None:
    assert Policy((Decision("vip", "contact"),)).check(snapshot(tmp_path, vip=True)) == []


def test_undecided_is_the_same_number_in_the_file_in_check_and_in_the_plan(tmp_path: Path) -> None:
    write_generated(tmp_path / "generated", contacts=120, seed=2)
    account = Snapshot.open(tmp_path / "generated")
    policy = Policy.suggest(audit(account), accept=0.9)
    (listed,) = [line for line in policy.check(account) if line.startswith("LK201")]
    number = plan(account, policy).counts["undecided"]
    assert 0 < number < list(policy.scopes.values()).count("undecided")
    assert f"policy: {number} tags are undecided" in listed
    assert f", {number} undecided; " in policy.summary()


def test_a_decision_that_a_spreadsheet_saved_over_is_named_by_the_check(tmp_path: Path) -> None:
    path, account = tmp_path / "policy.csv", snapshot(tmp_path, vip=True, seed=True)
    Policy((Decision("vip"), Decision("seed"))).write(path)
    opened = path.read_bytes()
    Policy.edit(path, lambda policy: policy.decide({"vip": "contact"}, by="ada"))
    path.write_bytes(opened)
    Policy((Decision("vip"), Decision("seed"))).write(path)
    (line,) = [line for line in Policy.read(path).check(account) if "older version" in line]
    assert "tag 'vip' was decided contact by ada" in line
    path.write_text(path.read_text().replace("vip,undecided,,", "vip,undecided,ada,"))
    assert not [line for line in Policy.read(path).check(account) if "older version" in line]


WRITER = """
import sys
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
name, path = sys.argv[1:]
for number in range(20):
    Policy((Decision(f"{name}{number}", "contact", name),)).write(path)
"""


def test_two_processes_that_write_at_once_lose_no_decision(tmp_path: Path) -> None:
    path = tmp_path / "policy.csv"
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, name, str(path)]) for name in ("ada", "bob")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(Policy.read(path).scopes) == 40


def test_the_frame_has_numbers_and_the_drawing_is_escaped() -> None:
    policy = Policy((Decision("<img src=x onerror=alert(1)>", confidence=0.5, evidence={"missing": 3}),))
    assert policy.frame["confidence"].tolist() == [0.5]
    assert policy.frame["missing"].tolist() == [3]
    assert "<img" not in policy._repr_html_()
    assert "&lt;img" in policy._repr_html_()


def test_it_is_one_line_in_a_terminal_and_counts_its_scopes_in_a_notebook() -> None:
    policy = Policy((Decision("vip", "contact"), Decision("x")))
    assert repr(policy) == "<Policy of 2 tags>"
    assert "2 tags: 1 contact, 0 opportunity, 0 ignore, 1 undecided" in policy._repr_html_()


def test_the_chart_shows_what_is_missing_with_its_scope() -> None:
    evidence = {"present": 2, "missing": 3}
    policy = Policy((Decision("vip", "contact", evidence=evidence), Decision("x", evidence={"missing": 0})))
    assert policy.chart(title="T").alt == "T. Missing: vip on 3 of 5"


def test_a_policy_that_is_not_there_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nope\.csv: no such file; `leverkit policy suggest` writes"):
        Policy.read(tmp_path / "nope.csv")


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "#N/A", "1,234", "many"])
def test_evidence_that_a_program_spoilt_only_informs(tmp_path: Path, cell: str) -> None:
    path = file(tmp_path, f'tag,scope,confidence,missing\nvip,contact,nan,"{cell}"\n')
    read = Policy.read(path)
    assert read.scopes == {"vip": "contact"}
    assert read.decisions[0].evidence["missing"] == (1234 if cell == "1,234" else None)
    assert read.decisions[0].confidence is None


@pytest.mark.parametrize("typed", ["1/3/2026 9:15", "03.01.2026", "Jan 3, 2026", "2026-01-02", "yesterday"])
def test_a_decision_that_a_person_typed_later_stands_without_a_word(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "p.csv"
    decided("undecided", by="").write(path)
    accepted = datetime(2026, 1, 2, 20, tzinfo=UTC)
    Policy.edit(path, lambda policy: policy.decide({"vip": "contact"}, by="ada", at=accepted))
    path.write_text(f'tag,scope,decided_by,decided_at\nvip,opportunity,bob,"{typed}"\n', encoding="utf-8")
    assert Policy.read(path).overwritten == []
    assert Policy.read(path).scopes == {"vip": "opportunity"}
