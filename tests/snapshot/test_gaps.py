"""Audit, policy and plan count who lacks a tag by one rule."""

from __future__ import annotations

from pathlib import Path

from support.snapshot_factory import write_generated

from leverkit.analysis.audit import audit
from leverkit.planning.planner import gains
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot


def test_audit_policy_and_plan_count_the_same_missing_tags(tmp_path: Path) -> None:
    write_generated(tmp_path, contacts=200, seed=1)
    snapshot = Snapshot.open(tmp_path)
    tags = audit(snapshot).tags.query("missing > 0").set_index("tag")["missing"].to_dict()
    assert {row.tag: row.opportunities for row in Policy().undecided(snapshot)} == tags
    anonymized = snapshot.sql("SELECT count(*) FROM opportunities WHERE is_anonymized").fetchall()[0][0]
    planned = gains(snapshot).groupby("tag")["adds"].sum().to_dict()
    assert (anonymized, planned) == (0, tags)
