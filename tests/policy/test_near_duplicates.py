"""A slip is copied only where a person decided on its own row, not with its family or as a suggestion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.errors import UsageError
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan
from leverkit.policy.decision import DECIDED_WITH, MACHINE, Decision
from leverkit.policy.policy import Policy
from leverkit.policy.policy_table import scope_table
from leverkit.snapshot.snapshot import Snapshot
from leverkit.webhook.matching import matching_tags

SLIP, RIGHT = "boomernag", "Boomerang"
ROWS = [
    Row("ann", (RIGHT,), id="a1"),
    Row("ann", (), id="a2"),
    Row("bob", (SLIP,), id="b1"),
    Row("bob", (), id="b2"),
    Row("cid", (RIGHT,), id="c1"),
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return Snapshot.open(write_snapshot(tmp_path / "snapshot", ROWS))


def decided(snapshot: Snapshot, how: str) -> Policy:
    scopes = {SLIP: "contact", RIGHT: "contact"}
    return Policy.suggest(audit(snapshot.path)).decide(scopes, by="ann", decided_with=how)


def written(policy: Policy, path: Path) -> Policy:
    policy.write(path)
    return Policy.read(path)


@pytest.mark.parametrize("how", DECIDED_WITH)
def test_a_plan_leaves_a_near_duplicate_that_nobody_decided_on_by_itself(
    snapshot: Snapshot, tmp_path: Path, how: str
) -> None:
    policy = written(decided(snapshot, how), tmp_path / "policy.csv")
    made = plan(snapshot, policy, tmp_path / "run")
    assert [(op.opportunity, op.tag) for op in made.operations] == [("a2", RIGHT)]
    assert [(each.opportunity, each.tag) for each in made.skipped] == [("b2", SLIP)]
    assert made.counts["near_duplicates"] == 1
    assert "near-duplicate of a more used tag: 1" in made.summary
    assert [note for note in made.warnings if SLIP in note] == [
        f"tag {SLIP!r} is a near-duplicate of {RIGHT!r} and is "
        "not planned until it is decided on its own row of the policy"
    ]
    assert [each.tag for each in made.undecided] == [SLIP]
    assert Plan.read(tmp_path / "run").plan_id == made.plan_id


def test_the_receiver_leaves_it_too_and_no_option_of_a_plan_overrules_it(snapshot: Snapshot) -> None:
    policy = decided(snapshot, "family")
    assert matching_tags(policy).keys() == {RIGHT}
    with pytest.raises(UsageError, match="is undecided in the policy"):
        plan(snapshot, policy, only=[SLIP])


def test_a_person_s_contact_on_its_own_row_copies_it_and_the_plan_says_so(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    policy = decided(snapshot, "suggestion").decide({SLIP: "contact"}, by="ann")
    made = plan(snapshot, written(policy, tmp_path / "policy.csv"))
    assert [(op.opportunity, op.tag) for op in made.operations] == [("a2", RIGHT), ("b2", SLIP)]
    assert (
        f"tag {SLIP!r} is a near-duplicate of {RIGHT!r} and is copied, as decided on its own row"
        in made.warnings
    )
    assert policy.digest != decided(snapshot, "suggestion").digest


def test_other_scopes_hold_for_a_near_duplicate_however_it_was_decided(snapshot: Snapshot) -> None:
    policy = decided(snapshot, "").decide({SLIP: "ignore"}, by="ann", decided_with="family")
    assert policy.scopes[SLIP] == "ignore"


@pytest.mark.parametrize("by", ["ann", MACHINE])
def test_a_policy_of_an_earlier_version_is_read_as_decided_row_by_row(
    snapshot: Snapshot, tmp_path: Path, by: str
) -> None:
    path = tmp_path / "policy.csv"
    path.write_text(f"tag,scope,decided_by\n{SLIP},contact,{by}\n{RIGHT},contact,{by}\n", "utf-8")
    read = Policy.read(path)
    assert [row.family for row in read.decisions] == ["", ""]
    made = plan(snapshot, read)
    assert [op.tag for op in made.operations] == ([RIGHT] if by == MACHINE else [RIGHT, SLIP])
    assert not any("as asked" in note for note in made.warnings)


def test_a_suggestion_names_family_and_spelling_and_a_spreadsheet_keeps_them(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    rows = {row.tag: row for row in Policy.suggest(audit(snapshot.path)).decisions}
    assert (rows[SLIP].spelling_of, rows[RIGHT].spelling_of) == (RIGHT, "")
    read = written(Policy((Decision("=1 batch", family="=* batch"),)), tmp_path / "policy.csv")
    assert read.decisions[0].family == "=* batch"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("Onsite,Batch *,", "line 2, column family: tag 'Onsite' does not fit 'Batch \\*'"),
        (f"Onsite,{'x' * 256},", "line 2, column family: a name of up to 255 characters"),
        ("Onsite,,sugestion", "line 2, column decided_with: 'sugestion' .* did you mean 'suggestion'"),
    ],
)
def test_a_cell_that_makes_no_sense_is_an_error_that_names_its_column(
    tmp_path: Path, cells: str, message: str
) -> None:
    tag, family, how = cells.split(",")
    (tmp_path / "policy.csv").write_text(f"tag,scope,family,decided_with\n{tag},,{family},{how}\n", "utf-8")
    with pytest.raises(UsageError, match=message):
        Policy.read(tmp_path / "policy.csv")


def test_a_family_that_people_named_stays_with_their_decision() -> None:
    older = Policy((Decision("Onsite", scope="ignore", decided_by="ann", family="Interviews"),))
    newer = Policy((Decision("Onsite", family="On*"),))
    assert [row.family for row in older.merge(newer).decisions] == ["Interviews"]


def test_a_spreadsheet_that_drops_columns_widens_no_decision(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "policy.csv"
    family = written(decided(snapshot, "family").narrowed("active"), path)
    columns = ["tag", "scope", "decided_by", "decided_at", "note"]
    family.frame[columns].to_csv(path, index=False)
    saved = Policy.read(path)
    assert [row.decided_with for row in saved.decisions] == ["family", "family"]
    assert {row.matching for row in saved.decisions} == {"active"}
    assert matching_tags(saved).keys() == {RIGHT}
    assert [op.tag for op in plan(snapshot, saved).operations] == [RIGHT]
    assert saved.digest == family.digest
    family.frame[columns].assign(decided_by="bob").to_csv(path, index=False)
    assert matching_tags(Policy.read(path)).keys() == {RIGHT, SLIP}


@pytest.mark.parametrize("column", ["matching", "decided_with"])
def test_a_column_that_was_dropped_is_missed_also_where_nothing_says_what_was_in_it(
    snapshot: Snapshot, tmp_path: Path, column: str
) -> None:
    path, policy = tmp_path / "policy.csv", decided(snapshot, "family")
    policy.frame.drop(columns=column).to_csv(path, index=False)
    with pytest.raises(UsageError, match=f"no column {column}, which leverkit wrote"):
        Policy.read(path)
    former = ["tag", "scope", "decided_by", "decided_at", "note"]
    policy.frame[former].to_csv(path, index=False)
    assert len(Policy.read(path).decisions) == len(policy.decisions)


def test_the_table_of_scopes_counts_a_near_duplicate_as_the_summary_does(snapshot: Snapshot) -> None:
    policy = decided(snapshot, "family")
    assert policy.summary().startswith(
        "2 tags: 1 contact, 0 opportunity, 0 ignore, 1 undecided, 1 of them a near"
    )
    shown = scope_table(policy.decisions, policy.summary())
    cells = re.findall(r'data-label="(?:Decided|Tags)"[^>]*>([^<]*)<', shown)
    assert dict(zip(cells[::2], cells[1::2], strict=True)) == {"contact": "1", "not yet, near-duplicate": "1"}
