"""How far a run goes: the canary, a share of the plan, or all of it.

A wave holds all operations of its contacts; every larger wave holds the smaller ones.
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from leverkit.errors import UsageError
from leverkit.planning.canary import draw
from leverkit.planning.plan import Plan

ALL, CANARY = "all", "canary"
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)%")


class Wave(msgspec.Struct, frozen=True):
    """A part of a plan: its name, as a person gives it, and the positions of its operations."""

    name: str
    positions: frozenset[int]


def wave_of(plan: Plan, name: str) -> Wave:
    """Return a plan's wave: `canary`, `N%` of the operations (the canary first), or `all`.

    Raises UsageError where the name is none of these.
    """
    if name == ALL:
        return Wave(name, frozenset(range(len(plan.operations))))
    share = _PER_CENT.fullmatch(name)
    if name != CANARY and not (share and 0 < float(share[1]) <= 100):
        raise UsageError(f"a wave is canary, a share such as 10%, or all; not {name!r}")
    contacts = set(plan.canary.contacts)
    if share:
        contacts |= _more(plan, float(share[1]) / 100 * len(plan.operations))
    return Wave(name, plan.wave_positions(contacts))


def _more(plan: Plan, wanted: float) -> set[str]:
    """Return contacts at random that together with the canary have at least `wanted` operations."""
    canary = set(plan.canary.contacts)
    sizes = Counter(op.contact for op in plan.operations if op.contact not in canary)
    return set(draw(sizes, wanted - plan.canary.operations))
