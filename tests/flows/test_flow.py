"""The whole flow, as a person runs it: pull, audit, policy, plan, apply, verify, plan again, rollback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import account, contact_tags, migration, tags_of, wished

import leverkit as lk
from leverkit.errors import BrakeTripped, Refused
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan


def decided(folder: Path, emulated: Any) -> lk.Policy:
    """Return the policy of somebody who knows which tags are about the person."""
    suggested = lk.Policy.suggest(lk.audit(lk.Snapshot.open(folder)))
    mine = set(contact_tags(emulated))
    scopes = {tag: "contact" if tag in mine else "opportunity" for tag in suggested.scopes}
    return suggested.decide(scopes, by="a person")


def planned(folder: Path, emulated: Any, out: Path) -> Plan:
    return lk.plan(lk.Snapshot.open(folder), decided(folder, emulated), out)


def test_the_flow_ends_verified_and_the_second_plan_is_empty_and_rollback_restores(tmp_path: Path) -> None:
    with account(contacts=150, seed=4) as (emulated, lever):
        start, before = emulated.state(), tags_of(emulated)
        lk.pull(tmp_path / "snapshot", lever=lever)
        plan = planned(tmp_path / "snapshot", emulated, tmp_path / "run")
        assert [(op.opportunity, op.tag) for op in plan.operations] == [
            (op.opportunity, op.tag) for op in migration(emulated, lever).operations
        ]
        result = lk.apply(tmp_path / "run", approve=plan.short, lever=lever).require()
        assert tags_of(emulated) == wished(plan, before)
        assert lk.verify(tmp_path / "run", lever=lever).require().notes == []
        lk.pull(tmp_path / "snapshot", lever=lever)
        assert planned(tmp_path / "snapshot", emulated, tmp_path / "second").operations == ()
        back = lk.rollback(tmp_path / "run", tmp_path / "back")
        lk.apply(tmp_path / "back", approve=back.plan_id, lever=lever).require()
        lk.verify(tmp_path / "back", lever=lever).require()
        assert emulated.state() == start
    assert result.counts["done"] == len(plan.operations) > 10
    assert status(Run.open(tmp_path / "back")).state == "finished"


def test_who_else_has_the_tags_is_known_so_that_later_changes_are_named_one_by_one(tmp_path: Path) -> None:
    with account(contacts=150, seed=4) as (emulated, lever):
        lk.pull(tmp_path / "snapshot", lever=lever)
        plan = planned(tmp_path / "snapshot", emulated, tmp_path / "run")
        tag, (first, *_) = next((tag, ids) for tag, ids in sorted(plan.holders.items()) if ids)
        expected = {tag: sorted(ids) for tag, ids in migration(emulated, lever).holders.items() if ids}
        assert {tag: sorted(ids) for tag, ids in plan.holders.items() if ids} == expected
        lk.apply(tmp_path / "run", approve=plan.short, lever=lever).require()
        emulated.remove_tags(first, [tag])
        found = lk.verify(tmp_path / "run", lever=lever).require()
        assert [f"{first} (-1)" in note for note in found.notes] == [True]
        back = lk.rollback(tmp_path / "run", tmp_path / "back")
        lk.apply(tmp_path / "back", approve=back.plan_id, lever=lever).require()
        assert [f"{first} (-1)" in note for note in lk.verify(tmp_path / "back", lever=lever).require().notes]


def test_reading_sends_nothing_that_writes(tmp_path: Path) -> None:
    with account(contacts=40) as (emulated, lever):
        lk.pull(tmp_path / "snapshot", lever=lever)
        plan = planned(tmp_path / "snapshot", emulated, tmp_path / "run")
        with pytest.raises(Refused, match="not approved"):
            lk.apply(tmp_path / "run", lever=lever)
        lk.verify(tmp_path / "run", lever=lever, reread_after=())
        lk.propagate(lever, contact=plan.operations[0].contact, add=["x"], dry_run=True)
        status(Run.open(tmp_path / "run"))
        lk.rollback(tmp_path / "run", tmp_path / "back")
        assert len(emulated.log()) > 5
        assert {entry["method"] for entry in emulated.log()} == {"GET"}


def test_a_plan_made_on_an_old_snapshot_overrules_nobody(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        lk.pull(tmp_path / "snapshot", lever=lever)
        plan = planned(tmp_path / "snapshot", emulated, tmp_path / "run")
        victims = {op.contact: op for op in plan.operations}
        taken, gone, merged = list(victims.values())[:3]
        for opportunity, contact in emulated.state()["contacts"].items():
            if contact == taken.contact:
                emulated.remove_tags(opportunity, [taken.tag])
        emulated.delete(gone.opportunity)
        emulated.merge(merged.contact, plan.operations[-1].contact)
        before = tags_of(emulated)
        result = lk.apply(tmp_path / "run", approve=plan.short, lever=lever)
        after = tags_of(emulated)
        found = lk.verify(tmp_path / "run", lever=lever)
    assert after[taken.opportunity].count(taken.tag) == 0
    assert after[merged.opportunity] == before[merged.opportunity]
    assert sum(result.counts.values()) == len(plan.operations)
    assert result.counts["drifted"] >= 2
    assert result.counts["gone"] >= 1
    assert (result.exit_code, found.exit_code) == (3, 3)


def test_a_plan_is_of_one_account_only(tmp_path: Path) -> None:
    with (
        account(contacts=40, seed=1) as (emulated, lever),
        account(contacts=40, seed=2) as (other, elsewhere),
    ):
        lk.pull(tmp_path / "snapshot", lever=lever)
        plan = planned(tmp_path / "snapshot", emulated, tmp_path / "run")
        for step in (lk.apply, lk.verify):
            options = {"approve": plan.short} if step is lk.apply else {}
            with pytest.raises(Refused, match="the plan is for account"):
                step(tmp_path / "run", lever=elsewhere, **options)  # type: ignore[operator]
        assert {entry["method"] for entry in other.log()} == {"GET"}


def test_a_brake_at_plan_is_a_brake_at_apply(tmp_path: Path) -> None:
    with account(contacts=40) as (emulated, lever):
        lk.pull(tmp_path / "snapshot", lever=lever)
        snapshot = lk.Snapshot.open(tmp_path / "snapshot")
        with pytest.raises(BrakeTripped, match="--max-ops 1"):
            lk.plan(snapshot, decided(snapshot.path, emulated), tmp_path / "run", max_ops=1)
        made = Plan.read(tmp_path / "run")
        with pytest.raises(BrakeTripped, match="--max-ops 1"):
            lk.apply(tmp_path / "run", approve=made.short, lever=lever)
        assert json.loads((tmp_path / "run" / "plan.json").read_text())["brakes"]["max_ops"] == 1
        assert lk.apply(tmp_path / "run", approve=made.short, lever=lever, max_ops=999).exit_code == 0
