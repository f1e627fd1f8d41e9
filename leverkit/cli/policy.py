"""The commands `policy …`: suggest scopes, decide on tags, check the decisions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leverkit.cli import options
from leverkit.cli.output import print_json, print_message, print_result
from leverkit.report.text import count, share

if TYPE_CHECKING:
    from leverkit.policy.policy import Policy

By = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; by default your user name.")]

policies = typer.Typer(
    cls=options.AccountGroup,
    no_args_is_help=True,
    help="Suggest which tags are about the person, and check the decisions.",
)


@policies.command()
def suggest(
    snapshot: options.Source,
    out: options.OutPolicy = Path("policy.csv"),
    accept: Annotated[
        float | None, typer.Option(min=0, max=1, help="Accept suggestions with at least this confidence.")
    ] = None,
) -> None:
    """Suggest a scope for every tag, with evidence. Keeps the decisions that are in the file.

    Example: leverkit policy suggest snapshot -o policy.csv
    """
    from leverkit.analysis.audit import audit
    from leverkit.policy.policy import Policy

    policy = Policy.suggest(audit(snapshot), accept=accept, earlier=Policy.at(out)).write(out)
    waiting = _undecided_lines(policy)
    print_result("\n".join([policy.summary(), *waiting]))
    _print_acceptable(policy, out)
    decide = f"write a scope for each tag in {out}, then: " if waiting else ""
    print_message(f"next: {decide}leverkit policy check {out} {snapshot}")


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
    by: By = None,
    as_json: options.Json = False,
) -> None:
    """Accept suggestions for undecided tags in your name, and list them. Keeps earlier decisions.

    A near-duplicate of a more used tag is copied only once it is decided by itself.

    Example: leverkit policy accept policy.csv --min-confidence 0.9 --scope contact
    """
    from leverkit.policy.decision import SUGGESTION

    def accepted(current: Policy) -> dict[str, str]:
        return current.acceptable(sure, scope or "")

    _decide(policy, accepted, by=by, decided_with=SUGGESTION, verb="accepted", as_json=as_json)


@policies.command()
def decide(
    policy: options.PolicyFile,
    scope: Annotated[
        str, typer.Argument(metavar="SCOPE", help="contact, opportunity, ignore, or undecided.")
    ],
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Decide on this tag. Repeatable.")
    ] = None,
    family: Annotated[
        str, typer.Option(metavar="NAME", help="Decide on the undecided tags of this family.")
    ] = "",
    by: By = None,
    as_json: options.Json = False,
) -> None:
    """Decide on tags by name, or on a family at once; then say how much is left.

    Example: leverkit policy decide policy.csv contact --family "gdpr-consent:*"
    """
    from leverkit.errors import UsageError
    from leverkit.policy.decision import FAMILY
    from leverkit.policy.questions import members

    if bool(tags) == bool(family):
        raise UsageError("name what to decide on: --tag, or --family")

    def wanted(current: Policy) -> dict[str, str]:
        return dict.fromkeys(tags or members(current.decisions, family), scope)

    how = FAMILY if family else ""
    _decide(policy, wanted, by=by, decided_with=how, verb="decided", as_json=as_json)


@policies.command("next")
def next_(
    policy: options.PolicyFile,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many decisions to show.")] = 5,
    as_json: options.Json = False,
) -> None:
    """Show what to decide next: the tags and families with most gaps and most doubt.

    Example: leverkit policy next policy.csv
    """
    from leverkit.policy.policy import Policy
    from leverkit.policy.questions import left, questions

    read = Policy.read(policy)
    asked = questions(read.decisions, number=number)
    if as_json:
        return print_json(json.dumps([item.as_dict() for item in asked]))
    print_result("\n".join([left(read.decisions), *(f"  {item.sentence}" for item in asked)]))
    _print_acceptable(read, policy)
    for first in asked[:1]:
        option = shlex.join(["--family" if first.family else "--tag", first.name])
        scope = "SCOPE" if first.suggested == "undecided" else first.suggested
        print_message(f"next, for example: leverkit policy decide {policy} {scope} {option}")
    return None


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


def _decide(
    path: Path,
    wanted: Callable[[Policy], dict[str, str]],
    *,
    by: str | None,
    decided_with: str,
    verb: str,
    as_json: bool,
) -> None:
    """Decide on the wanted tags in the file, list them and say how much is left."""
    from leverkit.policy.policy import Policy
    from leverkit.policy.questions import items, left, parts
    from leverkit.storage.lock import user

    before, after = Policy.edit(
        path,
        lambda current: current.decide(wanted(current), by=by or user(), decided_with=decided_with),
    )
    taken = [row for old, row in zip(before.decisions, after.decisions, strict=True) if row != old]
    if as_json:
        names = ("tag", "scope", "confidence", "decided_by", "decided_at", "family", "decided_with")
        print_json(json.dumps([{name: getattr(row, name) for name in names} for row in taken]))
        return
    # What will be copied stands last, beside the sums; tags of postings are many and go first.
    taken.sort(key=lambda row: (not row.from_posting, row.scope == "contact"))
    lines = [f"{row.scope:>12}{share(row.confidence):>6} sure  {row.tag}" for row in taken]
    lines += [f"{verb} {len(taken):,}{parts(items(taken))}", after.summary(), left(after.decisions)]
    print_result("\n".join(lines))
    print_message(f"next: leverkit policy check {path} {_snapshot_beside(path)}")


def _undecided_lines(policy: Policy) -> list[str]:
    """Return how many undecided tags have a suggestion, and how many are left to people."""
    waiting = [row for row in policy.decisions if row.needs_decision]
    if not waiting:
        return []
    scopes = [row.suggested_scope for row in waiting if not row.from_posting]
    counts = {scope: scopes.count(scope) for scope in ("contact", "opportunity", "undecided")}
    return [
        f"{count(len(waiting), 'tag waits', 'tags wait')} for a decision: "
        f"{len(waiting) - len(scopes):,} from postings; of the other {len(scopes):,}, "
        f"{counts['contact']:,} suggested contact, "
        f"{counts['opportunity']:,} suggested opportunity, {counts['undecided']:,} without a suggestion"
    ]


def _snapshot_beside(policy: Path) -> str:
    """Return the only snapshot beside a policy; a placeholder where there is none or more than one."""
    beside = list(policy.absolute().parent.glob("*/snapshot.json"))
    return str(policy.parent / beside[0].parent.name) if len(beside) == 1 else "SNAPSHOT (what pull wrote)"


def no_contact(policy: Policy, path: Path) -> str:
    """Return what to do where no tag is contact, so that a plan would be empty; else an empty text."""
    if "contact" in policy.scopes.values():
        return ""
    if not policy.decisions:
        return "the account has no tags, so there is nothing to decide or to copy"
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
