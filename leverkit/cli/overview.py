"""The command `overview`: one page for an account, from its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli.output import print_message, print_result

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
    every: Annotated[bool, typer.Option("--all", help="One page for each account of the workspace.")] = False,
) -> None:
    """Write one page on an account: how it stands, its history, its last runs, and what to do next.

    Reads files only.
    Example: leverkit overview . -o overview.html
    """
    for found, page in _pages(folder, out, every):
        print_result(found.headline)
        for step in found.next_steps:
            print_result(f"next: {step}")
        print_message(f"report: {found.to_html(page)}")


def _pages(folder: Path | None, out: Path, every: bool) -> list[tuple[Overview, Path]]:
    """Return the accounts to show, each with its page. Raises UsageError where none or too many are there."""
    from leverkit.errors import UsageError
    from leverkit.jobs.overview import Overview
    from leverkit.settings import Settings

    if folder:
        return [(Overview.at(folder), out)]
    home = Settings.from_environment().home
    found = sorted(path.parent.parent for path in home.glob("*/snapshot/snapshot.json"))
    if not found:
        raise UsageError(f"no account was read into {home} yet; name the folder that holds a snapshot")
    if len(found) > 1 and not every:
        names = ", ".join(path.name for path in found)
        raise UsageError(f"{home} holds {len(found)} accounts: {names}; name a folder, or add --all")
    pages = [out] if len(found) == 1 else [out.with_stem(f"{out.stem}-{path.name}") for path in found]
    return [(Overview.at(path), page) for path, page in zip(found, pages, strict=True)]
