"""What was taken back, or changed since, is not the run's any more: a rollback leaves it and lists it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.plan_factory import account, carried_out, migration, tags_of

from leverkit.errors import Refused
from leverkit.migration.next_step import advice
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.verification.verify import verify


@pytest.mark.parametrize("place", ["undo", "elsewhere/undo"])
def test_what_a_rollback_took_back_is_a_persons_when_it_is_there_again(tmp_path: Path, place: str) -> None:
    with account() as (emulated, lever):
        run, undo = tmp_path / "run", tmp_path / place
        plan = migration(emulated, lever)
        carried_out(plan, run, lever)
        carried_out(rollback(run, undo), undo, lever)
        op = plan.operations[0]
        emulated.add_tags(op.opportunity, [op.tag])
        again = rollback(run, tmp_path / "again")
        assert verify(undo, lever=lever, reread_after=()).exit_code == 3
    assert again.operations == ()
    assert len(again.skipped) == len(plan.operations)
    assert {each.reason for each in again.skipped} == {
        f"not this run's any more: the rollback in {undo} has dealt with it already"
    }
    assert str(undo) in str(advice(Run.open(run)))


def test_what_a_later_run_wrote_is_its_own_and_not_undone_with_an_earlier_run(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        first, later = tmp_path / "run", tmp_path / "later"
        plan = migration(emulated, lever)
        carried_out(plan, first, lever)
        op = plan.operations[0]
        emulated.remove_tags(op.opportunity, [op.tag])
        carried_out(migration(emulated, lever), later, lever)
        assert op.tag in tags_of(emulated)[op.opportunity]
    left = {(each.opportunity, each.tag) for each in rollback(first, tmp_path / "a").skipped}
    assert left == {(op.opportunity, op.tag)}
    assert len(rollback(later, tmp_path / "b").operations) == 1


def test_what_verify_found_undone_is_not_the_runs_when_it_is_there_again(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=1)
        carried_out(plan, tmp_path / "run", lever)
        op = plan.operations[0]
        emulated.remove_tags(op.opportunity, [op.tag])
        verify(tmp_path / "run", lever=lever, reread_after=())
        emulated.add_tags(op.opportunity, [op.tag])
    (skipped,) = rollback(tmp_path / "run", tmp_path / "undo").skipped
    assert (skipped.opportunity, skipped.tag) == (op.opportunity, op.tag)
    assert "somebody undid it before the run was verified" in skipped.reason


def test_of_two_rollbacks_planned_at_once_only_one_is_carried_out(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        one, other = (rollback(tmp_path / "run", tmp_path / name) for name in ("one", "other"))
        carried_out(one, tmp_path / "one", lever)
        op = plan.operations[0]
        emulated.add_tags(op.opportunity, [op.tag])
        with pytest.raises(Refused, match="not the run's any more since this rollback was planned"):
            carried_out(other, tmp_path / "other", lever)
        assert op.tag in tags_of(emulated)[op.opportunity]


def test_a_rollback_that_cannot_be_read_is_named_and_nothing_is_planned(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path / "run", lever)
        carried_out(rollback(tmp_path / "run", tmp_path / "undo"), tmp_path / "undo", lever)
    (tmp_path / "undo" / "journal.sqlite").write_bytes(b"damaged")
    with pytest.raises(Refused, match="a rollback of this run cannot be read"):
        rollback(tmp_path / "run", tmp_path / "again")
