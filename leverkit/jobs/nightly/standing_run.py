"""Carry out a run that a standing approval covers: a canary first where it is large, each part verified."""

from __future__ import annotations

from collections.abc import Sequence

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.errors import Partial, Stopped, VerificationFailed
from leverkit.migration.apply import apply_run
from leverkit.migration.next_step import first_wave
from leverkit.migration.run import Run
from leverkit.planning.waves import ALL, CANARY
from leverkit.verification.verify import verify_run


def carry_out(
    run: Run,
    writer: Lever,
    reader: ReadOnlyLever,
    *,
    max_seconds: float | None,
    wait: float,
    reread_after: Sequence[float],
) -> tuple[str, int]:
    """Carry out a whole run and verify it; return how it ended, and the exit code, 0 or 3.

    Raises what `apply` raises, Stopped where it was not carried to its end, and VerificationFailed.
    """
    for wave in (CANARY, ALL) if first_wave(run.plan) == CANARY else (ALL,):
        ended, run = apply_run(
            run, approve=run.plan.plan_id, lever=writer, max_seconds=max_seconds, wave=wave, wait=wait
        )
        if run.open_operations(run.wave(wave)):
            raise Stopped(ended.summary)
        found = verify_run(run, reader, wave=wave, reread_after=reread_after)
        if found.exit_code not in (0, Partial.exit_code):
            raise VerificationFailed(
                f"{found.summary}; leverkit verify {run.folder} --wave {wave} tells more"
            )
    return f"{ended.summary}; {found.summary}", ended.exit_code or found.exit_code
