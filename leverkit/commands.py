"""What all commands share: where text goes, and the options that several of them take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Give a result, on stdout."""
    print(text, flush=True)


def file(path: Path) -> None:
    """Give a file that a step wrote as the result, on stdout."""
    show(path.read_text(encoding="utf-8").rstrip())


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
MaxRemovals = Annotated[int | None, typer.Option(min=0, help="Brake: refuse more removals than this.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `plan` or `rollback` wrote.")]
Source = Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="The folder that `pull` wrote.")]
