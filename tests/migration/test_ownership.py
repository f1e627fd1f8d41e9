"""What was taken back, or changed since, is not the run's any more: a rollback leaves it and lists it."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.plan_factory import (
    AT_ONCE,
    account,
    carried_out,
    hooked,
    migration,
    opened,
    resumed,
    tags_of,
)

from leverkit.api.client import Lever
from leverkit.errors import Locked, Refused
from leverkit.migration.next_step import advice
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.run_folder import was_begun
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
        assert verify(tmp_path / "run", lever=lever, reread_after=()).ok
    (skipped,) = rollback(tmp_path / "run", tmp_path / "undo").skipped
    assert (skipped.opportunity, skipped.tag) == (op.opportunity, op.tag)
    assert "a verification did not find it in place" in skipped.reason


def test_what_verify_read_as_undone_and_back_again_is_not_the_runs(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=1)
        op = plan.operations[0]

        class Meddled(Lever):
            def tag_counts(self) -> dict[str, int]:
                emulated.remove_tags(op.opportunity, [op.tag])
                return super().tag_counts()

            def pages(self, path: str, **options: Any) -> Any:
                if path.endswith("/deleted"):  # after the listing of what changed
                    emulated.add_tags(op.opportunity, [op.tag])
                return super().pages(path, **options)

        carried_out(plan, tmp_path / "run", lever)
        with opened(emulated, kind=Meddled) as meddled:
            verify(tmp_path / "run", lever=meddled, reread_after=())
    (skipped,) = rollback(tmp_path / "run", tmp_path / "undo").skipped
    assert (skipped.opportunity, skipped.tag) == (op.opportunity, op.tag)


def test_what_a_later_apply_read_as_undone_is_not_the_runs_when_it_is_there_again(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan, run = migration(emulated, lever), tmp_path / "run"
        pairs = combinations(plan.operations, 2)
        undone, refused = next(
            (a, b) for a, b in pairs if a.contact == b.contact and a.opportunity != b.opportunity
        )
        emulated.fault(kind="status", status=400, method="POST", path=f"*{refused.opportunity}*")
        carried_out(plan, run, lever)
        emulated.remove_tags(undone.opportunity, [undone.tag])
        assert resumed(plan, run, lever, times=AT_ONCE).counts["done"] == len(plan.operations)
        emulated.add_tags(undone.opportunity, [undone.tag])
    (skipped,) = rollback(run, tmp_path / "undo").skipped
    assert (skipped.opportunity, skipped.tag) == (undone.opportunity, undone.tag)
    assert "somebody had undone it when this run read it" in skipped.reason


def test_what_a_later_run_wrote_after_a_request_that_was_never_sent_is_the_later_runs(tmp_path: Path) -> None:
    def killed(verb: str, opportunity: str) -> None:
        raise SystemExit

    with account() as (emulated, lever), opened(emulated, kind=hooked(killed)) as mortal:
        plan, first, later = migration(emulated, lever), tmp_path / "run", tmp_path / "later"
        with pytest.raises(SystemExit):
            carried_out(plan, first, mortal)
        carried_out(migration(emulated, lever, policy_digest="another"), later, lever)
        assert resumed(plan, first, lever, times=AT_ONCE).counts["done"] > 0
    assert rollback(first, tmp_path / "a").operations == ()
    assert len(rollback(later, tmp_path / "b").operations) == len(plan.operations)


def test_what_is_only_hidden_from_the_key_is_the_runs_still(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, key=emulated.restricted_key) as reader:
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        emulated.set_confidential(plan.operations[0].opportunity)
        assert verify(tmp_path / "run", lever=reader, reread_after=()).signs["!"] == 1
    assert len(rollback(tmp_path / "run", tmp_path / "undo").operations) == len(plan.operations)


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
        assert not was_begun(tmp_path / "other")
        assert op.tag in tags_of(emulated)[op.opportunity]


def test_a_rollback_in_a_copy_stops_where_another_user_took_the_run_back_already(tmp_path: Path) -> None:
    copy, undo = tmp_path / "colleague" / "run", tmp_path / "colleague" / "undo"
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=1)
        carried_out(plan, tmp_path / "run", lever)
        shutil.copytree(tmp_path / "run", copy)
        carried_out(rollback(tmp_path / "run", tmp_path / "undo"), tmp_path / "undo", lever)
        op = plan.operations[-1]
        emulated.add_tags(op.opportunity, [op.tag])
        other = rollback(copy, undo)
        with pytest.raises(Locked, match="may have been taken back already"):
            carried_out(other, undo, lever)
        assert op.tag in tags_of(emulated)[op.opportunity]
        verify(copy, lever=lever, reread_after=())
    (left,) = rollback(copy, tmp_path / "colleague" / "again").operations
    assert (left.opportunity, left.tag) == (op.opportunity, op.tag)  # for a person to decide


def test_a_rollback_that_was_begun_goes_on_and_leaves_what_is_not_the_runs_any_more(tmp_path: Path) -> None:
    run, undo = tmp_path / "run", tmp_path / "undo"
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, run, lever)
        op = plan.operations[0]
        emulated.fault(kind="status", status=400, method="POST", path=f"*{op.opportunity}*", times=1)
        back = rollback(run, undo)
        assert carried_out(back, undo, lever).counts["failed"] > 0
        emulated.remove_tags(op.opportunity, [op.tag])
        verify(run, lever=lever, reread_after=())
        emulated.add_tags(op.opportunity, [op.tag])
        (left,) = resumed(back, undo, lever, times=AT_ONCE).exceptions
        assert (left.operation.opportunity, left.operation.tag) == (op.opportunity, op.tag)
        assert (left.outcome, left.evidence) == ("drifted", "a verification did not find it in place")
        assert op.tag in tags_of(emulated)[op.opportunity]


def test_a_rollback_counts_whose_plan_knows_the_account_by_another_id(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        undo = rollback(tmp_path / "run", tmp_path / "undo")
        newer = {"account": "0123456789ab", "account_ids": lever.account.ids()}
        carried_out(msgspec.structs.replace(undo, **newer), tmp_path / "undo", lever)
        emulated.add_tags(plan.operations[0].opportunity, [plan.operations[0].tag])
    assert rollback(tmp_path / "run", tmp_path / "again").operations == ()


def test_a_rollback_that_cannot_be_read_is_named_and_nothing_is_planned(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path / "run", lever)
        carried_out(rollback(tmp_path / "run", tmp_path / "undo"), tmp_path / "undo", lever)
    (tmp_path / "undo" / "journal.sqlite").write_bytes(b"damaged")
    with pytest.raises(Refused, match="a rollback of this run cannot be read"):
        rollback(tmp_path / "run", tmp_path / "again")
