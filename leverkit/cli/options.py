"""What all commands share: where text goes, and the options that several of them take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from leverkit.report.text import plain

if TYPE_CHECKING:
    from leverkit.planning.operation import Operation
    from leverkit.planning.plan import Plan

LINES = 20  # of a list for people; --json or the file has all
CHANGES = 2  # the exit code of --detailed-exitcode


class Group(TyperGroup):
    """Commands whose help tells each summary in full, wrapped instead of cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with their summaries."""
        rows = [
            (name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def print_message(text: str) -> None:
    """Tell a person something, on stderr."""
    print(_plain(text), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Give a result to a person, on stdout."""
    print(_plain(text), flush=True)


def print_json(text: str) -> None:
    """Give a result to a machine, on stdout, as it is."""
    print(text.rstrip(), flush=True)


def print_file(path: Path) -> None:
    """Give a file that a step wrote as the result, on stdout."""
    print_json(path.read_text(encoding="utf-8"))


def exit_code(code: int, *, detailed: bool, differences: bool) -> int:
    """Return a command's exit code: with `--detailed-exitcode`, differences turn 0, and only 0, into 2."""
    return code or (CHANGES if detailed and differences else 0)


def planned(made: Plan, out: Path, as_json: bool) -> None:
    """Show a plan that was written into a run folder, and what comes next."""
    if as_json:
        print_file(out / "plan.json")
    else:
        print_result("\n".join([f"Plan {made.short}: {made.summary}", *_tags(made)]))
    for warning in made.warnings:
        print_message(f"note: {warning}")
    if made.operations:
        from leverkit.migration.next_step import braked, first, to_apply

        canary = f"{made.canary.operations} operations, which cover all {made.canary.strata} kinds"
        print_message("; ".join(filter(None, (f"canary (--wave canary): {canary}", made.canary.bound))))
        if brake := braked(made):
            print_message(f"note: {brake}")
        print_message(f"look at {out / 'plan.csv'}; next: {to_apply(out, made, first(made))}")


def _tags(made: Plan) -> list[str]:
    """Return a small table of what a plan does to each tag, the largest first."""
    tags: dict[str, list[Operation]] = {}
    for operation in made.operations:
        tags.setdefault(operation.tag, []).append(operation)
    ranked = sorted(tags, key=lambda tag: (-len(tags[tag]), tag))
    lines = [f"{'people':>10}{'added':>8}{'removed':>9}  tag"] if tags else []
    for tag in ranked[:LINES]:
        added = sum(operation.action == "add" for operation in tags[tag])
        people = len({operation.contact for operation in tags[tag]})
        lines.append(f"{people:>10,}{added:>8,}{len(tags[tag]) - added:>9,}  {tag}")
    more = len(tags) - LINES
    return lines + ([f"and {more:,} more tags: plan.csv has all"] if more > 0 else [])


def _plain(text: str) -> str:
    """Return what a terminal can be trusted with: tags come from strangers."""
    return "\n".join(map(plain, text.split("\n")))


Out = Annotated[Path, typer.Option("-o", "--out", help="Where to write.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
Detailed = Annotated[
    bool,
    typer.Option("--detailed-exitcode", help="Exit with 2 where there are changes, findings or differences."),
]
Rate = Annotated[float, typer.Option(min=0.1, help="Requests a second, of the 10 that Lever allows a key.")]
MaxOps = Annotated[int | None, typer.Option(min=0, help="Brake: refuse more operations than this.")]
MaxPct = Annotated[
    float | None,
    typer.Option(min=0, help="Brake: refuse to touch more than this per cent of all opportunities."),
]
MaxTagPct = Annotated[
    float | None,
    typer.Option(min=0, help="Brake: refuse more operations of a tag, in per cent of where it is now."),
]
MaxRemovals = Annotated[int | None, typer.Option(min=0, help="Brake: refuse more removals than this.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `plan` or `rollback` wrote.")]
Source = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="The folder that `pull` wrote.")]
PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="The policy.csv that people decide in.")]
