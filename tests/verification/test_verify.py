"""Verification re-reads: every difference has a sign, every tag count a reason, and apply is not believed."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import (
    AT_ONCE,
    account,
    carried_out,
    hooked,
    lost,
    migration,
    opened,
    operation,
    plan_of,
    resumed,
    tags_of,
)

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.errors import AccessDenied, ApiError, Partial, Refused, UsageError, VerificationFailed
from leverkit.migration.journal import Journal, Outcome
from leverkit.migration.rollback import rollback
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.verification.tag_counts import KINDS
from leverkit.verification.verification import Count, PairCheck, Verification
from leverkit.verification.verify import REREAD_AFTER
from leverkit.verification.verify import verify as patient


def verify(run: Path, **options: Any) -> Verification:
    """Verify with one look."""
    return patient(run, **{"reread_after": ()} | options)


def applied(tmp_path: Path, emulated: Any, lever: Any, **fields: Any) -> Plan:
    plan = migration(emulated, lever, **{"taken_at": now(emulated)} | fields)
    carried_out(plan, tmp_path, lever)
    return plan


def now(emulated: Any) -> int:
    """The account's time: later than everything generated, earlier than every change to come."""
    return int(emulated.do(lambda account: account.tick()))


def sign(found: Verification, op: Operation) -> str:
    (checked,) = [each for each in found.checked if (each.opportunity, each.tag) == (op.opportunity, op.tag)]
    return checked.status


def test_a_carried_out_plan_is_verified_without_a_write(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        emulated.clear_log()
        with opened(emulated, kind=ReadOnlyLever) as reader:  # type: ignore[arg-type]
            found = verify(tmp_path, lever=reader)
        assert {entry["method"] for entry in emulated.log()} == {"GET"}
    assert found.signs == {"=": len(plan.operations), **dict.fromkeys("+->~*!", 0)}
    assert (found.ok, found.exit_code, found.require(), found.notes) == (True, 0, found, [])
    assert found.same > 0
    assert len(found.counts) == len(plan.tag_counts) > 3


def test_a_plan_that_was_not_carried_out_fails_whatever_result_json_says(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        claim = {"plan_id": plan.plan_id, "exceptions": [], "counts": {"done": len(plan.operations)}}
        (tmp_path / "result.json").write_text(json.dumps(claim))
        found = verify(tmp_path, lever=lever)
    assert found.signs["+"] == len(plan.operations)
    assert found.exit_code == 6
    with pytest.raises(VerificationFailed, match="NOT as planned"):
        found.require()


def test_what_lever_shows_late_is_no_failure_and_what_it_never_shows_is_one(tmp_path: Path) -> None:
    naps: list[float] = []
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        op = plan.operations[0]
        lost(emulated, op)
        assert patient(tmp_path, lever=lever, sleep=naps.append).exit_code == 6
        assert naps == list(REREAD_AFTER)

        def appear(_: float) -> None:
            emulated.add_tags(op.opportunity, [op.tag])

        assert patient(tmp_path, lever=lever, sleep=appear).exit_code == 0


def test_each_difference_has_its_sign(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        missing, gone = plan.operations[0], plan.operations[-1]
        lost(emulated, missing)
        (tmp_path / "journal.sqlite").unlink()
        emulated.add_tags(missing.opportunity, ["by hand"])
        emulated.delete(gone.opportunity)
        found = verify(tmp_path, lever=lever)
    assert (sign(found, missing), sign(found, gone)) == ("+", "!")
    assert PairCheck("*", missing.contact, missing.opportunity, "by hand") in found.checked
    assert found.exit_code == 6


def test_what_others_changed_after_the_run_saw_it_in_place_is_partial_not_failed(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        undone, gone = plan.operations[0], plan.operations[-1]
        emulated.remove_tags(undone.opportunity, [undone.tag])
        emulated.delete(gone.opportunity)
        found = verify(tmp_path, lever=lever)
        assert (sign(found, undone), sign(found, gone), found.exit_code) == ("+", "!", 3)
        assert {each.reported for each in found.checked if each.status in "+!"} == {"changed since"}
        assert "2 of them seen in place by the run and changed since" in found.summary
        lost(emulated, plan.operations[1])
        assert verify(tmp_path, lever=lever).exit_code == 6


def test_what_was_changed_between_two_requests_of_the_run_is_told_as_changed_since(tmp_path: Path) -> None:
    class Interrupted(Lever):
        reads = 0

        def opportunities_of(self, contacts: Any, **params: Any) -> Any:
            self.reads += 1
            if self.reads == 3:  # it was added and seen; the removal is not read for yet
                emulated.remove_tags(opportunity, ["vip"])
            return super().opportunities_of(contacts, **params)

    with account(contacts=5) as (emulated, lever), opened(emulated, kind=Interrupted) as hit:
        opportunity, contact = next(iter(emulated.state()["contacts"].items()))
        emulated.add_tags(opportunity, ["old"])
        add, remove = (
            Operation(contact, opportunity, "add", "vip"),
            Operation(contact, opportunity, "remove", "old"),
        )
        known = {opportunity: OpportunityState(contact, tuple(tags_of(emulated)[opportunity]))}
        plan = plan_of(add, remove, account=lever.account_id(), before=known, kind="rollback")
        assert carried_out(plan, tmp_path, hit).counts["done"] == 2
        emulated.do(
            lambda each: each.edit(
                each.row(opportunity), lambda value: value.update(updatedAt=1), touch=False
            )
        )
        found = verify(tmp_path, lever=lever)
    assert (sign(found, add), sign(found, remove), found.exit_code) == ("+", "=", 3)


def test_what_a_run_found_in_place_and_read_as_undone_is_told_as_changed_since(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        whole = migration(emulated, lever)
        op = whole.operations[0]
        emulated.add_tags(op.opportunity, ["found"])
        for source in {o for o, known in whole.before.items() if known.contact == op.contact} - {
            op.opportunity
        }:
            emulated.add_tags(source, ["found", "written"])
        ops = [Operation(op.contact, op.opportunity, "add", tag) for tag in ("found", "written")]
        plan = plan_of(*ops, account=whole.account, before=whole.before)

        def meddle(_: str, opportunity: str) -> None:
            emulated.remove_tags(opportunity, ["found"])

        with opened(emulated, kind=hooked(meddle)) as meddled:
            carried_out(plan, tmp_path, meddled)
        assert verify(tmp_path, lever=lever).exit_code == 3


def test_what_a_run_found_in_place_and_its_next_process_reads_as_undone_is_told_as_changed_since(
    tmp_path: Path,
) -> None:
    with account() as (emulated, lever):
        whole = migration(emulated, lever)
        op = whole.operations[0]
        siblings = [each for each, known in whole.before.items() if known.contact == op.contact]
        for opportunity in siblings:
            emulated.add_tags(
                opportunity, ["found"] if opportunity == op.opportunity else ["found", "written"]
            )
        ops = [Operation(op.contact, op.opportunity, "add", tag) for tag in ("found", "written")]
        plan = plan_of(*ops, account=whole.account, before=whole.before)
        emulated.fault(kind="status", status=403, method="POST")
        with pytest.raises(AccessDenied):
            carried_out(plan, tmp_path, lever)
        emulated.clear_faults()
        emulated.remove_tags(op.opportunity, ["found"])
        for opportunity in siblings:
            emulated.remove_tags(opportunity, ["written"])
        resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert verify(tmp_path, lever=lever).exit_code == 3


def test_a_journal_that_claims_what_lever_never_had_excuses_nothing(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        journal = Journal(tmp_path / "journal.sqlite")
        journal.bind(plan.plan_id, plan.account)
        journal.append(*(Outcome(number, "done", True) for number in range(len(plan.operations))))
        journal.close()
        found = verify(tmp_path, lever=lever)
    assert (found.exit_code, found.signs["+"]) == (6, len(plan.operations))


def test_a_clock_that_tells_whole_seconds_excuses_no_tag_that_lever_lost(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        lost(emulated, plan.operations[0])
        assert verify(tmp_path, lever=lever).exit_code == 6


def test_a_journal_of_another_plan_excuses_nothing(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        emulated.remove_tags(plan.operations[0].opportunity, [plan.operations[0].tag])
        assert verify(tmp_path, lever=lever).exit_code == 3
        (tmp_path / "journal.sqlite").unlink()
        with closing(Journal(tmp_path / "journal.sqlite")) as journal:
            journal.bind("another plan", plan.account)
            journal.append(Outcome(len(plan.operations), "done", True))
            journal.append(*(Outcome(number, "done", True) for number in range(len(plan.operations))))
        assert verify(tmp_path, lever=lever).exit_code == 6


def test_a_removal_that_did_not_happen_is_unexpected(tmp_path: Path) -> None:
    with account(contacts=5) as (emulated, lever):
        opportunity, contact = next(iter(emulated.state()["contacts"].items()))
        emulated.add_tags(opportunity, ["old"])
        op = Operation(contact, opportunity, "remove", "old")
        known = {opportunity: OpportunityState(contact, tuple(tags_of(emulated)[opportunity]))}
        plan_of(op, account=lever.account_id(), before=known).write(tmp_path)
        assert sign(verify(tmp_path, lever=lever), op) == "-"
        emulated.remove_tags(opportunity, ["old"])
        assert sign(verify(tmp_path, lever=lever), op) == "="


def test_what_apply_left_alone_on_purpose_is_partial_not_failed(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=now(emulated))
        gone, drifted = plan.operations[0], plan.operations[-1]
        emulated.delete(gone.opportunity)
        emulated.anonymize(drifted.opportunity)
        carried_out(plan, tmp_path, lever)
        found = verify(tmp_path, lever=lever)
        reported = {(each.opportunity, each.tag): each.reported for each in found.checked}
        assert reported[gone.opportunity, gone.tag] == "gone"
        assert reported[drifted.opportunity, drifted.tag] == "drifted"
        assert found.exit_code == 3
        with pytest.raises(Partial):
            found.require()
        (tmp_path / "result.json").write_text("{}")
        assert verify(tmp_path, lever=lever).exit_code == 6


def test_a_count_that_the_read_opportunities_explain_is_no_failure(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        op = plan.operations[0]
        late = emulated.create(op.contact)
        emulated.add_tags(late, [op.tag])
        found = verify(tmp_path, lever=lever)
    (count,) = [count for count in found.counts if count.tag == op.tag]
    assert (count.listed - count.predicted, count.explained, count.wrong) == (1, 1, False)
    assert "+1 by the opportunities that differ" in found.notes[0]
    assert found.exit_code == 0


@pytest.mark.parametrize("step", ["add", "remove", "delete", "create"])
def test_a_count_that_others_may_have_changed_is_named(tmp_path: Path, step: str) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        tag = plan.operations[0].tag
        elsewhere = {o: tags for o, tags in tags_of(emulated).items() if o not in plan.before}
        have = next(o for o, tags in elsewhere.items() if tag in tags)
        lack = next(o for o, tags in elsewhere.items() if tag not in tags)
        match step:
            case "add":
                emulated.add_tags(lack, [tag])
            case "remove":
                emulated.remove_tags(have, [tag])
            case "delete":
                emulated.delete(have)
            case "create":
                emulated.add_tags(emulated.create(), [tag])
        found = verify(tmp_path, lever=lever)
    (count,) = [count for count in found.counts if count.tag == tag]
    named = {"add": lack, "remove": have, "delete": have}.get(step, "")
    (change,) = count.others
    assert (change.by, count.wrong) == (-1 if step in ("remove", "delete") else 1, False)
    assert change.opportunity == named or step == "create"
    assert f"outside this plan since the snapshot: {change}" in found.notes[0]
    assert found.exit_code == 0


class Miscounting(Lever):
    """A Lever whose tag counts are three too low: as if opportunities that nobody listed had lost the tag."""

    def tag_counts(self) -> dict[str, int]:
        return {tag: count - 3 for tag, count in super().tag_counts().items()}


@pytest.mark.parametrize("baseline", [True, False])
def test_a_count_that_nothing_explains_fails(tmp_path: Path, baseline: bool) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Miscounting) as miscounting:
        plan = applied(tmp_path, emulated, lever, **({} if baseline else {"holders": {}}))
        found = verify(tmp_path, lever=miscounting)
    assert found.signs["="] == len(plan.operations)
    assert len(found.notes) == len(plan.tag_counts) + 1
    assert all("-3 not explained" in note for note in found.notes[:-1])
    assert found.exit_code == 6


def leaving_out(kind: str, late: int = 0) -> type[Lever]:
    """A Lever whose tag counts leave one kind of opportunity out (not documented: section 5), or are late."""

    class Counting(Lever):
        def tag_counts(self) -> dict[str, int]:
            rest = [o for o in self.opportunities() if not dict(KINDS)[kind](o)]
            return {tag: n - late for tag, n in Counter(tag for o in rest for tag in o.tags).items()}

    return Counting


def applied_to(kind: str, tmp_path: Path, emulated: Any, counting: Lever) -> set[str]:
    """Carry a plan out; return the tags that it added to opportunities of this kind."""
    for op in migration(emulated, counting).operations[:3] if kind == "confidential" else ():
        emulated.set_confidential(op.opportunity)
    plan = applied(tmp_path, emulated, counting)
    there = {o.id for o in counting.opportunities() if dict(KINDS)[kind](o)}
    return {op.tag for op in plan.operations if op.opportunity in there}


@pytest.mark.parametrize("kind", ["confidential", "archived"])
def test_counts_that_leave_a_kind_out_are_told_where_every_holder_is_found(tmp_path: Path, kind: str) -> None:
    with account() as (emulated, _), opened(emulated, kind=leaving_out(kind)) as counting:
        tags = applied_to(kind, tmp_path, emulated, counting)
        found = verify(tmp_path, lever=counting)
    assert {count.tag for count in found.counts if count.left_out == kind} == tags != set()
    assert (
        f"every opportunity that should carry it was found, and Lever counts all but the {kind} ones"
        in found.notes[0]
    )
    assert found.exit_code == 0


def test_counts_that_leave_a_kind_out_excuse_no_write_that_nobody_saw(tmp_path: Path) -> None:
    with account() as (emulated, _), opened(emulated, kind=leaving_out("archived")) as counting:
        tags = applied_to("archived", tmp_path, emulated, counting)
        there = {o.id for o in counting.opportunities() if o.archived}
        holders = Plan.read(tmp_path).holders
        tag, victim = next((tag, each) for tag in tags for each in holders[tag] if each in there)

        def lose(account: Any) -> None:
            account.edit(account.rows[victim], lambda row: row["tags"].remove(tag), touch=False)

        emulated.do(lose)  # an archived one is not counted, and its updatedAt does not move
        found = verify(tmp_path, lever=counting)
    (count,) = [count for count in found.counts if count.tag == tag]
    assert (count.left_out, count.wrong, found.exit_code) == ("", True, 6)


def test_a_tag_on_an_opportunity_that_should_not_have_it_is_not_excused_as_unseen(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        tag = plan.operations[0].tag
        other = min(id for id, tags in tags_of(emulated).items() if id not in plan.before and tag not in tags)

        def tagged(account: Any) -> None:
            account.edit(account.row(other), lambda row: row["tags"].append(tag), touch=False)

        emulated.do(tagged)
        found = verify(tmp_path, lever=lever)
    assert [(count.tag, count.left_out) for count in found.counts if count.wrong] == [(tag, "")]
    assert found.exit_code == 6


def test_a_count_that_was_off_at_the_snapshot_says_so_and_a_wrong_one_when_to_look_again(
    tmp_path: Path,
) -> None:
    with account() as (emulated, lever), opened(emulated, kind=Miscounting) as miscounting:
        right = migration(emulated, lever).tag_counts
        applied(tmp_path, emulated, lever, tag_counts={tag: count + 2 for tag, count in right.items()})
        found = verify(tmp_path, lever=miscounting)
    assert "at the snapshot Lever's count was +2 off its own listing already; -5 not expl" in found.notes[0]
    assert found.notes[-1] == "Lever's counts may lag: verify again in a few minutes"
    assert found.notes[-1].replace("'", "&#39;") in found._repr_html_()


def test_a_count_that_was_out_of_date_at_the_snapshot_is_told(
    tmp_path: Path,
) -> None:
    with account() as (emulated, lever):
        right = migration(emulated, lever).tag_counts
        late = {tag: count + 3 for tag, count in right.items()}
        applied(tmp_path, emulated, lever, tag_counts=late)
        found = verify(tmp_path, lever=lever)
    assert all("every opportunity that carries it was found" in note for note in found.notes)
    assert (len(found.notes), found.exit_code) == (len(late), 0)


def test_what_the_key_cannot_see_any_more_makes_no_rollback_fail(tmp_path: Path) -> None:
    with account() as (emulated, _), opened(emulated, key=emulated.restricted_key) as lever:
        run, undo = tmp_path / "run", tmp_path / "undo"
        plan = applied(run, emulated, lever)
        op = plan.operations[0]
        emulated.set_confidential(op.opportunity)
        elsewhere = next(ids[0] for ids in plan.holders.values() if ids)
        emulated.set_confidential(elsewhere)
        carried_out(rollback(run, undo), undo, lever)
        found = verify(undo, lever=lever)
    assert (found.exit_code, [count for count in found.counts if count.wrong]) == (3, [])
    assert sign(found, op) == "!"


def test_what_others_do_to_what_the_key_never_saw_makes_no_verification_fail(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, key=emulated.restricted_key) as reader:
        first = migration(emulated, lever)
        tag, others = first.operations[0].tag, tags_of(emulated).keys() - first.before.keys()
        hidden = min(id for id in others if tag not in tags_of(emulated)[id])
        emulated.set_confidential(hidden)
        applied(tmp_path, emulated, reader)
        emulated.add_tags(hidden, [tag])
        assert verify(tmp_path, lever=reader).exit_code == 0


def test_the_plan_of_a_key_that_sees_less_is_verified_by_one_that_sees_everything(tmp_path: Path) -> None:
    with account() as (emulated, lever), opened(emulated, key=emulated.restricted_key) as reader:
        touched, untouched = next(ids for ids in migration(emulated, lever).holders.values() if len(ids) > 1)[
            :2
        ]
        emulated.set_confidential(touched)
        emulated.set_confidential(untouched)
        applied(tmp_path, emulated, reader)
        emulated.add_tags(touched, ["something else"])
        assert verify(tmp_path, lever=lever).exit_code == 0


def test_a_rollback_counts_before_and_after_from_the_same_state(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=now(emulated))
        first, other = plan.operations[:2]
        emulated.add_tags(first.opportunity, [first.tag])  # before the run, so that it finds it so
        emulated.add_tags(first.opportunity, [other.tag])
        carried_out(plan, tmp_path / "run", lever)
        carried_out(rollback(tmp_path / "run", tmp_path / "undo"), tmp_path / "undo", lever)
        found = verify(tmp_path / "undo", lever=lever)
    assert (found.exit_code, [count for count in found.counts if count.unexplained]) == (0, [])


def test_a_contact_that_was_merged_in_brings_its_tags_and_is_accounted_for(tmp_path: Path) -> None:
    with account(contacts=80) as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        tag, holder = next((tag, ids[0]) for tag, ids in sorted(plan.holders.items()) if ids)
        emulated.merge(emulated.state()["contacts"][holder], plan.operations[0].contact)
        emulated.add_tags(holder, ["something else"])
        found = verify(tmp_path, lever=lever)
    assert [count.listed for count in found.counts if count.tag == tag] == [plan.tag_counts[tag]]
    assert (found.notes, found.exit_code) == ([], 0)


def test_many_changes_by_others_are_all_in_the_file_and_five_in_the_note(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        tag = plan.operations[0].tag
        for _ in range(7):
            emulated.add_tags(emulated.create(), [tag])
        emulated.add_tags(emulated.create(), ["unrelated"])
        found = verify(tmp_path, lever=lever)
    assert (found.notes[0].count("(+1)"), found.notes[0].endswith("and 2 more")) == (5, True)
    written = json.loads((tmp_path / "verify.json").read_text())["tag_counts"]
    assert [len(count["others"]) for count in written if count["tag"] == tag] == [7]


def test_a_merged_opportunity_is_found_by_its_id(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        elsewhere = {c for o, c in emulated.state()["contacts"].items() if o not in plan.before}
        emulated.merge(plan.operations[0].contact, min(elsewhere))
        found = verify(tmp_path, lever=lever)
    assert found.signs["="] == len(plan.operations)


def test_what_later_waves_wrote_is_ours_and_the_counts_expect_it(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever, taken_at=now(emulated))
        carried_out(plan, tmp_path, lever, wave="canary")
        verify(tmp_path, lever=lever, wave="canary")
        carried_out(plan, tmp_path, lever)
        late = next(op for op in plan.operations if op.contact not in plan.canary.contacts)
        emulated.remove_tags(late.opportunity, [late.tag])
        found = verify(tmp_path, lever=lever, wave="canary")
    later = len(plan.operations) - plan.canary.operations - 1
    assert (found.signs["="], found.signs[">"], found.signs["*"]) == (plan.canary.operations, later, 0)
    assert (found.exit_code, found.notes, found.hint) == (0, [], "")
    assert f"{later} taggings written by later waves already" in found.summary
    assert json.loads((tmp_path / "verify.json").read_text())["differences"] == []


def test_a_run_that_was_taken_back_names_the_rollback(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        run, undo = tmp_path / "run", tmp_path / "the undo"
        plan = migration(emulated, lever, taken_at=now(emulated))
        carried_out(plan, run, lever)
        (tmp_path / "else").mkdir()
        (tmp_path / "else" / "plan.json").write_text("{}")
        (tmp_path / "else" / "journal.sqlite").touch()
        back = rollback(run, undo)
        assert verify(run, lever=lever).hint == ""
        carried_out(back, undo, lever)
        found = verify(run, lever=lever)
        assert verify(undo, lever=lever).exit_code == 0
    hint = f"the rollback in {undo} undid this run, wholly or in part; verify that rollback: "
    assert (found.exit_code, found.hint) == (3, f"{hint}leverkit verify '{undo}'")
    assert found.hint.replace("'", "&#39;") in found._repr_html_()
    assert json.loads((run / "verify.json").read_text())["hint"] == found.hint
    with pytest.raises(Partial, match="undid this run"):
        found.require()


def test_a_run_that_is_not_at_its_end_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        apply = f"leverkit apply {tmp_path} --approve {plan.short}"
        assert (
            verify(tmp_path, lever=lever).hint == f"the plan has not been applied yet: {apply} --wave canary"
        )
        carried_out(plan, tmp_path, lever, wave="canary")
        only = f"only wave canary is done so far: leverkit verify {tmp_path} --wave canary"
        assert verify(tmp_path, lever=lever).hint == only
        assert verify(tmp_path, lever=lever, wave="canary").hint == ""
        (tmp_path / "STOP").touch()
        carried_out(plan, tmp_path, lever)
        left = len(plan.operations) - plan.canary.operations
        stopped = verify(tmp_path, lever=lever).hint
        (tmp_path / "journal.sqlite").write_bytes(b"damaged")
        assert verify(tmp_path, lever=lever).hint == ""
    assert stopped.startswith(f"the run is unfinished, {left} operations are left; remove ")
    assert stopped.endswith(f"STOP, then apply again: {apply}")


def test_an_answer_that_cannot_be_read_is_an_error_not_a_finding(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = applied(tmp_path, emulated, lever)
        gone = plan.operations[0].opportunity
        emulated.delete(gone)
        emulated.fault("status", path=f"/opportunities/{gone}", status=400, times=None)
        with pytest.raises(ApiError):
            verify(tmp_path, lever=lever)


def test_a_plan_of_another_account_or_no_plan_is_refused(tmp_path: Path) -> None:
    with account(contacts=3) as (_, lever):
        plan_of(operation(1)).write(tmp_path / "run")
        with pytest.raises(Refused, match="the plan is for account acc"):
            verify(tmp_path / "run", lever=lever)
        with pytest.raises(UsageError, match="no plan"):
            verify(tmp_path, lever=lever)


@pytest.mark.parametrize("content", ["", "[]", '{"plan_id": 1}', '{"plan_id": "other", "exceptions": []}'])
def test_a_result_json_that_says_nothing_usable_explains_nothing(tmp_path: Path, content: str) -> None:
    with account() as (emulated, lever):
        applied(tmp_path, emulated, lever)
        (tmp_path / "result.json").write_text(content)
        assert verify(tmp_path, lever=lever).exit_code == 0


def test_verify_json_holds_every_difference(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        verify(tmp_path, lever=lever)
    document = json.loads((tmp_path / "verify.json").read_text())
    assert len(document["differences"]) == document["signs"]["+"] == len(plan.operations)
    assert (document["ok"], document["exit_code"]) == (False, 6)
    rows = (tmp_path / "differences.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 1 + len(plan.operations)


def test_a_verification_draws_itself_escaped() -> None:
    checked = (PairCheck("=", "c", "o", "fine"), PairCheck("+", "c", "o", "<script>"))
    counts = (Count("<b>", 3, 4),)
    found = Verification(run="r", plan_id="0" * 64, checked=checked, same=5, counts=counts)
    html = found._repr_html_()
    assert "&lt;script&gt;" in html
    assert "+1 not explained" in html
    assert "<script>" not in html
    assert repr(found).startswith("<Verification of plan 000000000000: NOT as planned")
    assert list(found.frame["meaning"]) == ["as expected", "missing"]
