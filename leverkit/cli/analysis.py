"""The commands from `pull` to `policy`. Each is one call of the package, and none writes to Lever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leverkit.cli import options
from leverkit.cli.connection import shown_settings
from leverkit.cli.output import LINES, noted, print_json, print_message, print_pulled, print_result
from leverkit.report.text import count, plain, share

if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit
    from leverkit.policy.policy import Policy

policies = typer.Typer(
    cls=options.AccountGroup,
    no_args_is_help=True,
    help="Suggest which tags are about the person, and check the decisions.",
)


def register(app: typer.Typer) -> None:
    """Add these commands to the application, in the order of the flow."""
    app.command()(pull)
    app.command()(audit)
    app.add_typer(policies, name="policy")


def pull(
    out: options.Out,
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

    options.require_copy(copy, shape=shape, schema=schema, sql=sql, full=full, same_account=same_account)
    if copy:
        return _pull_copy(out, copy, shape, schema, sql, as_json=as_json)
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


def _pull_copy(out: Path, uri: str, shape: str, schema: str, sql: Path | None, *, as_json: bool) -> None:
    from leverkit.environment import read_environment
    from leverkit.jobs.copies import pull_copy

    secret = read_environment(None, None)["SNOWFLAKE_PASSWORD"].secret
    settings = shown_settings(person=False)
    found = pull_copy(out, uri, shape, settings=settings, schema=schema, sql=sql, password=secret)
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
    decided = Policy.at(path).merge(Policy.suggest(found))
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


@policies.command()
def suggest(
    snapshot: options.Source,
    out: options.Out = Path("policy.csv"),
    accept: Annotated[
        float | None, typer.Option(min=0, max=1, help="Accept suggestions with at least this confidence.")
    ] = None,
) -> None:
    """Suggest a scope for every tag, with evidence. Keeps the decisions that are in the file.

    Example: leverkit policy suggest snapshot -o policy.csv
    """
    from leverkit.analysis.audit import audit
    from leverkit.policy.policy import Policy

    policy = Policy.suggest(audit(snapshot), accept=accept).write(out)
    print_result("\n".join([policy.summary(), *_undecided_lines(policy)]))
    _print_acceptable(policy, out)
    print_message(f"next: write a scope for each tag in {out}, then: leverkit policy check {out} {snapshot}")


@policies.command()
def accept(
    policy: options.PolicyFile,
    sure: Annotated[
        float,
        typer.Option(
            "--min-confidence", min=0.5, max=1, help="Accept suggestions with at least this confidence."
        ),
    ],
    scope: Annotated[
        Literal["contact", "opportunity"] | None, typer.Option(help="Accept only suggestions of this scope.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who decides; by default your user name.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Accept suggestions for undecided tags in your name, and list them. Keeps earlier decisions.

    Example: leverkit policy accept policy.csv --min-confidence 0.9 --scope contact
    """
    import json

    from leverkit.policy.policy import Policy
    from leverkit.storage.lock import user

    before, after = Policy.edit(
        policy, lambda current: current.decide(current.acceptable(sure, scope or ""), by=by or user())
    )
    taken = [row for old, row in zip(before.decisions, after.decisions, strict=True) if row != old]
    if as_json:
        names = ("tag", "scope", "confidence", "decided_by", "decided_at")
        return print_json(json.dumps([{name: getattr(row, name) for name in names} for row in taken]))
    lines = [f"{row.scope:>12}{share(row.confidence):>6} sure  {row.tag}" for row in taken]
    print_result("\n".join([*lines, f"accepted {len(taken):,}", after.summary()]))
    return print_message(f"next: leverkit policy check {policy} {_snapshot_beside(policy)}")


@policies.command()
def check(
    policy: options.PolicyFile,
    snapshot: options.Source,
    detailed: options.Detailed = False,
) -> None:
    """Check an edited policy.csv: report errors by line, and list what deserves a look.

    Example: leverkit policy check policy.csv snapshot
    """
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

    read, account = Policy.read(policy), Snapshot.open(snapshot)
    problems = read.check(account)
    undecided = {decision.tag for decision in read.undecided(account)}
    print_result("\n".join([read.summary(undecided), *problems]))
    _print_acceptable(read, policy)
    print_message(f"next: {no_contact(read, policy) or f'leverkit plan {snapshot} --policy {policy} -o run'}")
    raise typer.Exit(options.exit_code(0, detailed=detailed, differences=bool(problems)))


def _findings(found: Audit) -> list[str]:
    rows = found.findings.head(LINES)
    lines = [
        plain(f"{code} {subject}: {text}")
        for code, subject, text in rows[["code", "subject", "evidence"]].values
    ]
    more = len(found.findings) - len(rows)
    return lines + [f"and {count(more, 'more finding')}: --json has all"] * (more > 0)


def _undecided_lines(policy: Policy) -> list[str]:
    """Return how many undecided tags have a suggestion, and how many are left to people."""
    waiting = [row for row in policy.decisions if row.needs_decision]
    if not waiting:
        return []
    scopes = [row.suggested_scope for row in waiting if not row.from_posting]
    counts = {scope: scopes.count(scope) for scope in ("contact", "opportunity", "undecided")}
    return [
        f"{len(waiting):,} wait for a decision: {len(waiting) - len(scopes):,} from postings; of the other "
        f"{len(scopes):,}, {counts['contact']:,} suggested contact, "
        f"{counts['opportunity']:,} suggested opportunity, {counts['undecided']:,} without a suggestion"
    ]


def _policy_command(snapshot: Path, policy: Path) -> str:
    """Return the command that makes the policy of an audit, or checks the one that is there."""
    here = Path.cwd()
    path = policy.relative_to(here) if policy.is_relative_to(here) else policy
    check = f"leverkit policy check {path} {snapshot}"
    return check if policy.exists() else f"leverkit policy suggest {snapshot} -o {path}"


def _snapshot_beside(policy: Path) -> str:
    """Return the only snapshot beside a policy; a placeholder where there is none or more than one."""
    beside = list(policy.absolute().parent.glob("*/snapshot.json"))
    return str(policy.parent / beside[0].parent.name) if len(beside) == 1 else "SNAPSHOT (what pull wrote)"


def no_contact(policy: Policy, path: Path) -> str:
    """Return what to do where no tag is contact, so that a plan would be empty; else an empty text."""
    if "contact" in policy.scopes.values():
        return ""
    return (
        "no tag has the scope contact yet, so a plan would be empty; "
        f"write contact in {path} where a tag is about the person"
    )


def _print_acceptable(policy: Policy, path: Path) -> None:
    """Print how many suggestions are sure, and the command that accepts them all."""
    sure = policy.acceptable(0.9)
    if sure:
        from_posting = sum(row.from_posting for row in policy.decisions if row.tag in sure)
        number = count(len(sure), "suggestion is", "suggestions are")
        decided = f"to accept them all: leverkit policy accept {path} --min-confidence 0.9"
        print_message(f"{number} sure, {from_posting:,} of them from postings; {decided}")
