"""The plan of a night, in a folder of its own: for a person to read, or for a job to carry out."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from leverkit.errors import BrakeTripped
from leverkit.history.ledger import Ledger
from leverkit.migration.next_step import apply_command, first_wave
from leverkit.migration.run import Run
from leverkit.planning.brakes import Brakes
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan_with
from leverkit.planning.run_folder import draft_lock, was_begun
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.lock import hold

WAIT = 60.0  # seconds for a notebook that plans


def nightly_plan(
    runs: Path,
    snapshot: Snapshot,
    policy: Policy,
    ledger: Ledger,
    *,
    brakes: Brakes,
    for_a_person: bool,
    consider: bool,
) -> Run:
    """Plan into a new folder of `runs`; brakes are written down, not applied.

    A plan for a person has every gap that people did not decide on, and the ledger notes them with
    `consider`; one for a job leaves those that were noted. The folder of an empty plan is removed again.
    """
    draft = runs / "draft"
    with hold(draft_lock(runs), purpose="plan", wait=WAIT):
        with suppress(BrakeTripped):
            plan_with(
                snapshot,
                policy,
                draft,
                brakes=brakes,
                ledger=ledger,
                unattended=not for_a_person,
                consider=consider,
            )
        plan = Plan.read(draft)
        if plan.operations:
            return Run(_kept(draft, plan), plan)
        shutil.rmtree(draft)
        return Run(draft, plan)


def commands_for_a_person(run: Run, approve: str) -> str:
    """Return what follows a first night: the command that carries its plan out, and that of the approval."""
    plan, nights = run.plan, f"for every night: {approve}"
    if not plan.operations:
        return nights
    apply = f"{apply_command(run.folder, plan, first_wave(plan))} {plan.brakes.needed(plan.size)}".rstrip()
    return f"read {run.folder / 'plan.csv'}; to carry it out: {apply}; {nights}"


def _kept(draft: Path, plan: Plan) -> Path:
    """Move a draft to a folder named by time and plan; where an equal plan waits already, take its place."""
    for folder in draft.parent.glob(f"*-{plan.short}"):
        if not was_begun(folder):
            plan.write(folder)
            shutil.rmtree(draft)
            return folder
    moment = datetime.fromtimestamp(plan.taken_at / 1000, UTC)
    return draft.replace(draft.with_name(f"{moment:%Y%m%dT%H%M%S}-{plan.short}"))
