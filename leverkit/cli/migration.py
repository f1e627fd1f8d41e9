"""The commands on a RUN folder, from `apply` to `replay`: each is one call of the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.main import INTERRUPTED
from leverkit.cli.options import print_file, print_message, print_result
from leverkit.errors import LeverkitError, Refused

if TYPE_CHECKING:
    from leverkit.migration.run import Run

Wave = Annotated[str, typer.Option(metavar="WAVE", help="How far: canary, a share such as 10%, or all.")]


class _Interrupted(LeverkitError):
    """A run that Ctrl-C ended in good order; typer would lose where it stands."""

    exit_code = INTERRUPTED


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (apply, verify, rollback, status, replay):
        app.command()(command)


def apply(
    run: options.Run,
    approve: Annotated[
        str, typer.Option(metavar="PLAN_ID", help="The id of the plan that you approve.")
    ] = "",
    max_ops: options.MaxOps = None,
    max_pct: options.MaxPct = None,
    max_tag_pct: options.MaxTagPct = None,
    max_removals: options.MaxRemovals = None,
    max_seconds: Annotated[
        float | None,
        typer.Option("--max-duration", metavar="SECONDS", min=1, help="Stop after so long; resumable."),
    ] = None,
    wave: Wave = "all",
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long another writer may be waited for.")
    ] = 5.0,
    rate: options.Rate = 9.8,
    seconds: Annotated[float | None, typer.Option("--max-seconds", min=1, hidden=True)] = None,
    as_json: options.Json = False,
) -> None:
    """Carry out an approved plan; again: resume. Without --approve it shows the plan and stops.

    With --wave canary a few people of every kind go first; verify them, then go on with 10%, then all.
    While it runs, a file PAUSE in the folder makes it wait, STOP ends it; so does Ctrl-C.

    Example: leverkit apply run --approve 3f2a9c1e77b0
    """
    from leverkit.migration.apply import apply_run
    from leverkit.migration.run import Run
    from leverkit.planning.brakes import Brakes
    from leverkit.settings import connect

    planned = Run.planned(run)
    brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    if not approve and planned.plan.operations:
        options.planned(planned.plan, run, as_json)
        raise Refused("not approved, so nothing was written")
    try:
        with connect(write=True, rate=rate) as lever:
            ended, now = apply_run(
                planned,
                approve=approve,
                lever=lever,
                brakes=brakes,
                max_seconds=max_seconds or seconds,
                wave=wave,
                wait=wait,
            )
    except KeyboardInterrupt as interrupted:
        if not str(interrupted):  # the second one, which ends it at once
            raise
        raise _Interrupted(str(interrupted)) from None
    if as_json:
        print_file(run / "result.json")
    else:
        print_result("\n".join([ended.summary, *ended.reasons]))
    _next(now)
    raise typer.Exit(ended.exit_code)


def verify(
    run: options.Run,
    wave: Wave = "all",
    rate: options.Rate = 9.8,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Read again what was touched, and Lever's tag counts, and say whether it is so. Only reads.

    Example: leverkit verify run
    """
    from leverkit.migration.run import Run
    from leverkit.settings import connect
    from leverkit.verification.verify import verify_run

    opened = Run.open(run, require_journal=False)
    with connect(rate=rate) as lever:
        found = verify_run(opened, lever, wave=wave)
    _hint(found.hint)
    if as_json:
        print_file(run / "verify.json")
    else:
        print_result("\n".join([found.summary, *found.notes]))
    if not found.exit_code:
        _next(opened)
    differences = bool(found.differences or found.notes)
    raise typer.Exit(options.exit_code(found.exit_code, detailed=detailed, differences=differences))


def rollback(run: options.Run, out: options.Out, as_json: options.Json = False) -> None:
    """Plan the undoing of exactly what a run changed and nobody changed since; writes nothing to Lever.

    Example: leverkit rollback run -o undo
    """
    from leverkit.migration.rollback import rollback

    options.planned(rollback(run, out), out, as_json)


def status(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a plan, or of a notebook job.")],
    as_json: options.Json = False,
) -> None:
    """Say where a run or a notebook job stands, from its files alone.

    Example: leverkit status run --json
    """
    import msgspec

    from leverkit.migration.run import Run

    opened = None if (run / "run.json").exists() else Run.open(run)
    facts, line = _job(run) if opened is None else _standing(opened)
    if as_json:
        options.print_json(msgspec.json.encode(facts).decode())
    else:
        print_result(line)
    if opened is not None:
        _next(opened)


def replay(run: options.Run, as_json: options.Json = False, detailed: options.Detailed = False) -> None:
    """Recompute what a run did from its files alone, and hold it against what `verify` read.

    Example: leverkit replay run
    """
    from leverkit.migration.run import Run
    from leverkit.verification.replay import replay

    found = replay(Run.open(run))
    if as_json:
        print_file(run / "replay.json")
    else:
        print_result(found.summary)
    _hint(found.hint)
    differences = bool(found.gaps)
    raise typer.Exit(options.exit_code(found.exit_code, detailed=detailed, differences=differences))


def _job(folder: Path) -> tuple[object, str]:
    from leverkit.notebook.run_record import RunRecord

    record = RunRecord.read(folder)
    return record, record.summary


def _standing(run: Run) -> tuple[object, str]:
    from leverkit.migration.next_step import advice
    from leverkit.migration.result import status

    found = status(run)
    facts = {"plan_id": found.plan_id, "kind": found.kind, "account": found.account, "state": found.state}
    counts = {"planned": found.planned, "counts": found.counts, "exit_code": found.exit_code}
    then = {"next": advice(run).command}
    return facts | counts | then, "\n".join([f"plan {found.plan_id[:12]}: {found.summary}", *found.reasons])


def _next(run: Run) -> None:
    """Say what comes next for a run."""
    from leverkit.migration.next_step import advice

    print_message(f"next: {advice(run)}")


def _hint(text: str) -> None:
    if text:
        print_message(f"note: {text}")
