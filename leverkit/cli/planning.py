"""The command `plan`: what people decided, as operations to approve."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leverkit.cli import options
from leverkit.cli.analysis import no_contact
from leverkit.cli.connection import shown_settings
from leverkit.cli.output import print_message, print_plan

if TYPE_CHECKING:
    from leverkit.history.ledger import Ledger
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(plan)


def plan(
    snapshot: options.Source,
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy.csv with the decisions.")],
    out: options.Out,
    only: Annotated[
        list[str] | None,
        typer.Option("--only-tag", metavar="TAG", help="Plan only this tag. Repeatable."),
    ] = None,
    include_removed: Annotated[
        list[str] | None,
        typer.Option(
            "--include-removed", metavar="TAG", help="Also plan this tag where people removed it. Repeatable."
        ),
    ] = None,
    matching: options.Matching = "",
    max_ops: options.MaxOps = None,
    max_pct: options.MaxPct = 30.0,
    max_tag_pct: options.MaxTagPct = 300.0,
    max_removals: options.MaxRemovals = 0,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Write every change to plan.csv, with a plan id to approve. Writes nothing to Lever.

    Tags that people removed, according to the account's ledger, are listed in skipped.csv and not planned.
    A snapshot out of a copy needs a key: the people with gaps are read from Lever, and the plan is theirs.

    Example: leverkit plan snapshot --policy policy.csv -o run
    """
    from leverkit.planning.brakes import Brakes
    from leverkit.planning.planner import plan_with
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

    brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    read, found = Policy.read(policy).narrowed(matching), Snapshot.open(snapshot)
    with _of_account(found, read) as account, _ledger_of(account.account) as ledger:
        chosen: dict[str, Any] = {"only": only or (), "include_removed": include_removed or ()}
        made = plan_with(account, read, out, brakes=brakes, ledger=ledger, **chosen)
    for lost in read.overwritten:
        print_message(f"note: {lost}")
    print_plan(made, out, as_json=as_json)
    if not made.operations:
        print_message(f"next: {no_contact(read, policy) or 'nothing to carry out'}")
    raise typer.Exit(options.exit_code(0, detailed=detailed, differences=bool(made.operations)))


def _of_account(snapshot: Snapshot, policy: Policy) -> AbstractContextManager[Snapshot]:
    """Return a snapshot as of an account: one out of a copy is bound to that of the key."""
    if not snapshot.is_copy:
        return nullcontext(snapshot)
    from leverkit.jobs.copies import bound_to_account

    tags = [tag for tag, scope in policy.scopes.items() if scope == "contact"]
    return bound_to_account(snapshot, tags, shown_settings(person=False))


def _ledger_of(account: str) -> AbstractContextManager[Ledger | None]:
    """Open the ledger of an account in the workspace, if there is one."""
    from leverkit.history.ledger import Ledger
    from leverkit.settings import workspace
    from leverkit.storage.account_registry import account_folder

    return Ledger.find(account_folder(workspace(), account)) or nullcontext()
