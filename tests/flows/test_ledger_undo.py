"""Rollback and verification ask the ledger whose each tag is."""

from __future__ import annotations

import pytest
from flows.test_ledger import Nights, left, nights, pairs
from support.plan_factory import tags_of

import leverkit as lk
from leverkit.errors import Refused
from leverkit.history.ledger import Ledger
from leverkit.planning.brakes import OFF
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan_with

__all__ = ["nights"]


def test_a_rollback_leaves_what_by_the_ledger_is_somebody_elses_by_now(nights: Nights) -> None:
    ops = nights.first()
    nights.pull()
    again, gone = ops[:2]
    for op in (again, gone):
        nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.pull()
    nights.emulated.add_tags(again.opportunity, [again.tag])
    nights.pull()
    nights.emulated.add_tags(gone.opportunity, [gone.tag])  # no reading has seen it there again
    back = lk.rollback(nights.folder / "runs/first", nights.folder / "runs/back")
    assert pairs(back.operations) == pairs(ops[2:])
    why = left(back)
    assert "added by others since, by the ledger (somebody else" in why[again.opportunity, again.tag]
    assert "removed by others since, by the ledger" in why[gone.opportunity, gone.tag]
    lk.apply(nights.folder / "runs/back", approve=back.plan_id, lever=nights.lever).require()


def test_a_ledger_that_does_not_know_a_run_is_no_evidence_against_it(nights: Nights) -> None:
    nights.pull()
    nights.plan("first")
    ledger = nights.folder / "ledger"
    ledger.rename(nights.folder / "elsewhere")
    (nights.folder / "runs").rename(nights.folder.parent / "runs")
    run = nights.folder.parent / "runs/first"
    made = lk.apply(run, approve=lk.Plan.read(run).plan_id, lever=nights.lever).require()
    (nights.folder / "elsewhere").rename(ledger)
    nights.pull()
    with Ledger.open(nights.folder) as known:
        assert known.counts() == {"added by others": made.counts["done"]}
    assert len(lk.rollback(run, run.with_name("back")).operations) == made.counts["done"]


def test_a_rollback_warns_that_its_policy_would_bring_the_tags_back(nights: Nights) -> None:
    ops = nights.first()
    back = lk.rollback(nights.folder / "runs/first", nights.folder / "runs/back")
    (warning,) = [text for text in back.warnings if "would bring these back" in text]
    assert all(repr(op.tag) in warning for op in ops)


def test_verify_calls_ours_what_another_plan_of_ours_wrote(nights: Nights) -> None:
    op = nights.first()[0]
    lk.propagate(nights.lever, contact=op.contact, add=["ours"])
    nights.emulated.add_tags(op.opportunity, ["a person's"])
    found = lk.verify(nights.folder / "runs/first", lever=nights.lever)
    whose = {pair.tag: pair.reported for pair in found.differences if pair.opportunity == op.opportunity}
    plan_id = next((nights.folder.parent / "propagate").iterdir()).name.rpartition("-")[2]
    assert whose == {"ours": f"plan {plan_id}", "a person's": ""}
    assert "of them by other plans of ours" in found.summary


def reused(nights: Nights) -> tuple[Plan, Plan]:
    """Carry out a plan of some tags; move its folder away, and carry out another under the same name."""
    nights.pull()
    snapshot = lk.Snapshot.open(nights.folder / "snapshot")
    with Ledger.open(nights.folder) as ledger:
        place = nights.folder / "runs/run"
        old = plan_with(
            snapshot, nights.policy, place, brakes=OFF, ledger=ledger, only=nights.policy.contact_tags[::2]
        )
    nights.apply("run")
    nights.pull()
    place.rename(nights.folder.parent / "old")
    made = nights.plan("run")
    nights.apply("run")
    return old, made


def test_a_run_in_a_folder_where_another_one_was_is_followed_and_can_be_undone(nights: Nights) -> None:
    old, made = reused(nights)
    nights.pull()
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == {"added by us": len(old.operations) + len(made.operations)}
    assert pairs(lk.rollback(nights.folder / "runs/run", nights.folder / "runs/back").operations) == pairs(
        made.operations
    )


def test_a_run_whose_folder_is_another_ones_now_leaves_what_people_put_back(nights: Nights) -> None:
    op = reused(nights)[0].operations[0]
    nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.pull()
    nights.emulated.add_tags(op.opportunity, [op.tag])
    nights.pull()
    back = lk.rollback(nights.folder.parent / "old", nights.folder.parent / "back")
    assert "added by others since, by the ledger" in left(back)[op.opportunity, op.tag]


def test_a_rollback_whose_run_was_moved_since_leaves_what_people_put_back(nights: Nights) -> None:
    op = nights.first()[0]
    run, place = nights.folder / "runs/first", nights.folder / "runs/back"
    back = lk.rollback(run, place)
    run.rename(nights.folder.parent / "elsewhere")  # or a night packed it
    nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.pull()
    nights.emulated.add_tags(op.opportunity, [op.tag])
    nights.pull()
    with pytest.raises(Refused, match=r"1 change is not the run's any more .* added by others since"):
        lk.apply(place, approve=back.plan_id, lever=nights.lever)
    assert op.tag in tags_of(nights.emulated)[op.opportunity]
