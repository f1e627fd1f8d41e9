"""Carry out a run that a standing approval covers: a canary first where it is large, each part verified."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.errors import Partial, Stopped, VerificationFailed
from leverkit.migration.apply import apply_run
from leverkit.migration.next_step import first_wave
from leverkit.migration.result import Result
from leverkit.migration.run import Run
from leverkit.planning.waves import ALL, CANARY
from leverkit.verification.verify import REREAD_AFTER, verify_run


class Carried(msgspec.Struct, frozen=True):
    """How a run ended: in words, its outcomes, and the exit code, 0 or 3."""

    summary: str
    counts: dict[str, int]
    exit_code: int


def carry_out(
    run: Run,
    writer: Lever,
    reader: ReadOnlyLever,
    *,
    max_seconds: float | None = None,
    wait: float = 0.0,
    reread_after: Sequence[float] = REREAD_AFTER,
) -> Carried:
    """Carry out a whole run and verify it.

    Raises what `apply` raises, Stopped where it was not carried to its end, and VerificationFailed.
    """
    for wave in (CANARY, ALL) if first_wave(run.plan) == CANARY else (ALL,):
        ended, run = apply_run(
            run, approve=run.plan.plan_id, lever=writer, max_seconds=max_seconds, wave=wave, wait=wait
        )
        if not run.is_settled(run.wave(wave)):
            raise Stopped(ended.summary)
        found = verify_run(run, reader, wave=wave, reread_after=reread_after)
        if found.exit_code not in (0, Partial.exit_code):
            raise VerificationFailed(
                f"{found.summary}; leverkit verify {run.folder} --wave {wave} tells more"
            )
    return _carried(ended, found.summary, found.exit_code)


def _carried(ended: Result, verified: str, code: int) -> Carried:
    return Carried(f"{ended.summary}; {verified}", ended.counts, ended.exit_code or code)
