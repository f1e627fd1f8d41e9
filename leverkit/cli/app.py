"""The commands as one application. Each imports what it needs when it runs: `leverkit --help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leverkit.cli import (
    accounts,
    analysis,
    doctor,
    history,
    integration,
    migration,
    overview,
    sync,
)
from leverkit.cli.connection import shown_settings
from leverkit.cli.options import AccountGroup, Demo, Json, Out
from leverkit.cli.output import print_file, print_message, print_result
from leverkit.errors import UsageError
from leverkit.extras import command as install
from leverkit.extras import is_installed, require

EPILOG = (
    "Exit codes: 0 done, 1 error, 2 differences (only with --detailed-exitcode), 3 partial, 4 refused, "
    "5 brake, 6 verification failed, 8 stopped, 11 locked, 12 access denied, 64 usage, 130 interrupted. "
    "Without LEVER_API_KEY, commands at a terminal use a demo account on this computer. A job does so only "
    "with LEVERKIT_DEMO=1 or --demo."
)
# Help without rich: importing it takes 100 ms, as long as all the rest of `leverkit --help`.
app = typer.Typer(
    cls=AccountGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def _version(wanted: bool) -> None:
    """Print the installed version and exit if `--version` was given."""
    if wanted:
        from importlib.metadata import version

        print_result(f"leverkit {version('leverkit')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find the tags that Lever split across a person's opportunities, and migrate them safely.

    The usual order: pull, audit, policy suggest, edit policy.csv, plan, apply, verify. Only apply, listen and
    an approved sync write to Lever.
    """


@app.command()
def demo(
    out: Out = Path("demo-output"),
    contacts: Annotated[int, typer.Option(min=20, help="People in the emulated account.")] = 800,
    load: Annotated[
        Path | None, typer.Option(help="Emulate the account in this folder instead of an invented one.")
    ] = None,
) -> None:
    """Run the whole flow on an emulated account, from audit to rollback, and write the reports.

    Example: leverkit demo -o demo-output
    """
    require("notebooks", "emulator")
    from leverkit.notebook.demo import run_demo

    print_result(run_demo(out, contacts=contacts, load=load))


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def emulator(context: typer.Context) -> None:
    """Run an emulated Lever account on this computer. The first line of output is JSON.

    It holds base_url and api_key.

    Example: leverkit emulator --contacts 2000 --rate 10
    """
    require("emulator")
    from leverkit.emulator.__main__ import main as serve

    raise typer.Exit(serve(context.args))


@app.command()
def notebooks(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if it is not there.")],
) -> None:
    """Copy the notebooks into a folder, to open them in JupyterLab or to run them as jobs.

    Example: leverkit notebooks my-notebooks
    """
    from leverkit.notebook.copies import copy_into

    print_result("\n".join(map(str, copy_into(folder))))
    needed = "" if is_installed("notebooks") else f"{install('notebooks')}; "
    print_message(f"next: {needed}jupyter lab {folder / '00_start_here.ipynb'}")


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="The notebook to run.")],
    out: Out,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="NAME=VALUE", help="Set a parameter of the notebook. Repeatable."
        ),
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(min=1, help="Stop if one cell takes longer than this, in seconds.")
    ] = None,
    demo: Demo = False,
    as_json: Json = False,
) -> None:
    """Run a notebook as a job: check its parameters, then write run.json and an HTML report.

    Example: leverkit run notebooks/30_migrate.ipynb -o jobs/plan -p mode=plan
    """
    require("notebooks")
    from leverkit.environment import acting_as
    from leverkit.notebook.job import runner
    from leverkit.notebook.parameters import ACCOUNT
    from leverkit.report.progress import progress

    given = _given(parameters or [])
    with acting_as(given.get(ACCOUNT, "")):
        settings = shown_settings(demo=demo, person=False)
    shown = progress(f"{notebook.stem}, cell", rate=False, estimate=False)
    record = runner.run(notebook, out, given, timeout=timeout, settings=settings, shown=shown)
    if as_json:
        print_file(out / "run.json")
    else:
        print_result("\n".join(str(out / name) for name in record.files))
    page = "".join(f"; open {out / name}" for name in record.files if name.endswith(".html"))
    print_message(f"leverkit: {record.summary}{page}" if record.exit_code else f"{record.summary}{page}")
    if record.next:
        print_message(f"next: {record.next}")
    if untold := runner.tell_of(record, out, settings):
        print_message(f"note: {untold}")
    raise typer.Exit(record.exit_code or 0)


for commands in (analysis, overview, migration, history, sync, integration, accounts, doctor):
    commands.register(app)


def _given(parameters: list[str]) -> dict[str, str]:
    """Return the parameters by name. Raises UsageError where one is given twice."""
    pairs = [_name_and_value(text) for text in parameters]
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"-p {twice} is given twice; keep one")
    return dict(pairs)


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"-p takes name=value, not {text!r}")
    return name, value
