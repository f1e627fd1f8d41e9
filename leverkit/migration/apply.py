"""Carry out an approved plan: the only code that writes to candidates' records.

Batch by batch: read the contacts, settle what needs no write, send the rest with the intent on
disk first, read back, record the outcome. Adds over the whole plan, a barrier, then removes.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec

from leverkit.api.client import Lever
from leverkit.api.tags import tag_names
from leverkit.api.threads import threads_left
from leverkit.errors import LeverkitError, Refused, UsageError
from leverkit.history.catch_up import follow_run
from leverkit.history.ledger import register_run
from leverkit.migration.journal import Journal, Outcome, SessionEnded, SessionStarted, StandingApproval
from leverkit.migration.next_step import require_verified
from leverkit.migration.ownership import overtaken
from leverkit.migration.records import read_records
from leverkit.migration.result import Result, result
from leverkit.migration.run import Run, largest
from leverkit.migration.stop import INTERRUPTED, StopControl, kernel_parent, stop_on_signals
from leverkit.migration.times import Times
from leverkit.migration.writer import Writer
from leverkit.planning.brakes import OFF, Brakes
from leverkit.planning.plan_document import PlanDocument
from leverkit.planning.waves import ALL, Wave
from leverkit.report.progress import progress
from leverkit.settings import connect, find_account_folder
from leverkit.storage.lock import account_lock, hold, identity

FINISHED = "finished"
WAIT = 5.0  # seconds: the receiver's batches take less
Refusal = Callable[[Run], Mapping[int, str]]  # why operations, by their positions, are no longer wanted


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
    same_account: bool = False,
) -> Result:
    """Carry out the plan of a run folder, from wherever an earlier process left it.

    `approve` is the plan id, or its first 8 or more hex digits. Brakes not given are the plan's own.
    `wave` (canary, N%, all) is how far to go; a larger wave begins only where the smaller was verified.
    `wait` is how many seconds another writer, such as the webhook receiver, is waited for. `same_account`:
    you confirm that a doubtful account is the plan's; that is recorded.
    While it runs, a file PAUSE in the folder makes it wait and STOP ends it; so do `max_seconds`,
    5 failures in the last 50 writes (BrakeTripped) and a key that is denied (AccessDenied).
    Raises Refused (not approved, edited, another account, not verified), BrakeTripped, Locked, AccessDenied,
    Unreachable, and KeyboardInterrupt after a signal; what was begun can be resumed.
    """
    brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    return apply_run(
        Run.planned(run),
        approve=approve,
        lever=lever,
        brakes=brakes,
        max_seconds=max_seconds,
        wave=wave,
        wait=wait,
        same_account=same_account,
    )[0]


def apply_run(
    run: Run,
    *,
    approve: str,
    lever: Lever | None = None,
    brakes: Brakes = OFF,
    max_seconds: float | None = None,
    wave: str = ALL,
    wait: float = WAIT,
    same_account: bool = False,
    standing: StandingApproval | msgspec.UnsetType = msgspec.UNSET,
    refused: Refusal = overtaken,
) -> tuple[Result, Run]:
    """Carry out a run as `apply` does, if it is approved; return the result, and the run as it is then.

    The limits of `brakes` replace the plan's own where they are not None. `standing` is the approval in
    advance that it rests on; `refused` is as of `execute`.
    """
    if run.plan.operations:
        run.plan.check_approval(approve)
    run.plan.check_brakes(brakes)
    with nullcontext(lever) if lever else connect(write=True) as account:
        return carry_out(
            run,
            account,
            run.wave(wave),
            max_seconds=max_seconds,
            wait=wait,
            same_account=same_account,
            standing=standing,
            refused=refused,
        )


def carry_out(
    run: Run,
    lever: Lever,
    wave: Wave,
    *,
    max_seconds: float | None = None,
    wait: float = 0.0,
    times: Times | None = None,
    same_account: bool = False,
    standing: StandingApproval | msgspec.UnsetType = msgspec.UNSET,
    refused: Refusal = overtaken,
) -> tuple[Result, Run]:
    """Carry out a wave of an approved run, where the smaller waves were verified.

    Returns and raises as `apply_run`.
    """
    times = times or Times()
    with _writing(run, lever, refused, wait, same_account=same_account) as (locked, journal):
        if not locked.is_settled(wave):
            require_verified(locked, wave)
        stop = StopControl(max_seconds, folder=run.folder, clock=times.clock, parent=kernel_parent())
        return _resume(locked, lever, journal, SessionStarted(identity(), wave.name, standing), stop, times)


def execute(run: Run, lever: Lever, *, wait: float = 0.0, refused: Refusal = lambda _: {}) -> Result:
    """Carry out a whole run that nobody has to approve or verify: what a webhook asks for.

    `refused` is asked while nobody else can write, and returns why operations are no longer wanted, by
    their positions. Raises as `apply`.
    """
    with _writing(run, lever, refused, wait) as (locked, journal):
        stop = StopControl(folder=run.folder, parent=kernel_parent())
        return _resume(locked, lever, journal, SessionStarted(identity(), ALL), stop, Times())[0]


@contextmanager
def _writing(
    run: Run, lever: Lever, refused: Refusal, wait: float, *, same_account: bool = False
) -> Iterator[tuple[Run, Journal]]:
    """Hold the locks of the run and its account; yield the run as it stands now, and its open journal.

    The plan is read again under the lock: somebody may have replaced it while this process waited. `refused`
    returns why operations are left alone, by their positions; where it raises, nothing was made.
    """
    plan = run.plan
    if not isinstance(lever, Lever):
        raise UsageError("this client can only read; open the account with connect(write=True)")
    run.require_account(lever.account, same_account=same_account)
    lever.performer(check=True)  # before any intent, as every write needs it
    tag_names("tags of the plan", (operation.tag for operation in plan.operations))
    # Who plans later may know the account by a newer id; what its ids give today is the same for all.
    accounts = sorted({plan.account, lever.account.fingerprint()})
    locks = (run.lock_file, *map(account_lock, accounts))
    with _held(*locks, purpose=f"apply plan {plan.short} in {run.folder}", wait=wait):
        if PlanDocument.read(run.folder / "plan.json").plan_id != plan.plan_id:
            raise Refused(f"{run.folder}: the plan was replaced meanwhile; look at it and approve it again")
        with closing(Journal(run.journal_file)) as journal:
            locked = run.at(journal.entries)
            locked.check_records(read_records(run.folder, plan.plan_id))
            left = [Outcome(number, "drifted", evidence=why) for number, why in refused(locked).items()]
            with _followed(run, lever, journal):
                journal.bind(plan.plan_id, plan.account)
                if left:
                    journal.append(*left)
                yield run.at(journal.entries), journal


@contextmanager
def _followed(run: Run, lever: Lever, journal: Journal) -> Iterator[None]:
    """Let the ledger of the account, if it has one, know of a run: before it writes, and what it wrote."""
    plan = run.plan
    folder = find_account_folder(plan.account, lever.account.label.workspace)
    if folder is None:
        yield
        return
    begun = bool(journal.entries)
    register_run(folder, run.folder, plan_id=plan.plan_id, kind=plan.kind, begun=begun)
    try:
        yield
    finally:
        with suppress(LeverkitError):  # it is registered, so whoever comes next reads its journal
            follow_run(folder, run.at(journal.entries).writes)


@contextmanager
def _held(*locks: Path, purpose: str, wait: float) -> Iterator[None]:
    """Hold locks; after an interruption, until no thread is left whose request may still reach Lever."""
    with ExitStack() as stack:
        stack.enter_context(hold(*locks, purpose=purpose, wait=wait))
        try:
            yield
        except KeyboardInterrupt:
            if threads_left():
                threading.Thread(target=_release_later, args=(stack.pop_all(),), daemon=True).start()
            raise


def _release_later(locks: ExitStack) -> None:
    with locks:
        while threads_left():
            time.sleep(0.05)


def _resume(
    run: Run, lever: Lever, journal: Journal, session: SessionStarted, stop: StopControl, times: Times
) -> tuple[Result, Run]:
    """Do what is left of a wave. Raises KeyboardInterrupt, or what made the run stop, where it did."""
    wave = run.wave(session.wave)
    if run.is_settled(wave):
        return _left_alone(run, journal, wave), run.at(journal.entries)
    with stop_on_signals(stop):
        journal.append(session)
        ended = _work(run, lever, journal, wave, stop, times)
    if stop.reason == INTERRUPTED:
        if ended.state == FINISHED:
            raise KeyboardInterrupt(f"interrupted, but {ended.summary}; nothing is left to resume")
        raise KeyboardInterrupt(f"{ended.summary}; the same command resumes")
    if stop.error is not None and ended.state != FINISHED:
        raise stop.error
    return ended, run.at(journal.entries)


def _work(run: Run, lever: Lever, journal: Journal, wave: Wave, stop: StopControl, times: Times) -> Result:
    try:
        # No rate: what is settled without a request counts too, so it would not be the requests a second.
        with progress(f"apply {run.plan.short}", len(wave.positions), rate=False, unit="change") as bar:
            Writer(run, lever, journal, wave, stop, times, bar).phases()
    except BaseException as error:
        with suppress(sqlite3.Error, OSError):  # the journal holds all that matters; the error must be raised
            _end_session(run, journal, f"error: {type(error).__name__}")
        raise
    return _end_session(run, journal, stop.reason or _through(wave))


def _through(wave: Wave) -> str:
    return f"wave {wave.name} is through"


def _left_alone(run: Run, journal: Journal, wave: Wave) -> Result:
    """Return the result of a wave that needs no work; where a larger one was broken off, its state stands."""
    begun = largest((*run.begun, wave)) or wave
    state = "nothing left to do" if wave.name == ALL else f"nothing left to do in wave {wave.name}"
    if run.is_settled(begun):
        return msgspec.structs.replace(_end_session(run, journal, _through(begun)), state=state)
    state += f", but wave {begun.name} is not at its end"
    return msgspec.structs.replace(result(run), state=state)


def _end_session(run: Run, journal: Journal, why: str) -> Result:
    """Record in the journal that this session ended, and write result.json."""
    ended = result(run.at(journal.entries))
    complete = not ended.counts["pending"] and not ended.counts["unknown"]
    state = FINISHED if complete else why
    if ended.state != state:
        journal.append(SessionEnded(state))
    entries, head = run.at(journal.entries).known_end
    ended = msgspec.structs.replace(ended, state=state, entries=entries, head=head)
    ended.write()
    return ended
