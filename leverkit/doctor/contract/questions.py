"""The table of questions: every doubt about Lever, and how an account is asked, or why it cannot be.

`questions.tsv` has a row for each fact of `tests/emulator/facts.tsv` that Lever does not document, and for
each switch of the emulator (sections 10.1 to 10.35 are the doubts, 10.0 what was found out beside them).
Questions with one key have one answer.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Question(NamedTuple):
    """A fact or doubt. `how` is read, write, throttle or none; `note`: what it needs, or why not."""

    section: str
    question: str
    how: str
    key: str
    note: str


@cache
def questions() -> tuple[Question, ...]:
    """Return the table, in the order of the sections."""
    with Path(__file__).with_name("questions.tsv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Question(*row) for row in rows)
