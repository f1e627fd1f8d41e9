"""From snapshot and policy to a plan: what is planned, what never is, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import HOSTILE
from support.snapshot_factory import Posting, Row, write_snapshot

from leverkit.errors import BrakeTripped, UsageError
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot

ROWS = [
    Row("ann", ("vip", "seed"), id="a1"),
    Row("ann", ("Engineering",), id="a2"),
    Row("bob", ("vip",), id="b1"),
    *(Row(f"single{n}", ("vip",), id=f"s{n}") for n in range(7)),
]


class Anonymized(Row):
    """An opportunity whose person asked to be forgotten."""

    def cells(self, number: int) -> dict[str, Any]:
        return super().cells(number) | {"is_anonymized": True}


def policy(**scopes: str) -> Policy:
    return Policy(tuple(Decision(tag=tag, scope=scope) for tag, scope in scopes.items()))


def snapshot(tmp_path: Path, rows: list[Row] = ROWS, **options: Any) -> Snapshot:
    return Snapshot.open(write_snapshot(tmp_path / "snapshot", rows, **options))


def pairs(made: Plan) -> list[tuple[str, str]]:
    return [(op.opportunity, op.tag) for op in made.operations]


def test_a_contact_tag_goes_to_the_persons_other_opportunities(tmp_path: Path) -> None:
    made = plan(snapshot(tmp_path), policy(vip="contact"))
    assert made.operations == (Operation("ann", "a2", "add", "vip", "contact tag on 1 of 2 opportunities"),)
    assert made.tag_counts == {"vip": 10}
    assert {opportunity: known.tags for opportunity, known in made.before.items()} == {
        "a1": ("vip", "seed"),
        "a2": ("Engineering",),
    }
    assert (made.kind, made.account, made.opportunities) == ("migrate", "0123456789ab", 10)


def test_a_tag_goes_to_matching_opportunities_only_and_the_others_are_listed(tmp_path: Path) -> None:
    rows = [
        Row("ann", ("vip",), posting="p1", archived=True, id="a1"),
        Row("ann", (), posting="p1", id="a2"),
        Row("ann", (), posting="p2", archived=True, id="a3"),
        Row("ann", (), posting="p2", id="a4"),
    ]
    account = snapshot(tmp_path, rows)
    getting = {"": {"a2", "a3", "a4"}, "active": {"a2", "a4"}, "posting:p1": {"a2"}, "posting:p9": set()}
    for matching, ids in getting.items():
        made = plan(account, policy(vip="contact"), matching=matching)
        assert {op.opportunity for op in made.operations} == ids
        assert {left.opportunity for left in made.skipped} == {"a2", "a3", "a4"} - ids
        assert (f"not matching: {3 - len(ids)}" in made.summary) == (len(ids) < 3)
        assert any("no opportunity is of posting 'p9'" in note for note in made.warnings) == (not ids)


def test_of_the_policy_s_matching_and_the_plan_s_the_narrower_counts(tmp_path: Path) -> None:
    rows = [Row("ann", ("vip",), id="a1")]
    rows += [Row("ann", (), posting=f"p{n}", archived=n > 2, id=f"b{n}") for n in (1, 2, 3)]
    account, read = snapshot(tmp_path, rows), Policy((Decision("vip", "contact", matching="active"),))
    assert {op.opportunity for op in plan(account, read, matching="all").operations} == {"b1", "b2"}
    assert {op.opportunity for op in plan(account, read, matching="posting:p2").operations} == {"b2"}
    assert plan(account, read, matching="posting:p3").operations == ()


def test_a_plan_of_other_opportunities_is_of_another_policy_so_that_its_approval_is_its_own(
    tmp_path: Path,
) -> None:
    read = policy(vip="contact", seed="opportunity")
    digests = [
        plan(snapshot(tmp_path), read, matching=which).policy_digest for which in ("", "all", "active")
    ]
    assert digests == [read.digest, read.digest, read.narrowed("active").digest]
    assert read.narrowed("active").digest != read.digest


def test_a_tag_that_only_the_plans_contacts_have_has_no_other_holders(tmp_path: Path) -> None:
    assert plan(snapshot(tmp_path), policy(seed="contact")).holders == {"seed": ()}


def test_the_canary_knows_archived_confidential_and_never_updated(tmp_path: Path) -> None:
    odd: dict[int, dict[str, Any]] = {
        3: {"archived": True},
        7: {"confidential": True},
        11: {"updated": False},
    }
    rows = [Row(f"p{n}", ("vip",)) for n in range(40)]
    rows += [Row(f"p{n}", (), **odd.get(n, {})) for n in range(40)]
    made = plan(snapshot(tmp_path, rows), policy(vip="contact"), max_pct=None)
    assert made.canary.strata == 5
    assert {"p3", "p7", "p11"} <= set(made.canary.contacts)


@pytest.mark.parametrize("scope", ["opportunity", "ignore", "undecided"])
def test_a_tag_of_any_other_scope_is_never_planned(tmp_path: Path, scope: str) -> None:
    assert plan(snapshot(tmp_path), policy(vip=scope, seed=scope, Engineering=scope)).operations == ()


def test_undecided_tags_are_listed_with_what_they_would_touch(tmp_path: Path) -> None:
    made = plan(snapshot(tmp_path), policy(vip="undecided", Engineering="ignore"))
    assert [(each.tag, each.opportunities) for each in made.undecided] == [("seed", 1), ("vip", 1)]


def test_a_consistent_or_unknown_tag_makes_no_operation(tmp_path: Path) -> None:
    rows = [Row("ann", ("vip",)), Row("ann", ("vip",))]
    made = plan(snapshot(tmp_path, rows), policy(vip="contact", gone="contact"))
    assert (made.operations, made.undecided, made.tag_counts) == ((), (), {})
    assert "nothing to do" in made.summary


def test_an_anonymized_opportunity_is_listed_and_left_alone(tmp_path: Path) -> None:
    rows = [Row("ann", ("vip",)), Anonymized("ann", (), id="gone"), Anonymized("ann", ("lang",))]
    made = plan(snapshot(tmp_path, rows), policy(vip="contact", lang="contact"))
    assert made.operations == ()
    reasons = {(skipped.opportunity == "gone", skipped.tag): skipped.reason for skipped in made.skipped}
    assert reasons[True, "vip"] == "anonymized"
    assert reasons[False, "lang"] == "only an anonymized opportunity carries it"


def test_hostile_tags_are_planned_as_they_are(tmp_path: Path) -> None:
    rows = [Row("ann", HOSTILE, id="a1"), Row("ann", (), id="a2")]
    made = plan(snapshot(tmp_path, rows), policy(**dict.fromkeys(HOSTILE, "contact")), tmp_path / "run")
    assert sorted(pairs(made)) == sorted(("a2", tag) for tag in HOSTILE if tag)
    assert Plan.read(tmp_path / "run") == made


@pytest.mark.parametrize(("tag", "why"), [(" \t", "of blanks"), ("x" * 256, "256 characters")])
def test_a_tag_that_lever_would_not_take_is_left_out_and_named(tmp_path: Path, tag: str, why: str) -> None:
    rows = [Row("ann", (tag, "vip"), id="a1"), Row("ann", (), id="a2")]
    made = plan(snapshot(tmp_path, rows), policy(**{tag: "contact", "vip": "contact"}))
    assert pairs(made) == [("a2", "vip")]
    assert why in made.warnings[0]
    with pytest.raises(UsageError, match=why):
        plan(snapshot(tmp_path, rows), policy(**{tag: "contact"}), only=[tag])


def test_a_text_is_no_list_of_tags_to_plan(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only must be a list"):
        plan(snapshot(tmp_path), policy(v="contact", i="contact", p="contact"), only="vip")


def test_the_same_snapshot_and_policy_make_the_same_plan(tmp_path: Path) -> None:
    account = snapshot(tmp_path)
    first = plan(account, policy(vip="contact", seed="contact"))
    again = plan(account, policy(seed="contact", vip="contact"))
    assert first.plan_id == again.plan_id
    assert first.operations == tuple(sorted(first.operations))
    assert plan(account, policy(vip="contact", seed="ignore")).plan_id != first.plan_id


def test_automations_and_posting_words_are_warned_about(tmp_path: Path) -> None:
    account = snapshot(tmp_path, postings=[Posting("p", text="Baker", department="Engineering", tags=["x"])])
    warnings = plan(account, policy(vip="contact", Engineering="contact")).warnings
    assert "'Engineering', 'vip'" in warnings[0]
    assert "'tag added' trigger" in warnings[0]
    assert warnings[1:-1] == ("'Engineering' looks like a word of a posting, yet it is copied to the person",)


def test_a_decision_against_the_suggestion_is_warned_about(tmp_path: Path) -> None:
    against = Policy((Decision(tag="vip", scope="contact", suggested_scope="opportunity"),))
    assert "'vip' looks like a word of a posting" in plan(snapshot(tmp_path), against).warnings[1]


def test_what_the_snapshot_could_not_see_is_in_the_plan(tmp_path: Path) -> None:
    made = plan(snapshot(tmp_path, not_seen=["confidential opportunities"]), policy())
    assert made.warnings[:-1] == ("confidential opportunities",)


def test_a_plan_without_a_ledger_says_that_it_is_a_first_plan(tmp_path: Path) -> None:
    assert "first plan: the account has no ledger" in plan(snapshot(tmp_path), policy()).warnings[-1]


def test_an_incomplete_snapshot_is_said_to_be_one(tmp_path: Path) -> None:
    read = snapshot(tmp_path)
    partial = replace(read, meta=read.meta | {"complete": False})
    assert "the snapshot is not complete" in plan(partial, policy(vip="contact")).warnings[0]


def test_a_tripped_brake_leaves_a_plan_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(BrakeTripped, match=f"--max-ops 1. Look at {tmp_path / 'run' / 'plan.csv'}; "):
        plan(snapshot(tmp_path), policy(vip="contact", seed="contact"), tmp_path / "run", max_ops=1)
    with pytest.raises(BrakeTripped, match="--max-ops 1"):
        Plan.read(tmp_path / "run").check_brakes()


def test_the_share_brake_is_on_unless_told_otherwise(tmp_path: Path) -> None:
    rows = [Row(f"c{n // 2}", ("vip",) if n % 2 else ()) for n in range(12)]
    with pytest.raises(BrakeTripped, match=r"6 of 12 opportunities, 50.0%: more than --max-pct 30"):
        plan(snapshot(tmp_path, rows), policy(vip="contact"))
    assert len(plan(snapshot(tmp_path, rows), policy(vip="contact"), max_pct=50).operations) == 6


def test_a_tag_that_one_person_would_carry_many_times_over_trips_its_own_brake(tmp_path: Path) -> None:
    rows = [Row("agency", ("vip",) if n == 0 else ()) for n in range(12)]
    rows += [Row(f"single{n}") for n in range(60)]
    message = "11 operations of tag 'vip', which is on 1 now, 1100%: more than --max-tag-pct 300"
    with pytest.raises(BrakeTripped, match=message):
        plan(snapshot(tmp_path, rows), policy(vip="contact"))
    assert len(plan(snapshot(tmp_path, rows), policy(vip="contact"), max_tag_pct=None).operations) == 11
