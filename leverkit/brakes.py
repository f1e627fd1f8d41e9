"""How large a plan may be before a person has to say so: brakes on number, share and removals.

Checked when a plan is made and again when it is applied; each brake has its own flag, and a
tripped one names the flag, the number and the limit.
"""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from leverkit.errors import BrakeTripped

FLOOR = 10  # below this many opportunities a share says nothing


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much a plan would change; `account` is the number of its opportunities, 0 if not known."""

    operations: int
    removals: int
    touched: int
    account: int


class Brakes(msgspec.Struct, frozen=True, kw_only=True):
    """Limits; None switches one off. `max_pct` is per cent of the account's opportunities."""

    max_ops: int | None = None
    max_pct: float | None = 30.0
    max_removals: int | None = 0

    def override(
        self, *, max_ops: int | None = None, max_pct: float | None = None, max_removals: int | None = None
    ) -> Brakes:
        """Return these brakes with the given ones in their place; None keeps what is set."""
        return Brakes(
            max_ops=self.max_ops if max_ops is None else max_ops,
            max_pct=self.max_pct if max_pct is None else max_pct,
            max_removals=self.max_removals if max_removals is None else max_removals,
        )

    def check(self, size: Size, table: Path | str = "plan.csv") -> None:
        """Raise BrakeTripped naming every brake that a plan of this size trips, and where to look at it."""
        tripped = self.tripped(size)
        if tripped:
            raise BrakeTripped(f"{tripped}. Look at {table}; if it is meant, give {self.needed(size)}")

    def tripped(self, size: Size) -> str:
        """Return every brake that a plan of this size trips; empty where it trips none."""
        return "; ".join(filter(None, (self._ops(size), self._pct(size), self._removals(size))))

    def needed(self, size: Size) -> str:
        """Return the options that let a plan of this size through; empty where none is needed."""
        flags = (
            f"--max-ops {size.operations}" if self._ops(size) else "",
            f"--max-pct {math.ceil(_share(size))}" if self._pct(size) else "",
            f"--max-removals {size.removals}" if self._removals(size) else "",
        )
        return " ".join(filter(None, flags))

    def _ops(self, size: Size) -> str:
        if self.max_ops is None or size.operations <= self.max_ops:
            return ""
        return f"{size.operations} operations are more than --max-ops {self.max_ops}"

    def _pct(self, size: Size) -> str:
        if self.max_pct is None or size.account < FLOOR:
            return ""
        share = _share(size)
        if share <= self.max_pct:
            return ""
        part = f"{size.touched} of {size.account} opportunities"
        return f"{part}, {share:.1f} %, are more than --max-pct {self.max_pct:g}"

    def _removals(self, size: Size) -> str:
        if self.max_removals is None or size.removals <= self.max_removals:
            return ""
        return f"{size.removals} removals are more than --max-removals {self.max_removals}"


def _share(size: Size) -> float:
    return 100 * size.touched / size.account
