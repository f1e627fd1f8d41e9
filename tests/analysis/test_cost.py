"""The effect of a decision is known before it is made, and the tags with the most at stake come first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.snapshot_factory import Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.cost import at_stake
from leverkit.planning.planner import plan
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot

ROWS = [Row("a", ["vip"]), Row("a", day=1), Row("a", day=2), Row("b", ["vip", "x"]), Row("b", ["x"], day=1)]


def cost(folder: Path, scope: str) -> dict[Any, Any]:
    frame = audit(folder).costs
    (row,) = frame[(frame["tag"] == "vip") & (frame["scope"] == scope)].to_dict("records")
    return row


def test_copying_creates_what_is_missing_and_can_be_undone(tmp_path: Path) -> None:
    row = cost(write_snapshot(tmp_path, ROWS), "contact")
    assert (row["operations"], row["contacts"], row["requests"], row["minutes"]) == (3, 2, 5, 0.1)
    assert (row["facts_created"], row["facts_destroyed"], row["undo_operations"], row["if_wrong"]) == (
        3,
        0,
        3,
        3,
    )


@pytest.mark.parametrize("scope", ["opportunity", "ignore"])
def test_leaving_a_tag_where_it_is_costs_nothing_but_what_may_be_missing(tmp_path: Path, scope: str) -> None:
    row = cost(write_snapshot(tmp_path, ROWS), scope)
    assert (row["operations"], row["requests"], row["facts_created"], row["if_wrong"]) == (0, 0, 0, 3)


def test_tags_that_are_missing_nowhere_cost_nothing(tmp_path: Path) -> None:
    assert set(audit(write_snapshot(tmp_path, ROWS)).costs["tag"]) == {"vip"}


def test_the_cost_of_copying_is_that_of_the_plan(tmp_path: Path) -> None:
    write_generated(tmp_path, contacts=300, seed=1)
    facts, snapshot = audit(tmp_path), Snapshot.open(tmp_path)
    costs = facts.costs.query("scope == 'contact'").set_index("tag")
    for tag in costs.index[:8]:
        made = plan(snapshot, Policy((Decision(tag, "contact"),)), max_pct=None)
        assert costs.loc[tag, "operations"] == len(made.operations)
        assert costs.loc[tag, "contacts"] == len({operation.contact for operation in made.operations})
        assert abs(costs.loc[tag, "requests"] - made.requests) <= 0.1 * made.requests


def test_what_is_unsure_and_missing_often_is_at_stake() -> None:
    assert at_stake(100, 0.5) == 50
    assert at_stake(100, 0.98) == 2
    assert at_stake(0, 0.5) == 0


def test_a_policy_begins_with_what_is_at_stake(tmp_path: Path) -> None:
    write_generated(tmp_path, contacts=300, seed=1)
    frame = Policy.suggest(audit(tmp_path)).frame
    assert frame.loc[~frame["posting_tag"], "at_stake"].is_monotonic_decreasing
    assert frame["posting_tag"].is_monotonic_increasing
