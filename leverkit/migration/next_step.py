"""What comes next for a run, in words and as a command, from its files alone.

Its files, and the folders beside it, also tell why a run that was stopped, killed or rolled back is not as
planned.
"""

from __future__ import annotations

import shlex
from itertools import takewhile
from pathlib import Path

import msgspec

from leverkit.errors import LeverkitError, Partial, Refused
from leverkit.migration.journal import WriteResponse
from leverkit.migration.ownership import related
from leverkit.migration.records import VerificationRecord
from leverkit.migration.rollback import NOT_NOW
from leverkit.migration.run import Run, largest
from leverkit.migration.stop import PAUSE, STOP, STOPPED
from leverkit.planning.plan import Plan
from leverkit.planning.run_folder import was_begun
from leverkit.planning.waves import ALL, CANARY, Wave
from leverkit.report.text import count
from leverkit.storage.lock import holder

FEW = 40  # operations up to which a canary is not worth two more commands


def require_verified(run: Run, wave: Wave) -> None:
    """Raise Refused where a smaller wave was begun and is not verified, or did not verify."""
    smaller = [begun for begun in run.begun if begun.positions < wave.positions]
    # A wave that was begun has passed this gate: what it wrote before a kill must not keep it from resuming.
    resumed = any(begun.positions >= wave.positions for begun in run.begun)
    last = largest(smaller)
    if resumed or last is None:
        return
    gap = verification_gap(run, last)
    if gap:
        advice = f"run `leverkit verify {run.folder} --wave {last.name}`"
        raise Refused(
            f"wave {wave.name} waits for wave {last.name}, which {gap}: {advice}; nothing was written"
        )


def verification_gap(run: Run, wave: Wave) -> str:
    """Return what is wrong with the verification of a wave; empty where nothing is."""
    found = VerificationRecord.read(run.folder)
    if found is None or not _covers(found, run, wave):
        return "was not verified"
    if not found.is_after_writes(run.entries):
        return "has not been verified since its last write"
    return "" if found.exit_code in (0, Partial.exit_code) else f"is {found.summary}"


def differences_left(folder: Path) -> str:
    """Return what a verification without errors found to differ, and where it is listed; empty if nothing."""
    found = VerificationRecord.read(folder)
    if found is None or not found.exit_code:
        return ""
    return f"{found.summary}. {folder / 'verify.json'} lists them under `differences`"


def _covers(found: VerificationRecord, run: Run, wave: Wave) -> bool:
    """Return True if a verification is of this plan and of this wave or a larger one."""
    try:
        verified = run.wave(found.wave)
    except LeverkitError:
        return False
    return found.plan_id == run.plan.plan_id and verified.positions >= wave.positions


DONE = "everything is done and verified"


class Advice(msgspec.Struct, frozen=True):
    """Why something is to be done, and the command that does it; empty where nothing is."""

    why: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.why}: {self.command}" if self.command else self.why


def first_wave(plan: Plan) -> str:
    """Return the wave to begin with: the canary, unless the plan is small or has none."""
    worth = len(plan.operations) > FEW and 0 < plan.canary.operations < len(plan.operations)
    return CANARY if worth else ALL


def apply_command(folder: Path, plan: Plan, wave: str) -> str:
    """Return the command that carries out a wave of a plan; a brake that it trips stays on, see `braked`."""
    return f"leverkit apply {_quoted(folder)} --approve {plan.short}{_some(wave)}"


def tripped_brakes(plan: Plan) -> str:
    """Return which brakes of its own a plan trips, and what lets it through; empty where it trips none."""
    tripped = plan.brakes.tripped(plan.size)
    meant = f"read plan.csv; if this is intended, add {plan.brakes.needed(plan.size)} to the command"
    return tripped and f"{tripped}: {meant}"


def advice(run: Run) -> Advice:
    """Return what comes next for a run. Raises what made its journal unusable, where it is."""
    run.require_journal()
    plan = run.plan
    if not plan.operations:
        return Advice("nothing is planned")
    if holder(run.lock_file):
        pause = run.folder / PAUSE
        if pause.exists():
            return Advice(f"it waits while {pause} is there: remove that file to go on")
        return Advice("another process is working on it: wait until it has finished")
    begun = largest(run.begun)
    if begun is None:
        brake = tripped_brakes(plan)
        why = f"nothing has been written yet ({brake})" if brake else "nothing has been written yet"
        return Advice(why, apply_command(run.folder, plan, first_wave(plan)))
    return _undone(run) or _unfinished(run, begun) or _after(run, begun)


def hint(run: Run, wave: Wave) -> str:
    """Return why a run cannot be as planned, as far as this wave; empty where its files do not tell."""
    if run.journal_error:  # for `status` to tell; what was found stands without it
        return ""
    return str(_undone(run) or _early(run, wave) or "")


def _after(run: Run, begun: Wave) -> Advice:
    """Return what comes after a complete wave."""
    gap = verification_gap(run, begun)
    if gap:
        what = "the run" if begun.name == ALL else f"wave {begun.name}"
        return Advice(f"{what} {gap}", _to_verify(run.folder, begun.name))
    failed = sum(outcome.outcome == "failed" for outcome in run.state.outcomes.values())
    if failed:
        why = f"{failed} failed, and may succeed when tried again"
        return Advice(why, apply_command(run.folder, run.plan, begun.name))
    if run.open_operations(run.wave(ALL)):
        return Advice(f"wave {begun.name} is {_verified(run)}", apply_command(run.folder, run.plan, ALL))
    differences = differences_left(run.folder)
    return Advice(f"all was tried, and is {differences}" if differences else DONE)


def _verified(run: Run) -> str:
    return differences_left(run.folder) or "verified"


def _early(run: Run, wave: Wave) -> Advice | None:
    """Return that a wave is incomplete, or not begun; None where it is complete."""
    if not run.open_operations(wave):
        return None
    begun = largest(run.begun)
    if begun is None:
        command = apply_command(run.folder, run.plan, first_wave(run.plan))
        return Advice("the plan has not been applied yet", command)
    through = Advice(f"only wave {begun.name} is done so far", _to_verify(run.folder, begun.name))
    return _unfinished(run, begun) or through


def _unfinished(run: Run, begun: Wave) -> Advice | None:
    left = run.open_operations(begun)
    if not left:
        return None
    state, stop = run.state.state, run.folder / STOP
    ended = "" if state == STOPPED else f" ({state})"  # that one is about a file, which may be gone by now
    again = f"remove {stop}, then apply again" if stop.exists() else "apply again"
    rest = count(left, "operation is", "operations are")
    why = f"the run is unfinished{ended}, {rest} left; {again}"
    return Advice(why, apply_command(run.folder, run.plan, begun.name))


def _undone(run: Run) -> Advice | None:
    """Return which folder beside this one took the run back; None where none did."""
    for folder, head in related(run.folder) if run.begun else ():
        if head.undoes(run.plan.plan_id) and was_begun(folder) and (told := _taken_back(run, folder)):
            return told
    return None


def _taken_back(run: Run, folder: Path) -> Advice | None:
    """Return what a rollback means for the run; None where it was limited to some tags or contacts."""
    why = f"the rollback in {folder} undid this run, wholly or in part; verify that rollback"
    try:
        undo = Run.open(folder)
    except LeverkitError:  # edited or damaged: `verify` says which file
        return Advice(why, _to_verify(folder, ALL))
    if any(NOT_NOW in skipped.reason for skipped in undo.plan.skipped):
        return None
    if verification_gap(undo, undo.wave(ALL)):
        return Advice(why, _to_verify(folder, ALL))
    if _wrote_after(run, undo.plan.snapshot_digest):
        begun = largest(run.begun) or run.wave(ALL)
        rest = _unfinished(run, begun) or _after(run, begun)
        why = f"the run continued to write after the rollback in {folder} was planned"
        return Advice(f"{why}; {rest.why}", rest.command)
    differences = differences_left(folder)
    part = f" in part, and is {differences}" if differences else ", and is verified"
    return Advice(f"the rollback in {folder} undid this run{part}")


def _wrote_after(run: Run, head: str) -> bool:
    """Return True if a run wrote after its journal had this end."""
    later = takewhile(lambda entry: entry.chain != head, reversed(run.entries))
    return any(isinstance(entry.body, WriteResponse) for entry in later)


def _to_verify(folder: Path, wave: str) -> str:
    return f"leverkit verify {_quoted(folder)}{_some(wave)}"


def _some(wave: str) -> str:
    return "" if wave == ALL else f" --wave {wave}"


def _quoted(folder: Path) -> str:
    return shlex.quote(str(folder))
