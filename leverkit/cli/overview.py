"""The command `overview`: one page for an account, or for many, from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.connection import home_or_own_folder
from leverkit.cli.output import LINES, print_document, print_message, print_result
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.jobs.overview import Overview


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(overview)


def overview(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="The folder with snapshot, policy.csv and run folders; by default that in the workspace.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML page to write.")] = Path("overview.html"),
    policy: Annotated[
        Path | None,
        typer.Option(help="The policy, where it is not policy.csv in the folder.", show_default=False),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="One page for all accounts of accounts.toml and the workspace.")
    ] = False,
    anonymise: Annotated[
        bool,
        typer.Option("--anonymise", help="With --all: show salted ids instead of names, hosts and tags."),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write one page on an account: how it stands, its history, its last runs, and what to do next.

    With --all: one page with a row for each account, the worst first, and the same as CSV and JSON beside it.
    Reads files only.

    Example: leverkit overview . -o overview.html
    """
    from leverkit.errors import UsageError

    if every and not folder and not policy:
        return _show_all(out, anonymise=anonymise, as_json=as_json)
    if every or anonymise or as_json:
        raise UsageError("--all takes no folder and no --policy; --anonymise and --json are options of --all")
    found = _overview(folder, policy)
    print_result(found.headline)
    for step in found.next_steps:
        print_result(f"next: {step}")
    return print_message(f"report: {found.to_html(out)}")


def _show_all(out: Path, *, anonymise: bool, as_json: bool) -> None:
    from leverkit.environment import accounts_file_if_any
    from leverkit.errors import UsageError
    from leverkit.jobs.many_accounts.overview import AccountsOverview
    from leverkit.settings import workspace

    home = workspace()
    found = AccountsOverview.of(accounts_file_if_any(), home, anonymise=anonymise)
    if not found.accounts:
        raise UsageError(f"no account was read into {home} yet, and no accounts.toml here names one")
    written = found.write(out)
    if as_json:
        print_document(found.document)
    else:
        print_result(
            "\n".join([found.headline, *(f"{row.account}: {row.to_do}" for row in found.accounts[:LINES])])
        )
    print_message(f"report: {', '.join(map(str, written))}")


def _overview(folder: Path | None, policy: Path | None) -> Overview:
    """Return the account to show. Raises UsageError where none or too many are there."""
    from leverkit.environment import chosen_entry
    from leverkit.errors import UsageError
    from leverkit.jobs.overview import Overview

    entry = chosen_entry()
    if entry or folder:
        own = entry.policy_file if entry else None
        return Overview.at(folder or home_or_own_folder(), policy_file=policy or own)
    home = home_or_own_folder()
    found = sorted(path.parent.parent for path in home.glob("*/snapshot/snapshot.json"))
    if not found:
        raise UsageError(f"no account was read into {home} yet; name the folder that holds a snapshot")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UsageError(f"{home} holds {count(len(found), 'account')}: {names}; name a folder, or add --all")
    return Overview.at(found[0], policy_file=policy)
