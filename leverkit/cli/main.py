"""The command line: words to calls, errors to one line and an exit code, and nothing else.

Human text goes to stderr, results to stdout. Heavy libraries load inside the commands, so that
`leverkit --help` is quick.
"""

from __future__ import annotations

import io
import os
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from leverkit.api.threads import left
from leverkit.cli import analysis, integration, migration, startup
from leverkit.cli.options import Json, Out, file, machine, say, show
from leverkit.cli.startup import INTERRUPTED
from leverkit.errors import LeverkitError, UsageError

EPILOG = (
    "Exit codes: 0 done, 1 error, 2 differences (only with --detailed-exitcode), 3 partial, 4 refused, "
    "5 brake, 6 verification failed, 8 stopped, 11 locked, 12 access denied, 64 usage, 130 interrupted. "
    "Without LEVER_API_KEY everything runs on a demo account on this computer."
)
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog=EPILOG,
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Find, decide, migrate and verify tags that Lever split across a person's opportunities.

    In this order: pull, audit, policy suggest, (a person edits policy.csv), plan, apply, verify.
    """


@app.command()
def demo(
    out: Out = Path("demo-output"),
    contacts: Annotated[int, typer.Option(min=20, help="People in the emulated account.")] = 800,
    load: Annotated[Path | None, typer.Option(help="Emulate the account in this folder instead.")] = None,
) -> None:
    """Show the whole flow on an emulated account: notebooks, reports, and the way back.

    Example: [bold]leverkit demo -o demo-output[/bold]
    """
    from leverkit.notebook.demo import tour

    show(tour(out, contacts=contacts, load=load))


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def emulator(context: typer.Context) -> None:
    """Serve a Lever account on this computer; the first line of stdout is JSON with base_url and api_key.

    Example: [bold]leverkit emulator --contacts 2000 --rate 10[/bold] (its own --help tells all options)
    """
    from leverkit.emulator.__main__ import main as serve

    raise typer.Exit(serve(context.args))


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="The notebook to run.")],
    out: Out,
    given: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; repeat.")
    ] = None,
    timeout: Annotated[int | None, typer.Option(min=1, help="Seconds that a cell may take.")] = None,
    as_json: Json = False,
) -> None:
    """Run a notebook as a job: checked parameters, run.json, a true exit code, an HTML report beside it.

    Example: [bold]leverkit run notebooks/30_migrate.ipynb -o jobs/plan -p mode=plan[/bold]
    """
    from leverkit.notebook import runner

    record = runner.run(notebook, out, dict(map(_pair, given or [])), timeout=timeout)
    if as_json:
        file(out / "run.json")
    else:
        show("\n".join(str(out / name) for name in record.files))
    page = "".join(f"; open {out / name}" for name in record.files if name.endswith(".html"))
    say(f"leverkit: {record.summary}{page}" if record.exit_code else f"{record.summary}{page}")
    if record.next:
        say(f"next: {record.next}")
    raise typer.Exit(record.exit_code or 0)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Tell versions, kernel, workspace, key, account and permissions; only reads.

    Example: [bold]leverkit doctor[/bold]
    """
    from leverkit.doctor import examine

    checkup = examine()
    if as_json:
        import msgspec

        machine(msgspec.json.encode(checkup).decode())
    else:
        words = {True: "well   ", False: "TROUBLE", None: "note   "}
        show("\n".join(f"{words[check.ok]}  {check.what}: {check.found}" for check in checkup.checks))
    say(checkup.verdict)
    raise typer.Exit(checkup.exit_code)


analysis.register(app)
migration.register(app)
integration.register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; errors are one line, with `--debug` also where they come from."""
    arguments = sys.argv[1:] if arguments is None else arguments
    startup.begun()
    _encode(utf8="--json" in arguments)
    try:
        code = app(arguments, prog_name="leverkit", standalone_mode=False) or 0
        if code == INTERRUPTED:  # typer has turned a KeyboardInterrupt into its exit code by now
            raise KeyboardInterrupt
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in arguments:
            traceback.print_exc()
        code = _told(error)
    if code == INTERRUPTED and left():
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End at once; all that must not be lost is on disk."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _encode(*, utf8: bool) -> None:
    """Let no tag stop a command on a terminal that cannot show it; JSON is UTF-8 everywhere."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if utf8 else None, errors="backslashreplace")


def _told(error: BaseException) -> int:
    """Say an error in one line and return its exit code."""
    if isinstance(error, BrokenPipeError):  # `leverkit … | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, KeyboardInterrupt):
        say("leverkit: interrupted; the same command resumes")
        return INTERRUPTED
    if isinstance(error, LeverkitError):
        say(f"leverkit: {error}")
        return error.exit_code
    if hasattr(error, "format_message"):  # typer's usage errors, wherever its version keeps them
        command = getattr(getattr(error, "ctx", None), "command_path", "leverkit")
        say(f"leverkit: {error.format_message()} Try `{command} --help`.")
        return UsageError.exit_code
    if isinstance(error, OSError | sqlite3.Error):
        what = getattr(error, "strerror", None) or str(error)
        where = getattr(error, "filename", None)
        say(f"leverkit: {f'{where}: ' if where else ''}{what}; mend that, the same command goes on then")
        return 1
    say(f"leverkit: unexpected {type(error).__name__}: {error} (`leverkit --debug …` shows where)")
    return 1


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"-p takes name=value, not {text!r}")
    return name, value
