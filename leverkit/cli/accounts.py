"""The commands for many accounts, which accounts.toml names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.output import print_document, print_message, print_result
from leverkit.errors import UsageError
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.accounts import AccountEntry, AccountsFile
    from leverkit.jobs.many_accounts.check import AccountCheck
    from leverkit.jobs.many_accounts.run import AccountEnd

accounts = typer.Typer(cls=options.Group, invoke_without_command=True)
Names = Annotated[
    list[str] | None, typer.Option("--account", metavar="NAME", help="Only this account. Repeatable.")
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="LABEL", help="Only accounts with this label, of several with all."),
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Number of accounts at once.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(accounts, name="accounts")


@accounts.callback()
def show(context: typer.Context) -> None:
    """List and check the accounts of accounts.toml, and run a command for many of them; alone: list them."""
    if not context.invoked_subcommand:
        list_accounts()


@accounts.command("list")
def list_accounts(names: Names = None, labels: Labels = None, as_json: options.Json = False) -> None:
    """List the accounts: host, id, labels, and whether the key is set. Reads files only.

    Example: leverkit accounts list
    """
    from leverkit.jobs.many_accounts.check import listed

    known, chosen = _chosen(names, labels)
    found = [listed(known, entry) for entry in chosen]
    if as_json:
        return print_document(found)
    rows = [
        (each.account, each.host, each.id or "not read yet", each.key, ", ".join(each.labels))
        for each in found
    ]
    return print_result(_table(("account", "host", "id", "key", "labels"), rows))


@accounts.command()
def check(
    names: Names = None, labels: Labels = None, workers: Workers = 8, as_json: options.Json = False
) -> None:
    """Check each account: whether its key opens it, which account that is, and what it may read. Only reads.

    Example: leverkit accounts check --label emea
    """
    from leverkit.jobs.many_accounts.check import check_accounts
    from leverkit.jobs.many_accounts.outcomes import severity, worst

    found = check_accounts(*_chosen(names, labels), workers=workers)
    found.sort(key=lambda each: severity(each.exit_code))
    if as_json:
        print_document(found)
    else:
        rows = [(each.account, str(each.exit_code), each.id or "–", _problems(each)) for each in found]
        print_result(_table(("account", "code", "id", "found"), rows))
    raise typer.Exit(worst(each.exit_code for each in found))


@accounts.command("run", context_settings={"allow_interspersed_args": False})
def run_for_accounts(
    words: Annotated[list[str], typer.Argument(metavar="COMMAND…", help="The command, without `leverkit`.")],
    names: Names = None,
    labels: Labels = None,
    workers: Workers = 4,
    logs: Annotated[
        Path | None,
        typer.Option(
            "--logs", metavar="DIR", help="Keep what it prints for each account: NAME.out and NAME.err."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Run a command for many accounts, a process for each. One that fails stops no other.

    {snapshot}, {policy} and {run} stand for the account's own; {folder} is its folder, {name} its name. After
    -o, {run} is a new run folder. The exit code is the worst, in the order 64, 12, 6, 4, 1, 5, 3, 11, 8, 130,
    2, 0.

    Example: leverkit accounts run --label emea -- audit {snapshot} --html {folder}/audit.html
    """
    from leverkit.jobs.many_accounts.outcomes import severity, worst
    from leverkit.jobs.many_accounts.run import AccountsRun

    known, chosen = _chosen(names, labels)
    _require_for_accounts(words, chosen)
    begun = AccountsRun(words, known, workers=workers, logs=logs, tell=_tell)
    ends = sorted(begun.run(chosen), key=lambda end: severity(end.exit_code))
    code = worst(end.exit_code for end in ends)
    if as_json:
        print_document({"exit_code": code, "accounts": ends})
    else:
        rows = [
            (end.account, str(end.exit_code), f"{end.seconds:.1f}", end.outcome, end.message) for end in ends
        ]
        print_result(_table(("account", "code", "seconds", "outcome", "last message"), rows))
    good = sum(not end.exit_code for end in ends)
    print_message(f"{good:,} of {count(len(ends), 'account')} done")
    raise typer.Exit(code)


@accounts.command()
def dag(
    papermill: Annotated[
        bool, typer.Option("--papermill", help="Print the one that runs notebooks and keeps their output.")
    ] = False,
) -> None:
    """Print a DAG file for Airflow 3: one DAG for each account of accounts.toml.

    Example: leverkit accounts dag > dags/leverkit_accounts.py
    """
    from importlib.resources import files

    name = "airflow_papermill_dag.py.txt" if papermill else "airflow_dag.py.txt"
    text = files("leverkit.jobs.many_accounts").joinpath("templates", name).read_text(encoding="utf-8")
    print_result(text.rstrip())


def _chosen(names: list[str] | None, labels: list[str] | None) -> tuple[AccountsFile, list[AccountEntry]]:
    """Return accounts.toml and the accounts that are wanted. Raises UsageError."""
    from leverkit.environment import accounts_file

    known = accounts_file()
    return known, known.chosen(names or (), labels or ())


def _require_for_accounts(words: list[str], chosen: list[AccountEntry]) -> None:
    """Raise UsageError for a command that is for no account, or would write one file for all of them."""
    from leverkit.cli.connection import OPTION, WITHOUT, command_of
    from leverkit.jobs.many_accounts.placeholders import require_own_files

    command = command_of(words)
    if command in ("", *WITHOUT) or any(word.partition("=")[0] == OPTION for word in words):
        what = (
            f"`{command}` is for no account of accounts.toml" if command in WITHOUT else "a command is needed"
        )
        raise UsageError(f"{what}: write, for example, leverkit accounts run -- audit {{snapshot}}")
    require_own_files(words, chosen)


def _tell(end: AccountEnd) -> None:
    print_message(f"{end.account}: {end.outcome} ({end.exit_code}), {end.seconds:.1f} s")


def _problems(found: AccountCheck) -> str:
    return "; ".join(f"{check.what}: {check.found}" for check in found.failed) or "ok"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows in columns, the last of which may be of any length."""
    every = [heads, *rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(heads) - 1)]
    lines = ("  ".join([*map(str.ljust, row, widths), row[-1]]) for row in every)
    return "\n".join(line.rstrip() for line in lines)
