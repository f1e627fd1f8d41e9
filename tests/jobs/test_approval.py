"""Who approved what and when is one list, from the runs themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.plan_factory import AT_ONCE, account, carried_out, migration, resumed

from leverkit.errors import Refused
from leverkit.jobs.approval import Approval, approvals
from leverkit.migration.journal import StandingApproval
from leverkit.migration.rollback import rollback
from leverkit.planning.brakes import Brakes
from leverkit.planning.plan import Plan
from leverkit.storage.lock import identity
from leverkit.verification.verify import verify


def standing(plan: Plan) -> Approval:
    return Approval(
        account=plan.account,
        policy_digest="p",
        contact_tags=1,
        brakes=Brakes(),
        approved_by="Ada",
        approved_at="2026-11-01T08:00:00+00:00",
        until="2027-01-01T00:00:00+00:00",
    )


def test_each_session_is_listed_with_who_approved_it_and_what_was_allowed(tmp_path: Path) -> None:
    run, undo = tmp_path / "runs" / "run", tmp_path / "runs" / "undo"
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, run, lever, wave="canary")
        verify(run, lever=lever, wave="canary", reread_after=())
        resumed(plan, run, lever, times=AT_ONCE)
        back = rollback(run, undo)
        assert len(approvals(tmp_path).sessions) == 2
        approved = StandingApproval("Ada", "2026-11-01T08:00:00+00:00")
        resumed(back, undo, lever, times=AT_ONCE, standing=approved)
    found = approvals(tmp_path)
    canary, rest, undone = found.sessions
    assert found.unreadable == ()
    assert (canary.by, canary.wave, canary.operations) == (identity(), "canary", plan.canary.operations)
    assert (rest.wave, rest.operations, set(rest.tags)) == (
        "all",
        len(plan.operations),
        {op.tag for op in plan.operations},
    )
    assert (undone.kind, undone.plan_id, undone.by) == ("rollback", back.plan_id, "Ada")
    assert undone.approved_at == "2026-11-01T08:00:00+00:00"
    assert canary.at <= rest.at <= undone.at
    assert approvals(run).sessions == (canary, rest)


def test_a_run_that_cannot_be_read_is_named_and_hides_no_other(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        for name in ("edited", "whole"):
            carried_out(plan, tmp_path / name, lever)
    (tmp_path / "edited" / "plan.csv").write_text("contact,opportunity\n")
    found = approvals(tmp_path)
    assert [session.run for session in found.sessions] == [str(tmp_path / "whole")]
    assert found.unreadable[0].startswith(str(tmp_path / "edited"))


@pytest.mark.parametrize("until", ["soon", "", "2026-11-27", "2026-11-27T00:00:00"])
def test_an_approval_whose_end_is_no_moment_is_refused(tmp_path: Path, until: str) -> None:
    with account() as (emulated, lever):
        approval = standing(migration(emulated, lever))
    msgspec.structs.replace(approval, until=until).write(tmp_path)
    with pytest.raises(Refused, match="approval cannot be read"):
        Approval.find(tmp_path)
