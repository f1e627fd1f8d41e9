"""The figures of suggestions against the truth: precision, recall, wrong copies, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

SURE = 0.9
BINS = (0.75, 0.8, 0.85, 0.9, 0.95, 1.01)
HEADINGS = (
    *("account", "tags", "sure: right", "taggings covered", "contact: right", "95% interval", "recall"),
    *("… of taggings", "wrong copies", "taggings wrongly created", "posting tags", "ECE", "decisions"),
)


@dataclass(frozen=True)
class Judged:
    """A suggestion and the truth about its tag; `used` counts its taggings, `missing` its gaps."""

    scope: str
    confidence: float | None
    truth: str
    used: int
    missing: int

    @property
    def sure(self) -> bool:
        return self.confidence is not None and self.confidence >= SURE

    @property
    def right(self) -> bool:
        return self.scope == ("opportunity" if self.truth == "posting" else self.truth)


@dataclass(frozen=True)
class Account:
    """The judged suggestions of an account, and how many decisions it takes to decide 95 % of its gaps."""

    rows: Sequence[Judged]
    decisions: int


def heading() -> str:
    """Return the head of the table."""
    return f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}"


def line(name: str, accounts: Sequence[Account]) -> str:
    """Return a row of the table, over the accounts of a kind."""
    rows = [row for account in accounts for row in account.rows]
    sure = [row for row in rows if row.sure]
    copied = [row for row in sure if row.scope == "contact"]
    wrong = [row for row in copied if not row.right]
    persons = [row for row in rows if row.truth == "contact"]
    found = [row for row in persons if row.sure and row.right]
    figures = (
        share(sum(row.right for row in sure), len(sure)),
        share(sum(row.used for row in sure), sum(row.used for row in rows)),
        share(len(copied) - len(wrong), len(copied)),
        interval(len(copied) - len(wrong), len(copied)),
        share(len(found), len(persons)),
        share(sum(row.used for row in found), sum(row.used for row in persons)),
        f"{len(wrong) / len(accounts):.2f}",
        f"{sum(row.missing for row in wrong) / len(accounts):.1f}",
        f"{sum(row.truth == 'posting' and row.scope == 'contact' for row in rows)}",
        f"{calibration_error(rows):.3f}",
        f"{sum(account.decisions for account in accounts) / len(accounts):.0f}",
    )
    return f"| {name} | {len(rows):,} | {' | '.join(figures)} |"


def share(part: int, whole: int) -> str:
    """Return a share with three digits, or a dash if there is nothing to share."""
    return f"{part / whole:.3f}" if whole else "–"


def interval(part: int, whole: int) -> str:
    """Return Wilson's interval for a share, with a confidence of 95 %."""
    if not whole:
        return "–"
    z, p = 1.96, part / whole
    middle, half = p + z * z / (2 * whole), z * sqrt(p * (1 - p) / whole + (z / (2 * whole)) ** 2)
    low, high = ((middle + way * half) / (1 + z * z / whole) for way in (-1, 1))
    return f"{low:.2f} to {min(high, 1):.2f}"


def calibration_error(rows: Sequence[Judged]) -> float:
    """Return the expected calibration error of all suggestions that have a confidence."""
    given = [row for row in rows if row.confidence is not None]
    error = 0.0
    for low, high in pairwise(BINS):
        inside = [row for row in given if low <= (row.confidence or 0.0) < high]
        error += abs(sum(row.confidence or 0.0 for row in inside) - sum(row.right for row in inside))
    return error / max(len(given), 1)


def calibration(rows: Sequence[Judged]) -> Iterator[str]:
    """Yield a table: for each range of confidence, the share of right suggestions, without posting tags."""
    yield "| confidence | contact: tags | right | opportunity: tags | right |"
    yield "| --- | --- | --- | --- | --- |"
    for low, high in pairwise(BINS):
        cells = []
        for scope in ("contact", "opportunity"):
            inside = [row for row in rows if row.scope == scope and low <= (row.confidence or 0.0) < high]
            made = [row for row in inside if row.truth != "posting"]
            cells += [f"{len(made):,}", share(sum(row.right for row in made), len(made))]
        yield f"| {low:.2f} to {min(high, 1):.2f} | {' | '.join(cells)} |"
