"""The command `changes`: what the account's ledger tells of two readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.output import LINES, print_json, print_message, print_result
from leverkit.errors import UsageError

if TYPE_CHECKING:
    from leverkit.jobs.changes import Changes


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(changes)


def changes(
    snapshots: Annotated[
        list[Path],
        typer.Argument(
            metavar="[OLD] NEW", help="The folder that `pull` wrote; before it, optionally, an older copy."
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Start at the last reading before this date, such as 2026-03-01."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="End at the last reading on or before this date.")
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Only this tag. Repeatable.")
    ] = None,
    html: options.Html = None,
    anonymise: options.Anonymise = False,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Show what changed between two readings, who changed it, and whether tags are still being split.

    Without OLD or --since it shows what the last reading found. OLD may be any earlier snapshot of the
    account. Reads files only, with the account's ledger.
    Example: leverkit changes snapshot --since 2026-03-01 --html changes.html
    """
    from leverkit.jobs.changes import changes

    options.require_page(html, anonymise=anonymise)
    if len(snapshots) > 2:
        raise UsageError("name one snapshot, or an older one and a newer one")
    *old, new = snapshots
    found = changes(new, old[0] if old else None, since=since, until=until, tags=tags or ())
    if html:
        print_message(f"report: {found.to_html(html, anonymise=anonymise)}")
    if as_json:
        print_json(found.to_json())
    else:
        print_result("\n".join([found.headline, *_lines(found)]))
    raise typer.Exit(options.exit_code(0, detailed=detailed, differences=found.differs))


def _lines(found: Changes) -> list[str]:
    """Return a small table of the tags with changes: those that are split most first."""
    lines = [f"{row.now!r} is the new name of {row.tag!r}" for row in found.renames.itertuples()]
    tags = found.tags
    if len(tags):
        lines.append(f"{'split':>8}{'since':>12}{'added':>9}{'by us':>8}{'removed':>9}{'by us':>8}  tag")
    for row in tags.head(LINES).to_dict("records"):
        since = f"{row['split_since']:%Y-%m-%d}" if row["split"] else ""
        lines.append(
            f"{row['split']:>8,}{since:>12}{row['added']:>9,}{row['added_by_us']:>8,}"
            f"{row['removed']:>9,}{row['removed_by_us']:>8,}  {row['tag']}"
        )
    more = len(tags) - LINES
    return lines + ([f"and {more:,} more tags: --json has all"] if more > 0 else [])
