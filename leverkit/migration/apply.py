"""Carry out an approved plan: the only code that writes to candidates' records.

Batch by batch: read the contacts, settle what needs no write, send the rest with the intent on
disk first, read back, record the outcome. Adds over the whole plan, a barrier, then removes.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from leverkit.api.client import Lever
from leverkit.errors import Refused, UsageError
from leverkit.migration.journal import Begun, Journal, Sealed, fold
from leverkit.migration.next_step import check_gate
from leverkit.migration.result import Result, result
from leverkit.migration.stop import INTERRUPTED, Halt, kernel_parent, on_signals
from leverkit.migration.writer import Times, Writer
from leverkit.planning.plan import Plan
from leverkit.planning.waves import ALL, largest, numbers
from leverkit.report.progress import progress
from leverkit.settings import connect
from leverkit.storage.lock import account_lock, hold, identity

FINISHED = "finished"
WAIT = 5.0  # seconds: the receiver's batches take less


def apply(
    run: Path | str,
    *,
    approve: str = "",
    lever: Lever | None = None,
    max_ops: int | None = None,
    max_pct: float | None = None,
    max_tag_pct: float | None = None,
    max_removals: int | None = None,
    max_seconds: float | None = None,
    wave: str = ALL,
    wait: float = WAIT,
) -> Result:
    """Carry out the plan of a run folder, from wherever an earlier process left it.

    `approve` is the plan id, or its first 8 or more hex digits. Brakes not given are the plan's own.
    `wave` (canary, N%, all) is how far to go; a larger wave begins only where the smaller was verified.
    `wait` is how many seconds another writer, such as the webhook receiver, is waited for.
    While it runs, a file PAUSE in the folder makes it wait and STOP ends it; so do `max_seconds`,
    5 failures in the last 50 writes (BrakeTripped) and a key that is denied (AccessDenied).
    Raises Refused (not approved, edited, another account, not verified), BrakeTripped, Locked, AccessDenied,
    Unreachable, and KeyboardInterrupt after a signal; what was begun can be resumed.
    """
    plan = Plan.read(run)
    if plan.operations:
        plan.check_approval(approve)
    plan.check_brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    with ExitStack() as stack:
        account = lever or stack.enter_context(connect(write=True))
        return carry_out(plan, Path(run), account, max_seconds=max_seconds, wave=wave, wait=wait)


def carry_out(
    plan: Plan,
    run: Path,
    lever: Lever,
    *,
    max_seconds: float | None = None,
    wave: str = ALL,
    wait: float = 0.0,
    times: Times | None = None,
) -> Result:
    """Carry out an approved plan under the locks of its run and its account, waiting `wait` seconds for them.

    Raises as `apply`.
    """
    times = times or Times()
    if not isinstance(lever, Lever):
        raise UsageError("this client can only read; open the account with connect(write=True)")
    if lever.account_id() != plan.account:
        raise Refused(
            f"the plan is for account {plan.account}, the key opens {lever.account_id()} ({lever.host}); "
            "nothing was written. Check LEVER_API_KEY, or plan for this account"
        )
    locks = (run / "lock", account_lock(plan.account))
    with ExitStack() as stack:
        stack.enter_context(hold(*locks, purpose=f"apply plan {plan.short} in {run}", wait=wait))
        journal = Journal(run / "journal.sqlite")
        stack.callback(journal.close)
        journal.bind(plan.plan_id, plan.account)
        if _settled(plan, journal, wave):
            return _left_alone(plan, run, journal, wave)
        check_gate(plan, run, journal.entries, wave)
        halt = Halt(max_seconds, folder=run, clock=times.clock, parent=kernel_parent())
        stack.enter_context(on_signals(halt))
        ended = _work(plan, run, lever, journal, halt, times, wave)
    if halt.reason == INTERRUPTED:
        if ended.state == FINISHED:
            raise KeyboardInterrupt(f"interrupted, but {ended.summary}; nothing is left to resume")
        raise KeyboardInterrupt(f"{ended.summary}; the same command resumes")
    if halt.error is not None and ended.state != FINISHED:
        raise halt.error
    return ended


def _work(
    plan: Plan, run: Path, lever: Lever, journal: Journal, halt: Halt, times: Times, wave: str
) -> Result:
    journal.append(Begun(identity(), wave))
    inside = numbers(plan, wave)
    try:
        # No rate: what is settled without a request counts too, so it would not be the requests a second.
        with progress(f"apply {plan.short}", len(inside), rate=False) as bar:
            Writer(plan, lever, journal, halt, times, bar, inside).phases()
    except BaseException as error:
        with suppress(sqlite3.Error, OSError):  # the journal holds all that matters; the error must be heard
            _seal(plan, run, journal, f"error: {type(error).__name__}")
        raise
    return _seal(plan, run, journal, halt.reason or _through(wave))


def _through(wave: str) -> str:
    return f"wave {wave} is through"


def _settled(plan: Plan, journal: Journal, wave: str) -> bool:
    standing = fold(journal.entries)
    return all(map(standing.settled, numbers(plan, wave)))


def _left_alone(plan: Plan, run: Path, journal: Journal, wave: str) -> Result:
    """Say that a wave needs no work; where a larger one was broken off, that one's state stands."""
    standing = fold(journal.entries)
    begun = largest(plan, (*standing.waves, wave))
    state = "nothing left to do" if wave == ALL else f"nothing left to do in wave {wave}"
    if _settled(plan, journal, begun):
        return msgspec.structs.replace(_seal(plan, run, journal, _through(begun)), state=state)
    state += f", but wave {begun} is not at its end"
    return msgspec.structs.replace(result(plan, run, standing), state=state)


def _seal(plan: Plan, run: Path, journal: Journal, why: str) -> Result:
    """Close the journal's account of this process and write result.json."""
    ended = result(plan, run, fold(journal.entries))
    complete = not ended.counts["pending"] and not ended.counts["unknown"]
    state = FINISHED if complete else why
    if ended.state != state:
        journal.append(Sealed(state))
    ended = msgspec.structs.replace(ended, state=state)
    ended.write()
    return ended
