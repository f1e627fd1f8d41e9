"""What comes next for a run folder, in words and as a command: from its files alone.

A run that was stopped, killed or taken back is not as planned for a reason that its own files, or
the folders beside it, tell.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from leverkit.errors import LeverkitError, Partial, Refused
from leverkit.migration.journal import Answer, Entry, Standing, fold, read
from leverkit.migration.stop import PAUSE, STOP, STOPPED
from leverkit.planning.plan import Kind, Plan
from leverkit.planning.waves import ALL, CANARY, largest, numbers
from leverkit.storage.lock import holder


def check_gate(plan: Plan, run: Path, entries: Sequence[Entry], wave: str) -> None:
    """Raise Refused where a smaller wave was begun and is not verified, or not well."""
    earlier = fold(entries).waves
    smaller = [name for name in earlier if numbers(plan, name) < numbers(plan, wave)]
    # A wave that was begun has passed this gate: what it wrote before a kill must not keep it from resuming.
    begun = any(numbers(plan, name) >= numbers(plan, wave) for name in earlier)
    if begun or not smaller:
        return
    last = largest(plan, smaller)
    trouble = unverified(plan, run, entries, last)
    if trouble:
        advice = f"run `leverkit verify {run} --wave {last}`"
        raise Refused(f"wave {wave} waits for wave {last}, which {trouble}: {advice}; nothing was written")


def unverified(plan: Plan, run: Path, entries: Sequence[Entry], wave: str) -> str:
    """Return what is wrong with the verification of a wave; empty where nothing is."""
    try:
        found: dict[str, Any] = msgspec.json.decode((run / "verify.json").read_bytes())
        if found["plan_id"] != plan.plan_id or not numbers(plan, found["wave"]) >= numbers(plan, wave):
            return "was not verified"
        if found["began_ms"] <= last_write(entries):
            return "was not verified since it last wrote"
        return "" if found["exit_code"] in (0, Partial.exit_code) else f"is {found['summary']}"
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return "was not verified"


def last_write(entries: Iterable[Entry]) -> int:
    """Return when Lever last answered a write of the run, in ms since the epoch; 0 where it never did."""
    return max((entry.at_ms for entry in entries if isinstance(entry.body, Answer)), default=0)


FEW = 40  # operations up to which a canary is not worth two more commands


class Advice(msgspec.Struct, frozen=True):
    """Why something is to be done, and the command that does it; empty where nothing is."""

    why: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.why}: {self.command}" if self.command else self.why


class _Folder(msgspec.Struct, frozen=True):
    run: Path
    plan: Plan
    entries: list[Entry]
    standing: Standing

    def open(self, wave: str) -> int:
        """Return how many operations of a wave are pending, or were in flight when the run broke off."""
        names = map(self.standing.name, numbers(self.plan, wave))
        return sum(name in ("pending", "unknown") for name in names)

    @property
    def begun(self) -> str:
        """Return the largest wave that was begun; empty where none was."""
        return largest(self.plan, self.standing.waves)


class _Undoing(msgspec.Struct):
    kind: Kind
    policy_digest: str


def first(plan: Plan) -> str:
    """Return the wave to begin with: the canary, unless the plan is small or has none."""
    worth = len(plan.operations) > FEW and 0 < plan.canary.operations < len(plan.operations)
    return CANARY if worth else ALL


def to_apply(run: Path, plan: Plan, wave: str) -> str:
    """Return the command that carries out a wave of a plan; a brake that it trips stays on, see `braked`."""
    return f"leverkit apply {_quoted(run)} --approve {plan.short}{_some(wave)}"


def braked(plan: Plan) -> str:
    """Say which brakes of its own a plan trips, and what lets it through; empty where it trips none."""
    tripped = plan.brakes.tripped(plan.size)
    meant = f"look at plan.csv; if it is meant, add {plan.brakes.needed(plan.size)} to the command"
    return tripped and f"{tripped}: {meant}"


def advice(run: Path | str) -> Advice:
    """Say what comes next for a run. Raises UsageError without a plan, Refused where it was edited."""
    folder = _open(Path(run))
    plan, begun = folder.plan, folder.begun
    if not plan.operations:
        return Advice("nothing is planned")
    if holder(folder.run / "lock"):
        if (folder.run / PAUSE).exists():
            return Advice(f"it waits while {folder.run / PAUSE} is there: remove that file to go on")
        return Advice("it is being worked on: wait until it has ended")
    undone = _undone(folder)
    if undone:
        return undone
    if not begun:
        brake = braked(plan)
        why = f"nothing was written yet ({brake})" if brake else "nothing was written yet"
        return Advice(why, to_apply(folder.run, plan, first(plan)))
    return _unfinished(folder) or _after(folder, begun)


def hint(run: Path, wave: str) -> str:
    """Say why a run cannot be as planned, as far as this wave; empty where its files do not tell."""
    try:
        folder = _open(run)
        return str(_undone(folder) or _early(folder, wave) or "")
    except LeverkitError:  # a damaged journal is for `status` to tell; what was found stands without it
        return ""


def _open(run: Path) -> _Folder:
    entries = read(run / "journal.sqlite")
    return _Folder(run, Plan.read(run), entries, fold(entries))


def _after(folder: _Folder, begun: str) -> Advice:
    """Say what comes after a wave that is through."""
    plan, run = folder.plan, folder.run
    trouble = unverified(plan, run, folder.entries, begun)
    if trouble:
        what = "the run" if begun == ALL else f"wave {begun}"
        return Advice(f"{what} {trouble}", _to_verify(run, begun))
    failed = sum(outcome.outcome == "failed" for outcome in folder.standing.outcomes.values())
    if failed:
        return Advice(f"{failed} failed, and may succeed when tried again", to_apply(run, plan, begun))
    if folder.open(ALL):
        return Advice(f"wave {begun} is verified", to_apply(run, plan, ALL))
    return Advice("all is done and verified")


def _early(folder: _Folder, wave: str) -> Advice | None:
    """Say that a wave is not through, or not begun."""
    if not folder.open(wave):
        return None
    if not folder.begun:
        command = to_apply(folder.run, folder.plan, first(folder.plan))
        return Advice("the plan is not carried out yet", command)
    through = Advice(f"only wave {folder.begun} is through so far", _to_verify(folder.run, folder.begun))
    return _unfinished(folder) or through


def _unfinished(folder: _Folder) -> Advice | None:
    left, begun = folder.open(folder.begun), folder.begun
    if not left:
        return None
    state, stop = folder.standing.state, folder.run / STOP
    told = "" if state == STOPPED else f" ({state})"  # that one is about a file, which may be gone by now
    again = f"remove {stop}, then apply again" if stop.exists() else "apply again"
    why = f"the run is unfinished{told}, {left} operations are left; {again}"
    return Advice(why, to_apply(folder.run, folder.plan, begun))


def _undone(folder: _Folder) -> Advice | None:
    """Say which folder beside this one took the run back."""
    beside = folder.run.absolute().parent.glob("*/plan.json") if folder.begun else ()
    for path in sorted(beside):
        if (path.parent / "journal.sqlite").exists() and _undoes(path, folder.plan):
            undo = folder.run.parent / path.parent.name
            if _verified(undo, folder.entries):
                return Advice(f"the rollback in {undo} took this run back, and is verified")
            why = f"the rollback in {undo} took this run back, wholly or in part; verify that one"
            return Advice(why, _to_verify(undo, ALL))
    return None


def _verified(undo: Path, entries: list[Entry]) -> bool:
    """Say whether a rollback was verified since it, or the run that it takes back, last wrote."""
    try:
        written = [*entries, *read(undo / "journal.sqlite")]
        return not unverified(Plan.read(undo), undo, written, ALL)
    except LeverkitError:  # edited or damaged: `verify` says which file
        return False


def _undoes(path: Path, plan: Plan) -> bool:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Undoing)
    except (OSError, msgspec.DecodeError):
        return False
    return found.kind == "rollback" and found.policy_digest == plan.plan_id


def _to_verify(run: Path, wave: str) -> str:
    return f"leverkit verify {_quoted(run)}{_some(wave)}"


def _some(wave: str) -> str:
    return "" if wave == ALL else f" --wave {wave}"


def _quoted(run: Path) -> str:
    return shlex.quote(str(run))
