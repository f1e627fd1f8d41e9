"""Audit, policy and plan count who lacks a tag by one rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.standing import COPY
from leverkit.planning.planner import gains, plan
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot


@pytest.mark.parametrize(("seed", "anonymized"), [(1, 0), (2, 2), (3, 5)])
def test_audit_policy_and_plan_count_the_same_missing_tags(
    tmp_path: Path, seed: int, anonymized: int
) -> None:
    write_generated(tmp_path, contacts=200, seed=seed, anonymized=anonymized)
    snapshot = Snapshot.open(tmp_path)
    facts = audit(snapshot)
    tags = facts.tags.query("missing > 0").set_index("tag")["missing"].to_dict()
    assert {row.tag: row.opportunities for row in Policy().undecided(snapshot)} == tags
    assert gains(snapshot).groupby("tag")["adds"].sum().to_dict() == tags
    assert snapshot.gaps(*tags)["tag"].value_counts().to_dict() == tags
    assert facts.inconsistencies.groupby("tag")["lack"].sum().to_dict() == tags


@pytest.mark.parametrize(("seed", "anonymized"), [(4, 0), (5, 2), (6, 5)])
def test_what_is_to_copy_is_what_a_plan_of_the_same_snapshot_copies(
    tmp_path: Path, seed: int, anonymized: int
) -> None:
    write_generated(tmp_path, contacts=200, seed=seed, anonymized=anonymized)
    facts = audit(tmp_path)
    undecided = Policy.suggest(facts)
    scopes = {row.tag: "contact" for row in undecided.decisions if not row.from_posting}
    policy = undecided.decide(scopes, by="ada")
    made = plan(facts.snapshot, policy, max_pct=None, max_tag_pct=None)
    standing = facts.standing(policy)
    assert any(skipped.reason == "anonymized" for skipped in made.skipped) == bool(anonymized)
    assert (standing.gaps(COPY), facts.readiness(policy).to_copy) == (len(made.operations),) * 2
    assert standing.number_of_people(COPY) == len({operation.contact for operation in made.operations})
    assert facts.gaps.query("kind == 'month'")["gaps"].sum() == len(made.operations)
    assert facts.summary["opportunities_with_gaps"] == len({op.opportunity for op in made.operations})


def test_what_anonymized_opportunities_carry_or_lack_is_no_gap(tmp_path: Path) -> None:
    rows = [
        Row("ann", ["vip"]),
        Row("ann", ["lang"], anonymized=True),
        Row("ben", ["vip"], anonymized=True),
        Row("ben", []),
    ]
    facts = audit(write_snapshot(tmp_path, rows))
    tags = facts.tags.set_index("tag")
    assert (tags["missing"].to_dict(), tags["contacts"].to_dict()) == (
        {"vip": 0, "lang": 0},
        {"vip": 2, "lang": 1},
    )
    assert facts.snapshot.gaps("vip", "lang").empty
