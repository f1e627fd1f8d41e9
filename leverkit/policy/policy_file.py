"""policy.csv as a file: read whole with all that is wrong in it, written in one step by one writer at a time.

The lock binds leverkit's own processes (widget, commands, notebooks); a spreadsheet takes none, so what it
saves over is noticed afterwards, by `lastsaved`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from leverkit.errors import UsageError
from leverkit.policy.decision import COLUMNS, EVIDENCE, Decision, moment
from leverkit.storage import csv_file, files
from leverkit.storage.lock import hold

Kept = dict[str, tuple[str, str, str]]


@dataclass(frozen=True)
class Lost:
    """A decision on a tag that is no longer in the file, and the scope that stands there instead."""

    tag: str
    scope: str
    by: str
    at: str
    stands: str

    def __str__(self) -> str:
        return (
            f"tag {self.tag!r} was decided {self.scope} by {self.by or 'somebody'} ({self.at or 'no date'}), "
            f"and the file says {self.stands}: a program that had the file open saved an older version. "
            "Decide on it again; to keep it as it is, write your name into decided_by"
        )


def keep(path: Path, before: Iterable[Decision], after: Iterable[Decision]) -> None:
    """Note what a policy file that was just written decides; `before` is what it held.

    What was lost before stays noted, unless this was the writing that decides on it again.
    """
    before, after = tuple(before), tuple(after)
    said = {row.tag: row.said for row in before}
    untouched = {row.tag for row in after if said.get(row.tag) == row.said}
    kept = {row.tag: row.said for row in after if row.spoken}
    kept |= {each.tag: (each.scope, each.by, each.at) for each in lost(path, before) if each.tag in untouched}
    files.replace(_beside(path), msgspec.json.encode(kept, order="deterministic"))


def lost(path: Path, decisions: Iterable[Decision]) -> list[Lost]:
    """Return the decisions that were written through leverkit and that an older version has replaced."""
    kept = _kept(path)
    return [
        Lost(row.tag, *kept[row.tag], stands=row.scope)
        for row in decisions
        if row.tag in kept and _is_older(row, kept[row.tag])
    ]


def _is_older(row: Decision, kept: tuple[str, str, str]) -> bool:
    scope, _, at = kept
    if row.scope == scope or (not row.decided_at and row.spoken):
        return False
    return not row.spoken or moment(row.decided_at) < moment(at)


def _kept(path: Path) -> Kept:
    try:
        return msgspec.json.decode(_beside(path).read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError):
        return {}


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.last")


WAIT = 30.0  # seconds for others who write to the file: each takes a fraction of one
LINES = 20  # problems that are told at once


def alone(path: Path) -> AbstractContextManager[None]:
    """Hold the file's lock: between reading it and writing it, no other leverkit process writes.

    Raises Locked where another process holds it for long.
    """
    return hold(path.with_name(f".{path.name}.lock"), purpose=f"writing {path.name}", wait=WAIT)


def read(path: Path) -> tuple[Decision, ...]:
    """Read the rows. Raises UsageError that names each line that is wrong, and what is allowed."""
    if not path.exists():
        raise UsageError(
            f"{path}: no such file; `leverkit policy suggest` writes the policy.csv to decide in"
        )
    sheet = csv_file.read(path)
    names = _columns(path, sheet.columns)
    problems: list[str] = []
    rows = tuple(_rows(path, sheet, names, problems))
    if len(problems) == 1:
        raise UsageError(problems[0])
    if problems:
        rest = [f"and {len(problems) - LINES} more"] if len(problems) > LINES else []
        raise UsageError("\n".join([f"{len(problems)} lines to correct:", *problems[:LINES], *rest]))
    return rows


def write(path: Path, decisions: Sequence[Decision], *, spreadsheet_bom: bool | None = None) -> None:
    """Write the rows in one step; delimiter and byte order mark stay those of the file that is there."""
    dialect = csv_file.read(path).dialect if path.exists() else csv_file.Dialect()
    if spreadsheet_bom is not None:
        dialect = replace(dialect, bom=spreadsheet_bom)
    names = columns(decisions)
    rows = [decision.cells(names) for decision in decisions]
    files.replace(path, csv_file.render(names, rows, dialect))


def columns(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return the columns of these rows: ours, the evidence, and what people added."""
    extra = dict.fromkeys(name for decision in decisions for name in decision.evidence)
    return tuple(dict.fromkeys((*COLUMNS, *EVIDENCE, *extra)))


def _rows(
    path: Path, sheet: csv_file.Sheet, names: Mapping[str, str], problems: list[str]
) -> Iterator[Decision]:
    """Yield the rows that can be read; what is wrong with the others goes into `problems`."""
    seen: dict[str, int] = {}
    for row in sheet.rows:
        where = f"{path}, line {row.line}"
        try:
            decision = Decision.parse(where, {names[name]: text for name, text in row.cells.items()})
        except UsageError as error:
            problems.append(str(error))
            continue
        if decision.tag in seen:
            first = seen[decision.tag]
            problems.append(f"{where}: tag {decision.tag!r} is already on line {first}; keep one row a tag")
        seen.setdefault(decision.tag, row.line)
        yield decision


def _columns(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Map the names in the file to ours, whatever their case."""
    ours = {name: name.strip().casefold().replace(" ", "_") for name in names}
    for needed in ("tag", "scope"):
        if needed not in ours.values():
            raise UsageError(f"{path}, line 1: no column {needed!r}; the header is: {', '.join(names)}")
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise UsageError(f"{path}, line 1: column {twice[0]!r} is there twice; keep one")
    return ours
