"""Operations: each adds one tag to, or removes it from, one opportunity; and how they are batched.

A batch is read, written and read again. The smaller it is, the shorter the time between reading a contact
and writing to it, in which a person might change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from sys import intern
from typing import Literal, get_args

import msgspec

from leverkit.api.rate_limit import CONTACTS, PAGE, WRITES
from leverkit.errors import Refused, UsageError
from leverkit.report.text import count
from leverkit.storage import csv_file, files
from leverkit.storage.memory import keep_texts_once

Action = Literal["add", "remove"]
ACTIONS: tuple[Action, ...] = get_args(Action)  # adds before removes: at no instant has a contact lost a tag
_ACTIONS: dict[str, Action] = {action: action for action in ACTIONS}
COLUMNS = ("contact", "opportunity", "action", "tag", "reason")
WRITTEN = ("tag", "reason")  # columns of text that people wrote


class Operation(msgspec.Struct, frozen=True, order=True, gc=False):
    """A tag to add to, or to remove from, an opportunity of a contact, and why."""

    contact: str
    opportunity: str
    action: Action
    tag: str
    reason: str = ""

    @property
    def delta(self) -> int:
        """Return by how much the operation changes its tag's count: +1 for an addition, -1 for a removal."""
        return 1 if self.action == "add" else -1

    def is_in_effect(self, tags: Collection[str]) -> bool:
        """Return True if an opportunity with these tags is as the operation wants it."""
        return (self.tag in tags) == (self.action == "add")

    def inverse(self, reason: str) -> Operation:
        """Return the operation that undoes this one."""
        action: Action = "remove" if self.action == "add" else "add"
        return Operation(self.contact, self.opportunity, action, self.tag, reason)

    def skipped(self, reason: str) -> Skipped:
        """Return the operation as a change that a plan leaves out."""
        return Skipped(self.contact, self.opportunity, self.tag, reason)


class OpportunityState(msgspec.Struct, frozen=True, gc=False):
    """The contact and the tags that an opportunity had when the plan was made."""

    contact: str
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keep_texts_once(self, "contact", "tags")


class Skipped(msgspec.Struct, frozen=True):
    """A change that the plan leaves out, and why."""

    contact: str
    opportunity: str
    tag: str
    reason: str


def write_csv(path: Path, operations: Sequence[Operation]) -> None:
    """Write plan.csv in one step: one row per operation; people's text is guarded against spreadsheets.

    Ids stay as they are, so that the file can be joined with others.
    """
    rows = (csv_cells(COLUMNS, msgspec.structs.astuple(op)) for op in operations)
    files.write_atomic(path, csv_file.render(COLUMNS, rows, csv_file.Dialect()))


def write_skipped(path: Path, skipped: Sequence[Skipped]) -> None:
    """Write skipped.csv in one step: one row per change that was left out, with the reason."""
    names = Skipped.__struct_fields__
    rows = (csv_cells(names, msgspec.structs.astuple(change)) for change in skipped)
    files.write_atomic(path, csv_file.render(names, rows, csv_file.Dialect()))


def left_out(skipped: Sequence[Skipped]) -> str:
    """Return how many changes were left out, and why."""
    words = "; ".join(f"{reason}: {number:,}" for reason, number in sorted(by_reason(skipped).items()))
    return f"{count(len(skipped), 'change')} skipped" + (f" ({words})" if words else "")


def by_reason(skipped: Iterable[Skipped]) -> dict[str, int]:
    """Return how many changes were left out for each reason, without its details."""
    return dict(Counter(change.reason.partition(" (")[0] for change in skipped))


def csv_cells(columns: Iterable[str], cells: Iterable[str]) -> list[str]:
    """Return the cells of a row: people's text guarded against spreadsheets, ids unchanged."""
    return [
        cell if _is_id(name, cell) else csv_file.guard(cell)
        for name, cell in zip(columns, cells, strict=True)
    ]


def _is_id(column: str, cell: str) -> bool:
    return column not in WRITTEN and cell[:1].isalnum()


def read_csv(path: Path) -> tuple[Operation, ...]:
    """Read plan.csv, also after a spreadsheet saved it. Raises Refused where it is not a plan's table."""
    try:
        with csv_file.table(path) as (_, _, rows):
            return tuple(sorted(map(_operation, rows)))
    except (UsageError, KeyError, msgspec.ValidationError) as error:
        raise Refused(f"{path}: not the table of a plan, make the plan again: {error}") from None


def _operation(row: csv_file.Row) -> Operation:
    """Return the operation of a row; equal texts of different rows are one in memory, as there are many."""
    cells = [(name, row.cells[name]) for name in COLUMNS]
    contact, opportunity, action, tag, reason = (
        intern(text if _is_id(name, text) else csv_file.unguard(text)) for name, text in cells
    )
    return Operation(contact, opportunity, _ACTIONS[action], tag, reason)


def deltas(operations: Iterable[Operation]) -> Counter[str]:
    """Return by how much operations change the count of each tag."""
    found = Counter[str]()
    for operation in operations:
        found[operation.tag] += operation.delta
    return found


def by_opportunity(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Return the operations of each opportunity, in their order."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        found.setdefault(operation.opportunity, []).append(operation)
    return found


def batches(operations: Sequence[Operation], siblings: Mapping[str, int]) -> Iterator[tuple[Operation, ...]]:
    """Yield sorted operations in batches of whole contacts.

    `siblings` is the number of opportunities of each contact. A batch holds at most one page of
    opportunities, unless a single contact has more.
    """
    batch: list[Operation] = []
    contacts = listed = writes = 0
    for contact, group in groupby(operations, key=lambda operation: operation.contact):
        ops = list(group)
        targets = len({op.opportunity for op in ops})
        known = max(siblings.get(contact, 0), targets)
        if batch and (contacts == CONTACTS or listed + known > PAGE or writes + targets > WRITES):
            yield tuple(batch)
            batch, contacts, listed, writes = [], 0, 0, 0
        batch += ops
        contacts, listed, writes = contacts + 1, listed + known, writes + targets
    if batch:
        yield tuple(batch)


def requests(operations: Sequence[Operation], siblings: Mapping[str, int]) -> int:
    """Return the number of requests that carry out these operations: reads before, writes, reads after."""
    total = 0
    for action in ACTIONS:
        for batch in batches([op for op in operations if op.action == action], siblings):
            listed = sum(siblings.get(contact, 1) for contact in {op.contact for op in batch})
            total += 2 * max(1, -(-listed // PAGE)) + len({op.opportunity for op in batch})
    return total
