"""The commands on an account's ledger. None writes to Lever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.output import print_json, print_message, print_result
from leverkit.errors import UsageError
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

ledgers = typer.Typer(
    cls=options.Group,
    no_args_is_help=True,
    help="What is remembered of an account: whose each tagging is, and what people decided.",
)


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(ledgers, name="ledger")


@ledgers.command()
def status(snapshot: options.Source, as_json: options.Json = False) -> None:
    """Show what the ledger of a snapshot's account knows, and until when.

    Example: leverkit ledger status snapshot
    """
    import msgspec

    from leverkit.history.ledger import Ledger

    account, folder = _opened(snapshot)
    ledger = Ledger.find(folder)
    if ledger is None:
        raise UsageError(f"{folder}: no ledger of account {account.account} yet; `leverkit pull` makes one")
    with ledger:
        facts = ledger.facts()
    if as_json:
        return print_json(msgspec.json.encode(facts).decode())
    return print_result("\n".join(f"{name}: {value}" for name, value in facts.items()))


@ledgers.command()
def rebuild(snapshot: options.Source) -> None:
    """Make the ledger again from a snapshot and the journals of the runs that it knows.

    What people took off before stays known if the old ledger can be read.
    Example: leverkit ledger rebuild snapshot
    """
    from leverkit.jobs.ledger import rebuild_ledger

    account, folder = _opened(snapshot)
    found = rebuild_ledger(folder, account)
    print_result("\n".join((found.summary, *found.odd)))


@ledgers.command()
def forget(
    snapshot: options.Source,
    contacts: Annotated[list[str] | None, typer.Argument(metavar="CONTACT", help="Ids of contacts.")] = None,
    anonymized: Annotated[
        bool, typer.Option("--anonymized", help="Also who was anonymized or deleted in Lever.")
    ] = False,
) -> None:
    """Take people who were erased in Lever out of the ledger, and list the run folders that name them.

    Example: leverkit ledger forget snapshot --anonymized
    """
    from leverkit.history.rebuild import forget
    from leverkit.jobs.ledger import runs_with

    people = contacts or []
    if not people and not anonymized:
        raise UsageError("name the contacts to forget, or give --anonymized")
    _, folder = _opened(snapshot)
    removed = forget(folder, people, anonymized=anonymized)
    print_result(f"removed {count(removed, 'row')} from the ledger")
    for run in runs_with(folder, people):
        print_message(f"note: {run} names them still: its plan and journal prove what is to be undone")


def _opened(snapshot: Path) -> tuple[Snapshot, Path]:
    """Return a snapshot and the folder of its account in the workspace."""
    from leverkit.settings import workspace
    from leverkit.snapshot.snapshot import Snapshot
    from leverkit.storage.account_registry import account_folder

    account = Snapshot.open(snapshot)
    return account, account_folder(workspace(), account.account)
