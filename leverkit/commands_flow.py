"""The commands of the flow, from `pull` to `rollback`: each is one call of the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit import commands as c
from leverkit.commands import file, say, show
from leverkit.errors import Refused

if TYPE_CHECKING:
    from leverkit.audit import Audit
    from leverkit.planfile import Plan

LINES = 20  # of findings for people; --json has all
CHANGES = 2  # the exit code of --detailed-exitcode
policies = typer.Typer(
    no_args_is_help=True, help="Propose which tags are about the person; check what people decided."
)


def register(app: typer.Typer) -> None:
    """Add these commands to the application, in the order of the flow."""
    app.command()(pull)
    app.command()(audit)
    app.add_typer(policies, name="policy")
    for command in (plan, apply, verify, rollback, status):
        app.command()(command)


def pull(
    out: c.Out,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once.")] = 16,
    rate: c.Rate = 9.8,
    as_json: c.Json = False,
) -> None:
    """Read the account into a snapshot; again: resume, or bring what changed. Only reads.

    Example: [bold]leverkit pull -o snapshot[/bold]
    """
    from leverkit.account import connect
    from leverkit.pull import pull

    with connect(rate=rate) as lever:
        snapshot = pull(out, lever=lever, workers=workers, full=full)
    if as_json:
        return file(out / "snapshot.json")
    show(", ".join(f"{count:,} {name}" for name, count in snapshot.meta["counts"].items()))
    for gap in snapshot.meta["not_seen"]:
        say(f"not seen: {gap}")
    agree = snapshot.meta["completeness"]["tags_agree"]
    say(f"tag counts {'agree' if agree else 'do NOT agree'} with Lever's own")
    return say(f"next: leverkit audit {out} --html audit.html")


def audit(
    snapshot: c.Source,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as a page.")] = None,
    as_json: c.Json = False,
    detailed: c.Detailed = False,
) -> None:
    """Say which tags are missing on opportunities of people who carry them. Reads files only.

    Example: [bold]leverkit audit snapshot --html audit.html[/bold]
    """
    from leverkit.audit import audit

    found = audit(snapshot)
    if html:
        say(f"report: {found.to_html(html)}")
    show(found.to_json() if as_json else _findings(found))
    if detailed and len(found.findings):
        raise typer.Exit(CHANGES)


@policies.command()
def suggest(
    snapshot: c.Source,
    out: c.Out = Path("policy.csv"),
    accept: Annotated[
        float | None, typer.Option(min=0, max=1, help="Fill in suggestions with at least this confidence.")
    ] = None,
) -> None:
    """Propose a scope for every tag, with evidence; decisions already in the file stay.

    Example: [bold]leverkit policy suggest snapshot -o policy.csv[/bold]
    """
    from leverkit.audit import audit
    from leverkit.policy import Policy

    policy = Policy.suggest(audit(snapshot), accept=accept).write(out)
    show(_scopes(policy.scopes))
    say(f"next: write a scope for each tag in {out}, then: leverkit policy check {out} {snapshot}")


@policies.command()
def check(
    policy: Annotated[Path, typer.Argument(metavar="POLICY")],
    snapshot: c.Source,
    detailed: c.Detailed = False,
) -> None:
    """Check an edited policy.csv: what cannot be read is an error, what deserves a look is listed.

    Example: [bold]leverkit policy check policy.csv snapshot[/bold]
    """
    from leverkit.policy import Policy
    from leverkit.snapshot import Snapshot

    read = Policy.read(policy)
    problems = read.check(Snapshot.open(snapshot))
    show("\n".join([_scopes(read.scopes), *problems]))
    say(f"next: leverkit plan {snapshot} --policy {policy} -o run")
    if detailed and problems:
        raise typer.Exit(CHANGES)


def plan(
    snapshot: c.Source,
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy.csv that people decided on.")],
    out: c.Out,
    max_ops: c.MaxOps = None,
    max_pct: c.MaxPct = 30.0,
    max_removals: c.MaxRemovals = 0,
    as_json: c.Json = False,
    detailed: c.Detailed = False,
) -> None:
    """Write down every single change and a plan id; nothing is written to Lever.

    Example: [bold]leverkit plan snapshot --policy policy.csv -o run[/bold]
    """
    from leverkit.plan import plan
    from leverkit.policy import Policy
    from leverkit.snapshot import Snapshot

    read, account = Policy.read(policy), Snapshot.open(snapshot)
    made = plan(account, read, out, max_ops=max_ops, max_pct=max_pct, max_removals=max_removals)
    _planned(made, out, as_json)
    if detailed and made.operations:
        raise typer.Exit(CHANGES)


def apply(
    run: c.Run,
    approve: Annotated[
        str, typer.Option(metavar="PLAN_ID", help="The id of the plan that you approve.")
    ] = "",
    max_ops: c.MaxOps = None,
    max_pct: c.MaxPct = None,
    max_removals: c.MaxRemovals = None,
    max_seconds: Annotated[float | None, typer.Option(min=1, help="Stop after this time; resumable.")] = None,
    rate: c.Rate = 9.8,
    as_json: c.Json = False,
) -> None:
    """Carry out an approved plan; again: resume. Without --approve it shows the plan and stops.

    Example: [bold]leverkit apply run --approve 3f2a9c1e77b0[/bold]
    """
    from leverkit.account import connect
    from leverkit.apply import apply
    from leverkit.planfile import Plan

    brakes = {"max_ops": max_ops, "max_pct": max_pct, "max_removals": max_removals}
    if not approve and Plan.read(run).operations:
        _planned(Plan.read(run), run, as_json)
        raise Refused("not approved, so nothing was written")
    with connect(write=True, rate=rate) as lever:
        ended = apply(run, approve=approve, lever=lever, max_seconds=max_seconds, **brakes)  # type: ignore[arg-type]
    if as_json:
        file(run / "result.json")
    else:
        show(ended.summary)
    say(f"next: leverkit verify {run}" if not ended.counts["pending"] else "the same command resumes")
    raise typer.Exit(ended.exit_code)


def verify(run: c.Run, rate: c.Rate = 9.8, as_json: c.Json = False, detailed: c.Detailed = False) -> None:
    """Read again what was touched, and Lever's tag counts, and say whether it is so. Only reads.

    Example: [bold]leverkit verify run[/bold]
    """
    from leverkit.account import connect
    from leverkit.verify import verify

    with connect(rate=rate) as lever:
        found = verify(run, lever=lever)
    if as_json:
        file(run / "verify.json")
    else:
        show("\n".join([found.summary, *found.notes]))
    raise typer.Exit(CHANGES if detailed and found.exit_code else found.exit_code)


def rollback(run: c.Run, out: c.Out, as_json: c.Json = False) -> None:
    """Plan the undoing of exactly what a run changed and nobody changed since; writes nothing to Lever.

    Example: [bold]leverkit rollback run -o undo[/bold]
    """
    from leverkit.rollback import rollback

    _planned(rollback(run, out), out, as_json)


def status(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a plan, or of a notebook job.")],
    as_json: c.Json = False,
) -> None:
    """Say where a run or a notebook job stands, from its files alone.

    Example: [bold]leverkit status run --json[/bold]
    """
    import msgspec

    facts, line = _job(run) if (run / "run.json").exists() else _standing(run)
    show(msgspec.json.encode(facts).decode() if as_json else line)


def _job(folder: Path) -> tuple[object, str]:
    from leverkit.jobrecord import RunRecord

    record = RunRecord.read(folder)
    return record, record.summary


def _standing(run: Path) -> tuple[object, str]:
    from leverkit.result import status

    found = status(run)
    facts = {"plan_id": found.plan_id, "kind": found.kind, "account": found.account, "state": found.state}
    counts = {"planned": found.planned, "counts": found.counts, "exit_code": found.exit_code}
    return facts | counts, f"plan {found.plan_id[:12]}: {found.summary}"


def _planned(made: Plan, out: Path, as_json: bool) -> None:
    if as_json:
        file(out / "plan.json")
    else:
        show(f"Plan {made.short}: {made.summary}")
    for warning in made.warnings:
        say(f"note: {warning}")
    if made.operations:
        say(f"look at {out / 'plan.csv'}; next: leverkit apply {out} --approve {made.short}")


def _findings(found: Audit) -> str:
    rows = found.findings.head(LINES)
    lines = [
        f"{code} {subject}: {text}" for code, subject, text in rows[["code", "subject", "evidence"]].values
    ]
    more = len(found.findings) - len(rows)
    return "\n".join([found.headline, *lines, *([f"and {more:,} more: --json has all"] if more else [])])


def _scopes(scopes: dict[str, str]) -> str:
    values = list(scopes.values())
    counts = ", ".join(f"{values.count(scope)} {scope}" for scope in dict.fromkeys(values))
    return f"{len(values)} tags: {counts}"
