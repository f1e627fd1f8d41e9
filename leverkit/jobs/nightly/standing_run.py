"""Carry out a run that a standing approval covers: a canary first where it is large, each part verified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leverkit.errors import Partial, Stopped, VerificationFailed, WritesFailed
from leverkit.history.ledger import Ledger
from leverkit.jobs.approval import Approval
from leverkit.migration.apply import Refusal, apply_run
from leverkit.migration.journal import StandingApproval
from leverkit.migration.next_step import first_wave
from leverkit.migration.run import Run
from leverkit.planning.brakes import OFF
from leverkit.planning.planner import plan_with
from leverkit.planning.waves import ALL, CANARY
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot
from leverkit.verification.verification import Verification
from leverkit.verification.verify import verify_run

if TYPE_CHECKING:
    from leverkit.api.client import Lever, ReadOnlyLever


def apply_and_verify(
    run: Run,
    writer: Lever,
    reader: ReadOnlyLever,
    approval: Approval,
    *,
    refused: Refusal,
    max_seconds: float | None,
    wait: float,
    reread_after: Sequence[float],
) -> tuple[str, int]:
    """Carry out a whole run and verify it; return how it ended, and the exit code, 0 or 3.

    `refused` tells which operations are no longer wanted, while nobody else can write.
    Raises what `apply` raises, Stopped where it was not carried to its end, and VerificationFailed; it is
    WritesFailed where nothing else is wrong in the whole run.
    """
    for wave in (CANARY, ALL) if first_wave(run.plan) == CANARY else (ALL,):
        ended, run = apply_run(
            run,
            approve=run.plan.plan_id,
            lever=writer,
            max_seconds=max_seconds,
            wave=wave,
            wait=wait,
            standing=StandingApproval(approval.approved_by, approval.approved_at),
            refused=refused,
        )
        if run.open_operations(run.wave(wave)):
            raise Stopped(ended.summary)
        found = verify_run(run, reader, wave=wave, reread_after=reread_after)
        if found.exit_code not in (0, Partial.exit_code):
            failure = WritesFailed if wave == ALL and _only_writes_failed(found) else VerificationFailed
            raise failure(f"{found.summary}; leverkit verify {run.folder} --wave {wave} tells more")
    return f"{ended.summary}; {found.summary}", ended.exit_code or found.exit_code


def _only_writes_failed(found: Verification) -> bool:
    """Return True if all that is wrong are changes whose writes the run saw fail."""
    wrong = [pair.reported for pair in found.checked if pair.wrong]
    return not any(tag.wrong for tag in found.counts) and set(wrong) == {"failed"}


def no_longer_planned(run: Run, snapshot: Snapshot, policy: Policy, ledger: Ledger) -> dict[int, str]:
    """Return why operations of a run, by their positions, would not be planned now: people decided since.

    What may have been sent is settled by reading, and what somebody else did by the reading before a write.
    """
    plan = plan_with(snapshot, policy, brakes=OFF, ledger=ledger, unattended=True)
    left = {(gap.opportunity, gap.tag): gap.reason for gap in plan.skipped}
    state = run.state
    return {
        number: left[op.opportunity, op.tag]
        for number, op in enumerate(run.plan.operations)
        if (op.opportunity, op.tag) in left
        and not state.is_settled(number)
        and state.open_intent(number) is None
    }
