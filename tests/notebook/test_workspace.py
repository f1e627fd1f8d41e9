"""The desk and the steps that notebooks take at it: one folder an account, plans found again by their id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.notebook_accounts import decide_rightly

from leverkit.analysis.audit import audit
from leverkit.api.threads import thread_pool
from leverkit.emulator import Running
from leverkit.errors import BrakeTripped, Refused, Stopped, UsageError
from leverkit.jobs import approval
from leverkit.migration.result import Result, status
from leverkit.migration.run import Run
from leverkit.notebook.migration_step import Message
from leverkit.notebook.workspace import AccountWorkspace, desk
from leverkit.planning.brakes import Brakes
from leverkit.planning.plan import Plan
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy
from leverkit.verification.verification import Verification


@pytest.fixture
def at(lever_account: Running) -> Iterator[AccountWorkspace]:
    found = desk(rate=1000.0)
    with found.lever:
        yield found


@pytest.fixture
def decided(at: AccountWorkspace, lever_account: Running) -> AccountWorkspace:
    """Give a desk where people have decided, as the truth of the account is."""
    decide_rightly(at, lever_account.truth)
    return at


def test_an_account_has_a_folder_of_its_own(at: AccountWorkspace) -> None:
    assert at.folder.name == at.lever.account_id()
    assert list(at.steps["state"]) == ["not yet"] * 5


def test_a_snapshot_is_read_once_and_found_again(at: AccountWorkspace, lever_account: Running) -> None:
    first = at.snapshot()
    lever_account.clear_log()
    assert at.snapshot().digest == first.digest
    assert lever_account.log() == []


def test_nothing_is_accepted_unless_asked(at: AccountWorkspace) -> None:
    assert set(at.suggest(audit(at.snapshot())).scopes.values()) == {"undecided"}
    assert set(at.suggest(audit(at.snapshot()), 0.9).scopes.values()) > {"undecided"}


def test_notebooks_that_plan_at_once_each_keep_their_own_plan(decided: AccountWorkspace) -> None:
    with thread_pool(3) as pool:
        steps = list(pool.map(lambda most: decided.migration("plan", max_ops=most), range(1000, 1003)))
    assert [step.plan.brakes.max_ops for step in steps] == [1000, 1001, 1002]
    assert [Plan.read(step.run).plan_id for step in steps] == [step.plan.plan_id for step in steps]


def test_without_a_policy_the_plan_is_empty_and_a_policy_is_proposed(at: AccountWorkspace) -> None:
    step = at.migration("plan")
    assert step.plan.operations == ()
    assert set(Policy.read(at.policy_file).scopes.values()) == {"undecided"}


def test_a_plan_goes_through_its_modes_and_back(decided: AccountWorkspace, lever_account: Running) -> None:
    before = lever_account.state()["opportunities"]
    planned = decided.migration("plan")
    done = decided.migration("apply", planned.plan.short).carry_out()
    assert isinstance(done, Result)
    assert done.require().counts["done"] == len(planned.plan.operations) > 0
    assert decided.migration("verify").verify().require()
    assert decided.migration("plan").plan.operations == ()
    undo = decided.rollback("plan")
    assert decided.rollback("apply", approve=undo.plan.short).carry_out().require()
    assert isinstance(decided.rollback("verify").verify(), Verification)
    assert lever_account.state()["opportunities"] == before
    assert list(decided.runs["kind"]) == ["rollback", "migrate", "migrate"]


@pytest.mark.parametrize("mode", ["plan", "verify"])
def test_modes_that_read_never_write(decided: AccountWorkspace, lever_account: Running, mode: str) -> None:
    decided.migration("plan")
    assert isinstance(decided.migration(mode).carry_out(), Message)
    assert {entry["method"] for entry in lever_account.log()} == {"GET"}


def test_what_is_not_applied_does_not_pass_as_done(decided: AccountWorkspace) -> None:
    step = decided.migration("plan")
    assert "0 of" in step.outcomes().alt  # type: ignore[union-attr]
    assert step.plan.short in step.next
    with pytest.raises(Stopped):
        status(Run.open(step.run)).require()


def test_apply_without_approval_is_refused(decided: AccountWorkspace) -> None:
    decided.migration("plan")
    with pytest.raises(Refused, match="not approved"):
        decided.migration("apply").carry_out()


def test_a_plan_that_people_have_overtaken_is_not_applied(
    decided: AccountWorkspace, lever_account: Running
) -> None:
    planned = decided.migration("plan").plan
    tag = planned.operations[0].tag
    Policy.edit(decided.policy_file, lambda policy: policy.decide({tag: "ignore"}, by="a test"))
    for approve in (planned.short, ""):
        with pytest.raises(Refused, match=f"policy.csv was changed after plan {planned.short} was made"):
            decided.migration("apply", approve)
    assert {entry["method"] for entry in lever_account.log()} == {"GET"}
    again = decided.migration("plan").plan
    assert tag not in {operation.tag for operation in again.operations}
    assert decided.migration("apply", again.short).carry_out().require()


def test_new_tags_that_nobody_decided_on_overtake_no_plan(decided: AccountWorkspace) -> None:
    planned = decided.migration("plan").plan
    Policy((Decision("new"),)).write(decided.policy_file)
    assert decided.migration("apply", planned.short).carry_out().require()


def test_a_plan_that_trips_a_brake_stays_a_draft(decided: AccountWorkspace) -> None:
    with pytest.raises(BrakeTripped, match="--max-ops 1"):
        decided.migration("plan", max_ops=1)
    assert Plan.read(decided.folder / "runs" / "draft").operations
    assert len(decided.runs) == 0


def test_brakes_hold_when_a_plan_is_applied_too(decided: AccountWorkspace, lever_account: Running) -> None:
    planned = decided.migration("plan")
    with pytest.raises(BrakeTripped, match="--max-ops 1"):
        decided.migration("apply", planned.plan.short, max_ops=1).carry_out()
    assert {entry["method"] for entry in lever_account.log()} == {"GET"}


@pytest.mark.parametrize(
    ("mode", "approve", "refusal"),
    [
        ("Apply", "", "mode must be plan, apply or verify, not 'Apply'"),
        ("apply", "abc", "'abc' is no plan id: give at least its first 8 digits"),
        ("verify", "0" * 12, "no migrate plan 000000000000 for this account"),
    ],
)
def test_what_names_no_plan_is_reported(at: AccountWorkspace, mode: str, approve: str, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        at.migration(mode, approve)


def test_the_same_plan_again_is_the_same_run(decided: AccountWorkspace) -> None:
    first, second = decided.migration("plan"), decided.migration("plan")
    assert (first.run, len(decided.runs)) == (second.run, 1)


def test_the_state_of_each_step_is_reported_in_words(decided: AccountWorkspace) -> None:
    decided.migration("plan")
    reading, deciding, migrating, undoing, every_night = decided.steps["state"]
    assert reading.endswith("opportunities read")
    assert deciding.endswith("tags decided")
    assert migrating.startswith("plan ")
    assert undoing == every_night == "not yet"


def personal(account: Running) -> set[str]:
    """Return the names and addresses of everybody in an emulated account."""
    people = account.do(lambda held: [row.object() for row in held.rows.values()])
    texts = {str(person["name"]) for person in people}
    texts |= {str(text) for person in people for text in [*person["emails"], *person["links"]]}
    texts |= {str(phone["value"]) for person in people for phone in person["phones"]}
    return {text for text in texts if len(text) > 7}


def test_neither_key_nor_person_is_in_anything_that_is_left_behind(
    decided: AccountWorkspace, lever_account: Running
) -> None:
    facts = audit(decided.snapshot())
    facts.to_html(decided.folder / "audit.html")
    planned = decided.migration("plan")
    shown = [decided.migration("apply", planned.plan.short).carry_out(), decided.migration("verify").verify()]
    shown += [facts, planned.plan, decided, decided.snapshot(), Policy.read(decided.policy_file)]
    texts = [item._repr_html_() + repr(item) for item in shown]
    texts += [path.read_bytes().decode("latin-1") for path in decided.folder.rglob("*") if path.is_file()]
    people = personal(lever_account)
    assert len(people) > 100
    for text in texts:
        assert lever_account.api_key not in text
        assert [name for name in people if name.encode().decode("latin-1") in text or name in text] == []


def test_the_nightly_job_shows_in_mode_plan_and_writes_within_the_approval_in_mode_apply(
    decided: AccountWorkspace, lever_account: Running
) -> None:
    planned = decided.migration("plan")
    decided.migration("apply", planned.plan.short).carry_out()
    new = lever_account.create(planned.plan.operations[0].contact)
    shown = decided.sync("plan")
    assert "Nothing was written" in shown.next
    assert shown.planned.count('data-label="Tag"') == shown.ended.record.planned > 0
    with pytest.raises(Refused, match="nobody has approved"):
        decided.sync("apply").require()
    approval.approve(decided.folder, decided.policy, brakes=Brakes(max_ops=50), by="ada")
    night = decided.sync("apply")
    night.require()
    assert planned.plan.operations[0].tag in lever_account.state()["opportunities"][new]
    assert "verified" in list(decided.steps["state"])[-1]
    with pytest.raises(UsageError, match="mode must be plan or apply"):
        decided.sync("verify")


def test_a_plan_takes_policy_snapshot_and_run_folder_that_are_named(
    decided: AccountWorkspace, tmp_path: Path
) -> None:
    decided.policy_file.rename(tmp_path / "mine.csv")
    named = {"policy_file": str(tmp_path / "mine.csv"), "snapshot_folder": str(tmp_path / "snapshot")}
    found = desk(rate=1000.0, **named)
    with found.lever:
        run = {"run_folder": str(tmp_path / "run")}
        tag = next(tag for tag, scope in found.policy.scopes.items() if scope == "contact")
        planned = found.migration("plan", **run, only_tags=f"{tag}\n", matching="active")
        assert {op.tag for op in planned.plan.operations} <= {tag}
        again = found.migration("apply", planned.plan.short, **run, matching="active", wave="canary")
        assert (again.run, again.plan.plan_id) == (tmp_path / "run", planned.plan.plan_id)
        assert all(str(tmp_path / name) in planned.paths for name in ("mine.csv", "snapshot", "run"))
        with pytest.raises(Refused, match="or matching is another"):
            found.migration("apply", planned.plan.short, **run)


def test_a_policy_that_is_named_and_not_there_is_no_empty_policy(
    at: AccountWorkspace, tmp_path: Path
) -> None:
    found = desk(rate=1000.0, policy_file=str(tmp_path / "missing.csv"))
    with found.lever, pytest.raises(UsageError, match=r"missing\.csv: no such file"):
        found.migration("plan")


def test_an_empty_plan_names_the_policy_that_nobody_decided_on(at: AccountWorkspace) -> None:
    step = at.migration("plan")
    assert f"no tag has the scope contact in {at.policy_file}" in step.next


@pytest.mark.parametrize("seconds", [0, -2.0, float("nan")])
def test_a_duration_that_allows_nothing_is_refused(at: AccountWorkspace, seconds: float) -> None:
    with pytest.raises(UsageError, match=r"max_duration must be -1 \(no limit\)"):
        at.migration("plan", max_duration=seconds)


def test_no_changes_allowed_means_none_and_the_sentence_says_how_to_allow_all(
    decided: AccountWorkspace,
) -> None:
    with pytest.raises(BrakeTripped, match=r"--max-ops 0 \(0 allows none; -1 is no limit\)"):
        decided.migration("plan", max_ops=0)
    assert decided.migration("plan", max_ops=-1, max_pct=-1).plan.operations
