"""The command `sync`: the nightly job, and its standing approval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.connection import shown_settings
from leverkit.cli.output import print_document, print_message, print_result
from leverkit.errors import UsageError

if TYPE_CHECKING:
    from leverkit.jobs.nightly.order import SyncOrder
    from leverkit.jobs.nightly.record import SyncRecord, SyncResult
    from leverkit.settings import Settings

EPILOG = (
    "Exit codes: 0 all done and verified, 3 done in part (people changed something meanwhile), 4 refused, "
    "5 a brake, 6 Lever does not show what was planned, 12 access denied, 64 usage: a person is needed. "
    "1 error, 8 stopped, 11 locked, 130 interrupted: run it again. docs/nightly.md says what each asks "
    "of you."
)
syncs = typer.Typer(cls=options.AccountGroup, invoke_without_command=True, epilog=EPILOG)
Policy = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The policy.csv with the decisions.", show_default=False),
]

Folder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        help="Folder for snapshot, runs and report; by default the account's folder in the workspace.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Plan only; write nothing to Lever.")]
Rebase = Annotated[
    bool,
    typer.Option(
        "--rebase", help="Begin the ledger anew from the account as it is now; write nothing to Lever."
    ),
]
Keep = Annotated[int, typer.Option(metavar="DAYS", min=1, help="Pack run folders that are older than this.")]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.add_typer(syncs, name="sync")


@syncs.callback()
def sync(
    context: typer.Context,
    policy: Policy = None,
    out: Folder = None,
    matching: options.Matching = "",
    dry_run: DryRun = False,
    rebase: Rebase = False,
    keep: Keep = 90,
    max_found: options.MaxFound = None,
    max_seconds: options.MaxSeconds = None,
    wait: options.Wait = 30.0,
    rate: options.Rate = 9.8,
    demo: options.Demo = False,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Run the nightly job: read, plan, apply what `sync approve` allows, verify.

    It copies the policy's contact tags to a person's other opportunities, where that is new since the last
    night, and does nothing else. It never removes a tag, never puts back what people removed or a rollback
    took back, and leaves old gaps to you. The first run writes nothing: it begins the account's ledger and
    makes a plan to read. It stops with 4 without an approval of this policy and with 5 beyond its limits, and
    prints the command that goes on.
    Example: leverkit sync --policy policy.csv -o nightly
    """
    if context.invoked_subcommand:
        return
    from leverkit.jobs.nightly.order import SyncOrder

    order = SyncOrder(
        policy=_required(policy),
        out=out,
        matching=matching,
        dry_run=dry_run,
        rebase=rebase,
        keep_days=keep,
        max_found_removals=max_found,
        max_seconds=max_seconds,
        wait=wait,
        rate=rate,
    )
    record = _print(_ended(order, shown_settings(demo=demo, person=False)), as_json=as_json)
    waiting = record.planned > 0 and (record.dry_run or record.first)
    raise typer.Exit(options.exit_code(record.exit_code or 0, detailed=detailed, differences=waiting))


@syncs.command()
def approve(
    policy: Policy = None,
    matching: options.Matching = "",
    max_ops: options.MaxOps = None,
    max_pct: options.MaxPct = 30.0,
    max_tag_pct: options.MaxTagPct = 300.0,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until the approval ends.")] = 90,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who approves; by default your user name.")
    ] = None,
    rate: options.Rate = 9.8,
    demo: options.Demo = False,
    as_json: options.Json = False,
) -> None:
    """Allow the nightly job to apply this policy in your name, within the brakes given.

    The job only adds tags. A changed policy needs a new approval.
    Example: leverkit sync approve --policy policy.csv --max-ops 200
    """
    from leverkit.jobs import approval
    from leverkit.planning.brakes import Brakes
    from leverkit.policy.policy import Policy
    from leverkit.settings import connect
    from leverkit.storage.lock import user

    read = Policy.read(_required(policy))
    settings = shown_settings(demo=demo)
    with connect(settings=settings, rate=rate) as lever:
        folder = lever.account.folder_in(settings.home)
    given = approval.approve(
        folder,
        read,
        brakes=Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct),
        by=by or user(),
        days=days,
        matching=matching,
    )
    if as_json:
        print_document(given)
    else:
        print_result(given.summary)
    print_message(f"recorded in {folder / approval.NAME}; leverkit sync --policy {policy} uses it")


def _ended(order: SyncOrder, settings: Settings) -> SyncResult:
    """Do the job; return how it ended, also where a signal ended it."""
    from leverkit.jobs.sync import SyncInterrupted, sync

    try:
        return sync(order, settings=settings)
    except SyncInterrupted as interrupted:
        return interrupted.ended


def _print(ended: SyncResult, *, as_json: bool) -> SyncRecord:
    """Print how a job ended and return its record. Raises what ended it."""
    record = ended.record
    if as_json:
        print_document(record)
    elif ended.error is None:
        print_result(record.summary)
    for note in filter(None, (*record.notes, ended.untold)):
        print_message(f"note: {note}")
    if record.next:
        print_message(f"next: {record.next}")
    ended.require()
    return record


def _required(policy: Path | None) -> Path:
    if policy is None:
        raise UsageError("--policy FILE is needed")
    return policy
