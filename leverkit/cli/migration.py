"""The commands on a RUN folder, from `apply` to `replay`: each is one call of the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from leverkit.cli import options
from leverkit.cli.connection import home_or_own_folder, shown_settings
from leverkit.cli.output import (
    print_document,
    print_file,
    print_json,
    print_message,
    print_plan,
    print_result,
)
from leverkit.errors import INTERRUPTED, LeverkitError, Partial, Refused, UsageError

if TYPE_CHECKING:
    from leverkit.migration.result import Result
    from leverkit.migration.run import Run


class _Interrupted(LeverkitError):
    """A run that Ctrl-C ended in good order; typer would drop the text of a KeyboardInterrupt."""

    exit_code = INTERRUPTED


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a run that Ctrl-C ended in good order exit with its summary as the message."""
    try:
        yield
    except KeyboardInterrupt as interrupted:
        if not str(interrupted):  # the second Ctrl-C, which ends the process at once
            raise
        raise _Interrupted(str(interrupted)) from None


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (apply, verify, rollback, status, replay):
        app.command()(command)


def apply(
    run: options.Run,
    approve: options.Approve = "",
    max_ops: options.MaxOps = None,
    max_pct: options.MaxPct = None,
    max_tag_pct: options.MaxTagPct = None,
    max_removals: options.MaxRemovals = None,
    max_seconds: options.MaxSeconds = None,
    wave: options.Wave = "all",
    wait: options.Wait = 5.0,
    rate: options.Rate = 9.8,
    same_account: options.SameAccount = False,
    seconds: options.HiddenMaxSeconds = None,
    as_json: options.Json = False,
) -> None:
    """Carry out an approved plan. Run it again to resume. Without --approve it shows the plan and stops.

    --wave canary changes a few people of every kind first. Verify them, then go on with 10%, then all.
    While it runs, a file PAUSE in the folder makes it wait; a file STOP, or Ctrl-C, ends it.

    Example: leverkit apply run --approve 3f2a9c1e77b0
    """
    from leverkit.migration.apply import apply_run
    from leverkit.migration.run import Run
    from leverkit.planning.brakes import Brakes
    from leverkit.settings import connect

    planned = Run.planned(run)
    if not approve and planned.plan.operations:
        _show_unapproved(planned, as_json=as_json)
    brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    with _interruptible(), connect(write=True, settings=shown_settings(), rate=rate) as lever:
        ended, now = apply_run(
            planned,
            approve=approve,
            lever=lever,
            brakes=brakes,
            max_seconds=max_seconds or seconds,
            wave=wave,
            wait=wait,
            same_account=same_account,
        )
    _print_ended(ended, now, as_json=as_json)
    raise typer.Exit(ended.exit_code)


def verify(
    run: options.Run,
    wave: options.Wave = "all",
    rate: options.Rate = 9.8,
    same_account: options.SameAccount = False,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Check the changes: read the opportunities and Lever's tag counts again. Only reads.

    Example: leverkit verify run
    """
    from leverkit.migration.run import Run
    from leverkit.settings import connect
    from leverkit.verification.verify import verify_run

    opened = Run.open(run, require_journal=False)
    with connect(settings=shown_settings(), rate=rate) as lever:
        found = verify_run(opened, lever, wave=wave, same_account=same_account)
    _print_hint(found.hint)
    if as_json:
        print_file(run / "verify.json")
    else:
        print_result("\n".join([found.summary, *found.notes]))
    if found.exit_code in (0, Partial.exit_code):
        _print_next(opened)
    differences = bool(found.differences or found.notes)
    raise typer.Exit(options.exit_code(found.exit_code, detailed=detailed, differences=differences))


def rollback(
    run: options.Run,
    out: options.OutRun,
    from_result: Annotated[
        bool, typer.Option("--from-result", help="Undo what result.json lists, if the journal was lost.")
    ] = False,
    only_tag: Annotated[
        list[str] | None,
        typer.Option("--only-tag", metavar="TAG", help="Undo only this tag. Repeatable."),
    ] = None,
    only_contact: Annotated[
        list[str] | None,
        typer.Option(
            "--only-contact", metavar="ID", help="Undo only the changes of this contact. Repeatable."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Plan to undo what a run changed and nobody changed since. Writes nothing to Lever.

    Example: leverkit rollback run -o undo
    """
    from leverkit.migration.rollback import rollback

    print_plan(
        rollback(
            run, out, from_result=from_result, only_tags=only_tag or (), only_contacts=only_contact or ()
        ),
        out,
        as_json=as_json,
    )


def status(
    run: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="The folder of a run or of a notebook job.")
    ] = None,
    approvals: Annotated[
        bool, typer.Option("--approvals", help="List who approved what and when, for all runs in a folder.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show the state of a run or a notebook job, from its files.

    With --approvals, RUN is a folder of runs; by default those of the workspace are listed.

    Example: leverkit status run --json
    """
    from leverkit.migration.run import Run
    from leverkit.notebook.job.state import state as job_state

    if approvals:
        return _print_approvals(run, as_json=as_json)
    if run is None:
        raise UsageError("name the folder of a run, or give --approvals")
    opened = None if (run / "run.json").exists() else Run.open(run)
    facts, line = job_state(run) if opened is None else _run_state(opened)
    if as_json:
        print_document(facts)
    else:
        print_result(line)
    if opened is not None:
        _print_next(opened)
    return None


def replay(run: options.Run, as_json: options.Json = False, detailed: options.Detailed = False) -> None:
    """Recompute what a run did from its files, and compare that with what `verify` read. Works offline.

    Example: leverkit replay run
    """
    from leverkit.migration.run import Run
    from leverkit.verification.replay import replay

    found = replay(Run.open(run))
    if as_json:
        print_json(found.to_json().decode())
    else:
        print_result(found.summary)
    _print_hint(found.hint)
    differences = bool(found.gaps)
    raise typer.Exit(options.exit_code(found.exit_code, detailed=detailed, differences=differences))


def _print_approvals(folder: Path | None, *, as_json: bool) -> None:
    from leverkit.jobs.approval import approvals

    found = approvals(folder or home_or_own_folder())
    if as_json:
        print_document(found)
    else:
        print_result("\n".join(session.line for session in found.sessions) or "nothing has been approved yet")
    for trouble in found.unreadable:
        print_message(f"note: cannot be read: {trouble}")


def _run_state(run: Run) -> tuple[object, str]:
    from leverkit.migration.next_step import advice
    from leverkit.migration.result import status

    found = status(run)
    names = ("plan_id", "kind", "account", "account_name", "host", "demo", "state")
    facts = {name: getattr(found, name) for name in names}
    counts = {"planned": found.planned, "counts": found.counts, "exit_code": found.exit_code}
    then = {"next": advice(run).command}
    return facts | counts | then, "\n".join([f"plan {found.plan_id[:12]}: {found.summary}", *found.reasons])


def _show_unapproved(planned: Run, *, as_json: bool) -> NoReturn:
    print_plan(planned.plan, planned.folder, as_json=as_json)
    raise Refused("not approved, so nothing was written")


def _print_ended(ended: Result, run: Run, *, as_json: bool) -> None:
    if as_json:
        print_file(run.folder / "result.json")
    else:
        print_result("\n".join([ended.summary, *ended.reasons]))
    _print_next(run)


def _print_next(run: Run) -> None:
    """Print what comes next for a run."""
    from leverkit.migration.next_step import advice

    print_message(f"next: {advice(run)}")


def _print_hint(text: str) -> None:
    if text:
        print_message(f"note: {text}")
