"""Brakes: limits on the size of a plan, which a person has to raise for a larger one.

They are checked when a plan is made and again when it is applied. An error names the flag of every tripped
brake, the number and the limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from leverkit.errors import BrakeTripped, UsageError
from leverkit.planning.operation import Operation
from leverkit.report.text import count

UNLIMITED = -1  # a limit that allows everything
FLOOR = 10  # opportunities, or operations of a tag, below which a share is not meaningful
GROWTH = 300.0  # per cent: the tag would be on four times as many opportunities as now


class Spread(msgspec.Struct, frozen=True):
    """How many operations a tag has, and on how many opportunities it is now, by Lever's count."""

    tag: str
    operations: int
    now: int

    @property
    def pct(self) -> float:
        """Return the operations in per cent of the opportunities with the tag."""
        return 100 * self.operations / max(self.now, 1)

    def of(self, operations: int) -> Spread:
        """Return the spread of so many operations."""
        return Spread(self.tag, operations, self.now)

    def after(self, earlier: Spread | None) -> Spread:
        """Return the spread of these operations and earlier ones, from where the tag was before them."""
        return Spread(self.tag, self.operations + earlier.operations, earlier.now) if earlier else self


def spreads(operations: Iterable[Operation], predicted: Mapping[str, int]) -> tuple[Spread, ...]:
    """Return the spread of each tag whose count afterwards is predicted."""
    deltas: dict[str, list[int]] = {tag: [] for tag in predicted}
    for op in operations:
        if op.tag in deltas:
            deltas[op.tag].append(op.delta)
    return tuple(Spread(tag, len(delta), predicted[tag] - sum(delta)) for tag, delta in deltas.items())


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much a plan would change; `account` is the number of its opportunities, 0 if not known."""

    operations: int
    removals: int
    touched: int
    account: int
    tags: tuple[Spread, ...] = ()

    def plus(self, earlier: Size) -> Size:
        """Return how much both change; an opportunity that both touch counts twice."""
        before = {spread.tag: spread for spread in earlier.tags}
        both = {spread.tag: spread.after(before.pop(spread.tag, None)) for spread in self.tags}
        return Size(
            operations=self.operations + earlier.operations,
            removals=self.removals + earlier.removals,
            touched=self.touched + earlier.touched,
            account=self.account or earlier.account,
            tags=(*both.values(), *before.values()),
        )


class Brakes(msgspec.Struct, frozen=True, kw_only=True):
    """The limits; None and `UNLIMITED` (-1) switch a limit off, 0 allows none.

    `max_pct` is per cent of the account's opportunities, `max_tag_pct` of those that have the tag now.
    """

    max_ops: int | None = None
    max_pct: float | None = 30.0
    max_tag_pct: float | None = GROWTH
    max_removals: int | None = 0

    def __post_init__(self) -> None:
        """Raise UsageError for a limit below 0 that is not `UNLIMITED`, and for NaN: nothing exceeds it."""
        for name, limit in msgspec.structs.asdict(self).items():
            if limit is not None and not limit >= 0 and limit != UNLIMITED:
                raise UsageError(f"{name} must be -1 (no limit), 0 (none) or more, not {limit:g}")

    def override(self, given: Brakes) -> Brakes:
        """Return these brakes with the given limits in their place; a limit of None keeps what is set."""
        limits = msgspec.structs.asdict(given)
        return msgspec.structs.replace(
            self, **{name: limits[name] for name in limits if limits[name] is not None}
        )

    def within(self, limits: Mapping[str, float]) -> Brakes:
        """Return these brakes, narrowed to given limits where those allow less."""
        now = msgspec.structs.asdict(self)
        narrower = {
            name: limit for name, limit in limits.items() if name in now and exceeds_limit(now[name], limit)
        }
        return msgspec.structs.replace(self, **narrower)

    def check(self, size: Size, table: Path | str = "plan.csv") -> None:
        """Raise BrakeTripped naming every brake that a plan of this size trips, and where to look at it."""
        tripped = self.tripped(size)
        if tripped:
            raise BrakeTripped(f"{tripped}. Look at {table}; if this is intended, give {self.needed(size)}")

    def tripped(self, size: Size) -> str:
        """Return every brake that a plan of this size trips; empty where it trips none."""
        found = (self._ops(size), self._pct(size), self._tags(size), self._removals(size))
        return "; ".join(filter(None, found))

    def needed(self, size: Size) -> str:
        """Return the options that let a plan of this size through; empty where none is needed."""
        return self.raised(size).options(self)

    def raised(self, size: Size) -> Brakes:
        """Return these brakes, raised where that is needed to let a plan of this size through."""
        return msgspec.structs.replace(
            self,
            max_ops=size.operations if self._ops(size) else self.max_ops,
            max_pct=math.ceil(_share(size)) if self._pct(size) else self.max_pct,
            max_tag_pct=math.ceil(self._spread(size)[0].pct) if self._spread(size) else self.max_tag_pct,
            max_removals=size.removals if self._removals(size) else self.max_removals,
        )

    def options(self, usual: Brakes) -> str:
        """Return the options of a command that give these limits, where they are not the usual ones."""
        limits, known = msgspec.structs.asdict(self), msgspec.structs.asdict(usual)
        flags = (
            f"--{name.replace('_', '-')} {limit:g}"
            if isinstance(limit, float)
            else f"--{name.replace('_', '-')} {limit}"
            for name, limit in limits.items()
            if limit != known[name] and limit is not None
        )
        return " ".join(flags)

    def _ops(self, size: Size) -> str:
        if not exceeds(size.operations, self.max_ops):
            return ""
        none = "" if self.max_ops else " (0 allows none; -1 is no limit)"
        return f"{count(size.operations, 'operation')}: more than --max-ops {self.max_ops}{none}"

    def _pct(self, size: Size) -> str:
        share = _share(size) if size.account >= FLOOR else 0.0
        if self.max_pct is None or not exceeds(share, self.max_pct):
            return ""
        part = f"{size.touched:,} of {count(size.account, 'opportunity', 'opportunities')}"
        return f"{part}, {share:.1f}%: more than --max-pct {self.max_pct:g}"

    def _spread(self, size: Size) -> list[Spread]:
        """Return the tags that a plan spreads further than allowed, the worst first."""
        large = [
            spread
            for spread in size.tags
            if spread.operations >= FLOOR and exceeds(spread.pct, self.max_tag_pct)
        ]
        return sorted(large, key=lambda spread: (-spread.pct, spread.tag))

    def _tags(self, size: Size) -> str:
        beyond = self._spread(size)
        if not beyond:
            return ""
        assert self.max_tag_pct is not None
        worst, others = beyond[0], len(beyond) - 1
        more = f" (and so for {count(others, 'more tag')})" if others else ""
        operations = count(worst.operations, "operation")
        return (
            f"{operations} of tag {worst.tag!r}, which is on {worst.now} now{more}, "
            f"{worst.pct:.0f}%: more than --max-tag-pct {self.max_tag_pct:g}"
        )

    def _removals(self, size: Size) -> str:
        if not exceeds(size.removals, self.max_removals):
            return ""
        return f"{count(size.removals, 'removal')}: more than --max-removals {self.max_removals}"


def exceeds(value: float, limit: float | None) -> bool:
    """Return True if a value is above a limit; None and `UNLIMITED` are no limits."""
    return not is_unlimited(limit) and limit is not None and value > limit


def exceeds_limit(limit: float | None, other: float) -> bool:
    """Return True if a limit allows more than another one."""
    return not is_unlimited(other) and (is_unlimited(limit) or exceeds(limit or 0, other))


def is_unlimited(limit: float | None) -> bool:
    """Return True for a limit that allows everything."""
    return limit is None or limit == UNLIMITED


OFF = Brakes(max_pct=None, max_tag_pct=None, max_removals=None)


def _share(size: Size) -> float:
    return 100 * size.touched / size.account
