"""The commands on an account's ledger, and `changes`, which it tells of. None writes to Lever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.output import LINES, print_document, print_json, print_message, print_result
from leverkit.errors import UsageError
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.jobs.changes import Changes
    from leverkit.snapshot.snapshot import Snapshot

ledgers = typer.Typer(
    cls=options.AccountGroup,
    no_args_is_help=True,
    help="Show, rebuild or clean the ledger: who made each tagging, and what people removed.",
)


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(ledgers, name="ledger")
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
    return lines + ([f"and {count(more, 'more tag')}: --json has all"] if more > 0 else [])


@ledgers.command()
def status(snapshot: options.Source, as_json: options.Json = False) -> None:
    """Show how much the account's ledger holds, and as of when.

    Example: leverkit ledger status snapshot
    """
    from leverkit.history.ledger import Ledger

    account, folder = _opened(snapshot)
    ledger = Ledger.find(folder)
    if ledger is None:
        raise UsageError(f"{folder}: no ledger of account {account.account} yet; `leverkit pull` makes one")
    with ledger:
        facts = ledger.facts()
    if as_json:
        return print_document(facts)
    return print_result("\n".join(f"{name}: {value}" for name, value in facts.items()))


@ledgers.command()
def rebuild(snapshot: options.Source) -> None:
    """Rebuild the ledger from a snapshot and the journals of the registered runs.

    Use it where the ledger is damaged or was restored from a backup. What people removed before is kept if
    the old ledger can be read.

    Example: leverkit ledger rebuild snapshot
    """
    from leverkit.jobs.ledger import rebuild_ledger

    account, folder = _opened(snapshot)
    found = rebuild_ledger(folder, account)
    print_result("\n".join((found.summary, *found.odd)))


@ledgers.command()
def forget(
    snapshot: options.Source,
    contacts: Annotated[
        list[str] | None, typer.Argument(metavar="CONTACT", help="Ids of the contacts to forget.")
    ] = None,
    anonymized: Annotated[
        bool, typer.Option("--anonymized", help="Also everybody who was anonymized or deleted in Lever.")
    ] = False,
) -> None:
    """Remove people who were erased in Lever from the ledger, snapshots, runs and files of the account.

    Where a run is needed to undo changes of other people, random ids replace theirs. If the command is
    killed, the next call finishes its work.

    Example: leverkit ledger forget snapshot --anonymized
    """
    import re

    from leverkit.errors import Partial
    from leverkit.jobs.erasure.forget import forget_people
    from leverkit.jobs.erasure.replacing import finish
    from leverkit.jobs.erasure.substitutions import ID
    from leverkit.settings import workspace

    people = [contact.strip().lower() for contact in contacts or []]
    if not people and not anonymized:
        raise UsageError("name the contacts to forget, or give --anonymized")
    if wrong := [contact for contact in people if not re.fullmatch(ID, contact)]:
        raise UsageError(
            f"{wrong[0]!r} is not a contact id: give a UUID as in the column contact of plan.csv"
        )
    for noted in sorted(workspace().glob("*/ledger/forgetting.json")):
        finish(noted.parents[1])
    found = forget_people(_opened(snapshot)[1], [snapshot], people, anonymized=anonymized)
    print_result("\n".join(found.lines))
    for line in found.left:
        print_message(f"left: {line}")
    if found.left:
        raise Partial(f"{count(len(found.left), 'file or folder', 'files or folders')} could not be cleared")


def _opened(snapshot: Path) -> tuple[Snapshot, Path]:
    """Return a snapshot and the folder of its account in the workspace."""
    from leverkit.settings import workspace
    from leverkit.snapshot.snapshot import Snapshot
    from leverkit.storage.account_registry import account_folder

    account = Snapshot.open(snapshot)
    return account, account_folder(workspace(), account.account)
