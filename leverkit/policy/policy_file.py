"""policy.csv as a file: read with all its errors, written atomically by one process at a time.

The lock binds the processes of leverkit (widget, commands, notebooks). A spreadsheet takes no lock, so a
second file holds what leverkit wrote last: it shows which decisions a spreadsheet has overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from leverkit.errors import UsageError
from leverkit.policy.decision import COLUMNS, EVIDENCE, Decision
from leverkit.report.text import count
from leverkit.storage import csv_file, files
from leverkit.storage.lock import hold
from leverkit.storage.typed_date import span

WAIT = 30.0  # seconds for other writers of the file, each of which takes a fraction of a second
LINES = 20  # errors in one message
# Columns by which a decision is for less than its scope says, and those that are not in older files.
NARROWING, NEWER = ("matching", "decided_with"), ("family", "decided_with", "spelling_of")


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A decision as leverkit wrote it; the last three are columns that a spreadsheet may leave out."""

    scope: str
    by: str
    at: str
    decided_with: str = ""
    matching: str = ""
    spelling_of: str = ""

    @classmethod
    def of(cls, row: Decision) -> _Kept:
        return cls(*row.decision, row.decided_with, row.matching, row.spelling_of)


@dataclass(frozen=True)
class OverwrittenDecision:
    """A decision on a tag that is no longer in the file, and the scope that is there now."""

    tag: str
    scope: str
    by: str
    at: str
    scope_now: str

    def __str__(self) -> str:
        return (
            f"tag {self.tag!r} was decided {self.scope} by {self.by or 'somebody'} ({self.at or 'no date'}), "
            f"and the file says {self.scope_now}: a program that had the file open saved an older version. "
            "Decide on it again; to keep it as it is, write your name into decided_by"
        )


def keep(path: Path, before: Iterable[Decision], after: Iterable[Decision]) -> None:
    """Record the decisions of a policy file that was just written; `before` is what it held.

    An overwritten decision stays recorded until a writing decides on its tag again.
    """
    before, after = tuple(before), tuple(after)
    earlier = {row.tag: row.decision for row in before}
    unchanged = {row.tag for row in after if earlier.get(row.tag) == row.decision}
    kept = {row.tag: _Kept.of(row) for row in after if row.is_decided}
    overwritten = overwritten_decisions(path, before)
    kept |= {lost.tag: _Kept(lost.scope, lost.by, lost.at) for lost in overwritten if lost.tag in unchanged}
    files.write_atomic(_beside(path), msgspec.json.encode(kept, order="deterministic"))


def overwritten_decisions(path: Path, decisions: Iterable[Decision]) -> list[OverwrittenDecision]:
    """Return the decisions that leverkit wrote and that an older version of their row has replaced.

    `decisions` is what the file holds now.
    """
    kept = _kept(path)
    return [
        OverwrittenDecision(row.tag, last.scope, last.by, last.at, scope_now=row.scope)
        for row in decisions
        if (last := kept.get(row.tag)) and _is_older(row, last)
    ]


def _is_older(row: Decision, kept: _Kept) -> bool:
    if row.scope == kept.scope or (not row.decided_at and row.is_decided):
        return False
    return not row.is_decided or span(row.decided_at)[1] < span(kept.at)[0]


def _kept(path: Path) -> dict[str, _Kept]:
    try:
        return msgspec.json.decode(files.read(_beside(path)), type=dict[str, _Kept])
    except (OSError, msgspec.MsgspecError):
        return {}


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.last")


def alone(path: Path) -> AbstractContextManager[None]:
    """Hold the lock of the file: no other leverkit process writes between a reading and a writing.

    Raises Locked where another process holds it for longer than `WAIT`.
    """
    return hold(path.with_name(f".{path.name}.lock"), purpose=f"writing {path.name}", wait=WAIT)


def read(path: Path) -> tuple[tuple[Decision, ...], bool]:
    """Return the rows, and False if their code page was guessed.

    Raises UsageError with each wrong line and what is allowed there.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file; `leverkit policy suggest` writes the policy.csv to decide in"
        )
    sheet = csv_file.read(path, needed="tag")
    names = _columns(f"{path}, line {sheet.header}", sheet.columns)
    problems: list[str] = []
    rows = tuple(_rows(path, sheet, names, problems))
    if len(problems) == 1:
        raise UsageError(problems[0])
    if problems:
        rest = [f"and {len(problems) - LINES} more"] if len(problems) > LINES else []
        raise UsageError("\n".join([f"{count(len(problems), 'line')} to correct:", *problems[:LINES], *rest]))
    absent = {"decided_with", "matching", "spelling_of"} - {*names.values()}
    kept = _kept(path) if absent else {}
    if not kept and any(row.is_decided for row in rows):
        _require_together(path, names.values())
    return tuple(_completed(row, kept.get(row.tag), absent) for row in rows), sheet.utf8


def _require_together(path: Path, names: Collection[str]) -> None:
    """Raise UsageError where a program dropped a column by which a decision is for less than it seems.

    A file with one of the newer columns had them all; one without any may be of an older leverkit.
    """
    dropped = [name for name in NARROWING if name not in names]
    if dropped and any(name in names for name in NEWER):
        raise UsageError(
            f"{path}: no column {' and no column '.join(dropped)}, which leverkit wrote: without it, "
            "decisions are for more than they were. Put it back as it was, or empty if it was empty"
        )


def _completed(row: Decision, kept: _Kept | None, absent: Collection[str]) -> Decision:
    """Return a row with what a program left out of the file: else it would be decided for more than it was.

    A decision that is another one, or of a later date, was made on the row as it is.
    """
    if kept is None:
        return row
    same = (row.scope, row.decided_by) == (kept.scope, kept.by)
    if same and span(row.decided_at)[0] <= span(kept.at)[1]:
        how = kept.decided_with if "decided_with" in absent else ""
        matching = kept.matching if "matching" in absent else ""
        row = replace(row, decided_with=row.decided_with or how, matching=row.matching or matching)
    if "spelling_of" in absent and kept.spelling_of:
        row = replace(row, evidence={**row.evidence, "spelling_of": kept.spelling_of})
    return row


def write(path: Path, decisions: Sequence[Decision], *, spreadsheet_bom: bool | None = None) -> None:
    """Write the rows atomically, with the delimiter and byte order mark of the existing file."""
    dialect = csv_file.read(path, needed="tag").dialect if path.exists() else csv_file.Dialect()
    if spreadsheet_bom is not None:
        dialect = replace(dialect, bom=spreadsheet_bom)
    names = columns(decisions)
    rows = [decision.cells(names) for decision in decisions]
    files.write_atomic(path, csv_file.render(names, rows, dialect), mode=files.mode_of(path))


def columns(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return the columns of these rows: those of decisions, of the evidence, and those that people added."""
    extra = dict.fromkeys(name for decision in decisions for name in decision.evidence)
    return tuple(dict.fromkeys((*COLUMNS, *EVIDENCE, *extra)))


def _rows(
    path: Path, sheet: csv_file.Sheet, names: Mapping[str, str], problems: list[str]
) -> Iterator[Decision]:
    """Yield the readable rows; the errors of the others are added to `problems`."""
    seen: dict[str, int] = {}
    for row in sheet.rows:
        where = f"{path}, line {row.line}"
        cells = {names[name]: text for name, text in row.cells.items()}
        if not cells["tag"] and cells["scope"].strip().casefold() in ("", "undecided"):
            continue  # earlier versions wrote a row for a tag that is an empty text
        try:
            decision = Decision.parse(where, cells)
        except UsageError as error:
            problems.append(str(error))
            continue
        if decision.tag in seen:
            first = seen[decision.tag]
            problems.append(f"{where}: tag {decision.tag!r} is already on line {first}; keep one row per tag")
        seen.setdefault(decision.tag, row.line)
        yield decision


def _columns(where: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return our column name for each name in the file, in any case."""
    ours = {name: name.strip().casefold().replace(" ", "_") for name in names}
    for needed in ("tag", "scope"):
        if needed not in ours.values():
            raise UsageError(f"{where}: no column {needed!r}; the header is: {', '.join(names)}")
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise UsageError(f"{where}: column {twice[0]!r} is there twice; keep one")
    return ours
