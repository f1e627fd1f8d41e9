"""Rollback undoes exactly what a run changed and nobody changed since, by a plan like any other."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.plan_factory import (
    account,
    carried_out,
    hooked,
    migration,
    opened,
    operation,
    plan_of,
    resumed,
    tags_of,
    wished,
)

from leverkit.errors import Locked, Refused, UsageError
from leverkit.migration.journal import Intent, Journal, Outcome
from leverkit.migration.next_step import advice
from leverkit.migration.result import Result
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.storage.lock import hold
from leverkit.verification.replay import replay
from leverkit.verification.verify import verify


def undone(tmp_path: Path, lever: Any, run: str = "run", out: str = "back") -> Result:
    plan = rollback(tmp_path / run, tmp_path / out)
    return resumed(Plan.read(tmp_path / out), tmp_path / out, lever) if plan.operations else None  # type: ignore[return-value]


def test_a_rollback_restores_the_start_and_is_verified(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        start = emulated.state()
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        result = undone(tmp_path, lever)
        assert emulated.state() == start
        assert verify(tmp_path / "back", lever=lever).require().notes == []
    assert result.counts["done"] == len(plan.operations) > 5


def test_a_rolled_back_rollback_is_the_migration_again(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        start, plan = tags_of(emulated), migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        undone(tmp_path, lever)
        again = undone(tmp_path, lever, "back", "again")
        assert tags_of(emulated) == wished(plan, start)
        assert verify(tmp_path / "again", lever=lever).ok
    assert again.counts["done"] == len(plan.operations)
    assert "'tag added' trigger" in Plan.read(tmp_path / "again").warnings[0]


def test_what_was_so_already_is_not_undone_but_listed(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = plan.operations[0]
        emulated.add_tags(op.opportunity, [op.tag])
        carried_out(plan, tmp_path / "run", lever)
        undone(tmp_path, lever)
        assert op.tag in tags_of(emulated)[op.opportunity]
    (skipped,) = Plan.read(tmp_path / "back").skipped
    assert (skipped.opportunity, skipped.tag) == (op.opportunity, op.tag)
    assert "no_op" in skipped.reason


def test_what_a_person_restored_or_added_since_is_left_as_it_is(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        restored, other = plan.operations[0], plan.operations[-1]
        emulated.remove_tags(restored.opportunity, [restored.tag])
        emulated.add_tags(other.opportunity, ["by hand"])
        result = undone(tmp_path, lever)
        assert "by hand" in tags_of(emulated)[other.opportunity]
    assert (result.counts["no_op"], result.exit_code) == (1, 0)


def test_a_rollback_after_a_merge_undoes_what_was_done_to_the_opportunity(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        start, plan = tags_of(emulated), migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        emulated.merge(plan.operations[0].contact, plan.operations[-1].contact)
        result = undone(tmp_path, lever)
        assert tags_of(emulated) == start
    assert result.exit_code == 0


def test_a_deleted_opportunity_is_gone_and_the_rest_is_undone(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        start, plan = tags_of(emulated), migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        lost = plan.operations[0].opportunity
        emulated.delete(lost)
        result = undone(tmp_path, lever)
        assert tags_of(emulated) == {o: tags for o, tags in start.items() if o != lost}
    assert (result.counts["gone"] >= 1, result.exit_code) == (True, 3)


def test_a_half_done_run_is_undone_by_what_its_journal_shows(tmp_path: Path) -> None:
    calls: list[str] = []

    def stumble(_: str, opportunity: str) -> None:
        calls.append(opportunity)
        if len(calls) > 4:
            raise ZeroDivisionError

    with account(contacts=300) as (emulated, lever), opened(emulated, kind=hooked(stumble)) as broken:
        start, plan = tags_of(emulated), migration(emulated, lever)
        with pytest.raises(ZeroDivisionError):
            carried_out(plan, tmp_path / "run", broken)
        assert tags_of(emulated) != start
        result = undone(tmp_path, lever)
        assert tags_of(emulated) == start
    back = Plan.read(tmp_path / "back")
    assert any("interrupted here" in op.reason for op in back.operations)
    assert len(back.operations) + len(back.skipped) == len(plan.operations)
    assert result.counts["no_op"] + result.counts["done"] == result.planned


def test_a_run_that_did_nothing_has_nothing_to_undo(tmp_path: Path) -> None:
    plan_of(operation(1)).write(tmp_path / "run")
    made = rollback(tmp_path / "run", tmp_path / "back")
    assert (made.operations, made.before, made.tag_counts) == ((), {}, {})
    assert made.skipped[0].reason.endswith("pending")


def test_a_tag_that_lever_stored_in_another_form_is_ours_and_listed(tmp_path: Path) -> None:
    with account(contacts=30) as (emulated, lever):
        contacts = emulated.state()["contacts"]
        contact = next(c for c in contacts.values() if list(contacts.values()).count(c) > 1)
        source, target, *_ = (o for o, c in contacts.items() if c == contact)
        emulated.add_tags(source, ["trailing "])
        before = {
            o: OpportunityState(contact, tuple(t))
            for o, t in tags_of(emulated).items()
            if contacts[o] == contact
        }
        emulated.configure(tag_normalisation="trim")
        op = Operation(contact, target, "add", "trailing ")
        plan = plan_of(op, account=lever.account_id(), before=before)
        first, again = (carried_out(plan, tmp_path / "run", lever) for _ in range(2))
        found = verify(tmp_path / "run", lever=lever, reread_after=())
        assert replay(Run.open(tmp_path / "run")).gaps == ()
        made = rollback(tmp_path / "run", tmp_path / "back")
    assert [e.evidence[:32] for e in first.results + again.results] == [
        "Lever stored it as 'trailing': d"
    ] * 2
    assert (found.signs["~"], found.signs["*"], found.exit_code) == (1, 0, 6)
    assert made.operations == ()
    (listed,) = made.skipped
    assert (listed.opportunity, listed.tag) == (target, "trailing")
    assert "remove it by hand" in listed.reason


def test_what_the_latest_request_read_is_the_state_to_go_back_from(tmp_path: Path) -> None:
    plan = plan_of(operation(tag="a"), operation(tag="b"))
    plan.write(tmp_path / "run")
    journal = Journal(tmp_path / "run" / "journal.sqlite")
    journal.bind(plan.plan_id, plan.account)
    journal.append(Intent((0,), "o1", "add", ("a",), before=()), Outcome(0, "failed"))
    journal.append(Intent((1,), "o1", "add", ("b",), before=()), Outcome(1, "done", effective=True))
    journal.append(Intent((0,), "o1", "add", ("a",), before=("b", "a person's")))
    journal.append(Outcome(0, "done", effective=True))
    journal.close()
    assert set(rollback(tmp_path / "run", tmp_path / "back").before["o1"].tags) == {"a", "b", "a person's"}


def test_a_rollback_may_remove_what_it_must_and_no_more(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
    made = rollback(tmp_path / "run", tmp_path / "back")
    assert made.brakes.max_removals == made.counts["removes"] == len(plan.operations)
    assert made.check_brakes() is None
    assert made.tag_counts.keys() == plan.tag_counts.keys()
    assert made.policy_digest == plan.plan_id


def test_the_id_of_a_rollback_binds_the_journal_it_rests_on(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        carried_out(migration(emulated, lever), tmp_path / "run", lever)
    first = rollback(tmp_path / "run", tmp_path / "one")
    assert rollback(tmp_path / "run", tmp_path / "two").plan_id == first.plan_id
    journal = Journal(tmp_path / "run" / "journal.sqlite")
    journal.append(journal.entries[1].body)
    journal.close()
    assert rollback(tmp_path / "run", tmp_path / "three").plan_id != first.plan_id


def test_a_rollback_needs_a_folder_of_its_own_and_a_run_at_rest(tmp_path: Path) -> None:
    plan_of(operation(1)).write(tmp_path / "run")
    with pytest.raises(UsageError, match="a run folder of its own"):
        rollback(tmp_path / "run", tmp_path / "x" / ".." / "run")
    with hold(tmp_path / "run" / "lock", purpose="apply"), pytest.raises(Locked):
        rollback(tmp_path / "run", tmp_path / "back")
    (tmp_path / "run" / "journal.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(Refused, match="damaged"):
        rollback(tmp_path / "run", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_rollback_of_one_tag_or_one_contact_leaves_the_rest_and_lists_it(tmp_path: Path) -> None:
    with account(contacts=100) as (emulated, lever):
        taken_at = int(emulated.do(lambda a: a.tick()))
        start, plan = tags_of(emulated), migration(emulated, lever, taken_at=taken_at)
        carried_out(plan, tmp_path / "run", lever)
        op = plan.operations[0]
        made = rollback(tmp_path / "run", tmp_path / "back", only_tags=[op.tag])
        carried_out(made, tmp_path / "back", lever)
        assert verify(tmp_path / "back", lever=lever).require().notes == []
        rest = [other for other in plan.operations if other.tag != op.tag]
        left = msgspec.structs.replace(plan, operations=tuple(rest))
        assert tags_of(emulated) == wished(left, start)
        contact = next(other.contact for other in rest)
        person = rollback(tmp_path / "run", tmp_path / "person", only_contacts=[contact])
    assert {each.tag for each in made.skipped} == {other.tag for other in rest}
    assert "undid this run" not in str(advice(Run.open(tmp_path / "run")))
    assert {each.contact for each in person.operations} == {contact}
    with pytest.raises(UsageError, match="the run changed nothing of 'nobody'"):
        rollback(tmp_path / "run", tmp_path / "other", only_contacts=["nobody"])


def test_a_removal_that_is_not_undone_this_time_is_no_tag_before_the_rollback(tmp_path: Path) -> None:
    plan = plan_of(operation(tag="put"), operation(tag="taken", action="remove"))
    plan.write(tmp_path / "run")
    with closing(Journal(tmp_path / "run" / "journal.sqlite")) as journal:
        journal.bind(plan.plan_id, plan.account)
        for n, op in enumerate(plan.operations):
            journal.append(Intent((n,), op.opportunity, op.action, (op.tag,), before=("taken",)))
            journal.append(Outcome(n, "done", effective=True))
    made = rollback(tmp_path / "run", tmp_path / "back", only_tags=["put"])
    assert ([op.tag for op in made.operations], made.before["o1"].tags) == (["put"], ("put",))


def test_a_run_is_carried_out_and_taken_back_without_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVERKIT_WORKSPACE", "~a user who is not there")
    with account() as (emulated, lever):
        start = tags_of(emulated)
        assert carried_out(migration(emulated, lever), tmp_path / "run", lever).counts["done"]
        undone(tmp_path, lever)
        assert tags_of(emulated) == start


def test_no_run_is_written_or_taken_back_where_it_is_not_known_which_ledger_is_its_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path))
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        (tmp_path / "accounts.json").write_text("{")
        with pytest.raises(UsageError, match=r"accounts\.json cannot be read"):
            carried_out(plan, tmp_path / "run", lever)
        assert {entry["method"] for entry in emulated.log()} == {"GET"}
    with pytest.raises(UsageError, match=r"accounts\.json cannot be read"):
        rollback(tmp_path / "run", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_tag_that_was_renamed_in_lever_is_listed_as_left_and_not_called_taken_back(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=int(emulated.do(lambda a: a.tick())))
        carried_out(plan, tmp_path / "run", lever)
        tag = plan.operations[0].tag
        number = sum(op.tag == tag for op in plan.operations)
        emulated.human("rename_tag", tag=tag, into="another name")
        ended = undone(tmp_path, lever)
        found = verify(tmp_path / "back", lever=lever, reread_after=())
    renamed = f"{tag!r} is no longer there; 'another name' appeared on {number} of {number}, and is left"
    assert (ended.exit_code, ended.reasons) == (3, [f"{number} drifted: {renamed}"])
    assert (found.exit_code, found.notes[0]) == (3, renamed)
    left = [pair for pair in found.differences if pair.reported == "renamed"]
    assert {pair.tag for pair in left} == {"another name"}
    assert str(advice(Run.open(tmp_path / "run"))).startswith(
        f"the rollback in {tmp_path / 'back'} undid this run in part"
    )
