"""The commands `pull`, `audit` and `plan`. Each is one call of the package, and none writes to Lever."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leverkit.cli import options
from leverkit.cli.connection import shown_settings
from leverkit.cli.output import (
    LINES,
    noted,
    print_json,
    print_message,
    print_plan,
    print_pulled,
    print_result,
)
from leverkit.cli.policy import no_contact, policies
from leverkit.report.text import count, plain

if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit
    from leverkit.history.ledger import Ledger
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot


def register(app: typer.Typer) -> None:
    """Add these commands to the application, in the order of the flow."""
    app.command()(pull)
    app.command()(audit)
    app.add_typer(policies, name="policy")
    app.command()(plan)


def pull(
    out: options.OutSnapshot,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again instead of only what changed.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of concurrent requests.")] = 16,
    rate: options.Rate = 9.8,
    max_found: options.MaxFound = None,
    same_account: options.SameAccount = False,
    copy: options.CopyUri = "",
    shape: options.Shape = "",
    schema: options.Schema = "",
    only: options.Only = "",
    sql: options.Sql = None,
    demo: options.Demo = False,
    as_json: options.Json = False,
) -> None:
    """Read the account into a snapshot. Run it again to resume or to refresh. Only reads.

    The account's ledger in the workspace records what people changed since the last reading. A copy (--from)
    tells it nothing.

    Example: leverkit pull -o snapshot
    """
    from leverkit.jobs.ledger import update_ledger
    from leverkit.settings import connect
    from leverkit.snapshot.pull import pull
    from leverkit.storage.account_registry import account_folder

    more = {"schema": schema, "only": only, "sql": sql}
    options.require_copy(copy, shape=shape, full=full, same_account=same_account, **more)
    if copy:
        return _pull_copy(out, copy, shape, as_json=as_json, schema=schema, only=only, sql=sql)
    settings = shown_settings(demo=demo)
    with connect(settings=settings, rate=rate) as lever:
        snapshot = pull(out, lever=lever, workers=workers, full=full, same_account=same_account)
        with noted("the ledger was not updated"):
            found = update_ledger(
                account_folder(settings.home, snapshot.account),
                snapshot,
                lever=lever,
                max_found_removals=max_found,
            )
            print_message("\n".join((found.summary, *found.odd)))
    return print_pulled(snapshot, as_json=as_json)


def _pull_copy(
    out: Path, uri: str, shape: str, *, as_json: bool, schema: str, only: str, sql: Path | None
) -> None:
    from leverkit.environment import read_environment
    from leverkit.jobs.copies import pull_copy

    secret = read_environment(None, None)["SNOWFLAKE_PASSWORD"].secret
    settings, made = shown_settings(person=False), sql is not None and not sql.exists()
    found = pull_copy(out, uri, shape, settings=settings, schema=schema, only=only, sql=sql, password=secret)
    if made:
        print_message(f"the SQL of shape {shape} is in {sql}: change it, and pull again")
    return print_pulled(found, as_json=as_json)


def audit(
    snapshot: options.Source,
    html: options.Html = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The decisions; by default policy.csv beside SNAPSHOT."),
    ] = None,
    postings: options.Postings = None,
    teams: options.Teams = None,
    active: options.Active = False,
    anonymise: options.Anonymise = False,
    as_json: options.Json = False,
    detailed: options.Detailed = False,
) -> None:
    """Show which tags are missing on some opportunities of a person. Reads files only.

    Each audit of the whole account adds a row to readiness.csv in the snapshot's folder.

    Example: leverkit audit snapshot --html audit.html
    """
    from leverkit.analysis.audit import audit
    from leverkit.errors import UsageError
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

    if policy and not policy.exists():
        raise UsageError(f"{policy} does not exist: make it with `leverkit policy suggest {snapshot}`")
    options.require_page(html, anonymise=anonymise)
    path = policy or snapshot.absolute().parent / "policy.csv"
    part = Snapshot.open(snapshot).only(postings=postings or (), teams=teams or (), active=active)
    found = audit(part)
    decided = Policy.at(path).with_suggestions(found)
    try:
        found.remember(decided)
    except UsageError as error:
        print_message(f"note: {error}")
    if html:
        print_message(f"report: {found.to_html(html, policy=decided, anonymise=anonymise)}")
    if as_json:
        print_json(found.to_json(decided))
    else:
        headline = found.standing(decided).headline
        print_result("\n".join([headline, *_findings(found), found.readiness(decided).headline]))
    print_message(f"next: {_policy_command(snapshot, path)}")
    raise typer.Exit(options.exit_code(0, detailed=detailed, differences=len(found.findings) > 0))


def plan(
    snapshot: options.Source,
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy.csv with the decisions.")],
    out: options.OutRun,
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


def _findings(found: Audit) -> list[str]:
    rows = found.findings.head(LINES)
    lines = [
        plain(f"{code} {subject}: {text}")
        for code, subject, text in rows[["code", "subject", "evidence"]].values
    ]
    more = len(found.findings) - len(rows)
    return lines + [f"and {count(more, 'more finding')}: --json has all"] * (more > 0)


def _policy_command(snapshot: Path, policy: Path) -> str:
    """Return the command that makes the policy of an audit, or checks the one that is there."""
    here = Path.cwd()
    path = policy.relative_to(here) if policy.is_relative_to(here) else policy
    check = f"leverkit policy check {path} {snapshot}"
    return check if policy.exists() else f"leverkit policy suggest {snapshot} -o {path}"
