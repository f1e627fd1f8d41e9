"""The options that several commands take, the help of command groups, and --detailed-exitcode."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from leverkit.cli.connection import OPTION, WITHOUT
from leverkit.errors import DIFFERENCES, UsageError


class Group(TyperGroup):
    """Commands whose help tells each summary in full, wrapped instead of cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with their summaries."""
        rows = [
            (name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class AccountGroup(Group):
    """Commands that are for one account, each of which shows the option --account in its help."""

    def __init__(self, *, commands: dict[str, Any], **options: Any) -> None:
        super().__init__(commands=commands, **options)
        account = _account_option()
        for name, command in commands.items():
            if name not in WITHOUT and not getattr(command, "no_args_is_help", False):
                command.params.append(account)


def _account_option() -> Any:
    """Return the option as typer makes it; `run_as_account` takes it out before typer reads the words."""
    shown = typer.Typer(add_completion=False)
    shown.command()(_with_account)
    (option,) = typer.main.get_command(shown).params
    option.expose_value = False
    return option


def _with_account(
    account: Annotated[
        str, typer.Option(OPTION, metavar="NAME", help="The account of accounts.toml to act for.")
    ] = "",
) -> None: ...


def exit_code(code: int, *, detailed: bool, differences: bool) -> int:
    """Return a command's exit code: with `--detailed-exitcode`, differences turn 0, and only 0, into 2."""
    return code or (DIFFERENCES if detailed and differences else 0)


def require_page(html: Path | None, *, anonymise: bool) -> None:
    """Raise UsageError where a page is to be anonymised, and none is written."""
    if anonymise and not html:
        raise UsageError("--anonymise applies to the page: add --html FILE")


def require_copy(copy: str, *, shape: str, full: bool, same_account: bool, **more: object) -> None:
    """Raise UsageError where options of a copy and of the account itself are mixed, or --shape is missing."""
    if copy and not shape:
        raise UsageError("--from needs --shape NAME, the kind of copy, such as fivetran")
    if copy and (full or same_account):
        raise UsageError("--full and --same-account are about the account itself, and --from reads a copy")
    if not copy and (shape or any(more.values())):
        raise UsageError("--shape, --schema, --only and --sql are about a copy: add --from URI")


OutSnapshot = Annotated[
    Path, typer.Option("-o", "--out", help="The folder of the snapshot: new, or to refresh.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="The folder for the results.")]
OutPolicy = Annotated[
    Path, typer.Option("-o", "--out", help="The policy.csv to write, or to bring up to date.")
]
OutRun = Annotated[Path, typer.Option("-o", "--out", help="The folder for the plan and, later, its run.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the report as an HTML page.")]
Anonymise = Annotated[
    bool, typer.Option("--anonymise", help="Show made-up ids in the page instead of links into Lever.")
]
Postings = Annotated[
    list[str] | None,
    typer.Option(
        "--posting", metavar="ID", help="Only people with an opportunity of this posting. Repeatable."
    ),
]
Teams = Annotated[
    list[str] | None,
    typer.Option("--team", metavar="TEAM", help="Only people with an opportunity of this team. Repeatable."),
]
Active = Annotated[bool, typer.Option("--active", help="Leave archived opportunities out.")]
CopyUri = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="URI",
        help="Read a copy instead: a DuckDB file, a folder of Parquet, CSV or JSON files, or an address that "
        "begins with postgresql, redshift, snowflake or bigquery.",
    ),
]
Shape = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Who made the copy: fivetran, airbyte, airbyte-raw, tap-lever, stitch, dlt, json.",
    ),
]
Schema = Annotated[str, typer.Option(metavar="NAME", help="The schema that holds the copy, if several do.")]
Only = Annotated[
    str,
    typer.Option(
        metavar="COLUMN=VALUE", help="Only rows with this value, of a table that holds several accounts."
    ),
]
Sql = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="SQL files in place of the shape's. A folder that is not there gets the shape's."
    ),
]
Demo = Annotated[bool, typer.Option("--demo", help="Use the demo account on this computer if no key is set.")]
Detailed = Annotated[
    bool,
    typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes, findings or differences."),
]
Rate = Annotated[float, typer.Option(min=0.1, help="Requests per second. Lever allows 10 for each key.")]
Matching = Annotated[
    str,
    typer.Option(
        metavar="WHICH",
        help="Which opportunities get tags: all, active or posting:ID. The policy may narrow this further.",
    ),
]
SameAccount = Annotated[
    bool,
    typer.Option(
        "--same-account", help="Confirm that an account that is in doubt is the same one. This is recorded."
    ),
]
MaxOps = Annotated[
    int | None,
    typer.Option(min=-1, help="Brake: refuse a plan with more operations than this; -1: no limit."),
]
MaxPct = Annotated[
    float | None,
    typer.Option(
        min=-1, help="Brake: refuse to change more than this percentage of all opportunities; -1: no limit."
    ),
]
MaxTagPct = Annotated[
    float | None,
    typer.Option(
        min=-1,
        help="Brake: refuse more operations for one tag than this percentage of its current holders; "
        "-1: no limit.",
    ),
]
MaxRemovals = Annotated[
    int | None,
    typer.Option(min=-1, help="Brake: refuse a plan that removes more taggings than this; -1: no limit."),
]
MaxFound = Annotated[
    int | None,
    typer.Option(
        "--max-found-removals",
        min=0,
        help="Brake: stop if other people removed more taggings than this since the last reading.",
    ),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        "--max-duration", metavar="SECONDS", min=1, help="Stop after this time. The same command resumes."
    ),
]
HiddenMaxSeconds = Annotated[float | None, typer.Option("--max-seconds", min=1, hidden=True)]
Wait = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0, help="How long to wait while another process writes to the account."
    ),
]
Approve = Annotated[str, typer.Option(metavar="PLAN_ID", help="The id of the plan that you approve.")]
Wave = Annotated[
    str, typer.Option(metavar="WAVE", help="How much of the plan: canary, a share such as 10%, or all.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `plan` or `rollback` wrote.")]
Source = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="The folder that `pull` wrote.")]
PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="The policy.csv with the decisions.")]
