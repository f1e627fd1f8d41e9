"""Which part of a plan goes first: a canary that has every kind, then waves of whole contacts.

Chosen when the plan is made, so that the person who approves it sees it. A wave holds all
operations of its contacts; every larger wave holds the smaller ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import UsageError
from leverkit.planning.canary import _draw

if TYPE_CHECKING:
    from leverkit.planning.plan import Plan


ALL, CANARY = "all", "canary"
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)%")


def numbers(plan: Plan, wave: str) -> frozenset[int]:
    """Return the positions of a wave's operations: `canary`, `N%` of them (the canary first), or `all`.

    Raises UsageError where it is none of these.
    """
    share = _PER_CENT.fullmatch(wave)
    if wave == ALL:
        return frozenset(range(len(plan.operations)))
    if wave != CANARY and not (share and 0 < float(share[1]) <= 100):
        raise UsageError(f"a wave is canary, a share such as 10%, or all; not {wave!r}")
    contacts = set(plan.canary.contacts)
    if share:
        contacts |= _more(plan, float(share[1]) / 100 * len(plan.operations))
    return frozenset(number for number, op in enumerate(plan.operations) if op.contact in contacts)


def largest(plan: Plan, waves: Iterable[str]) -> str:
    """Return the wave with the most operations, by its name; empty where there is none."""
    return max(waves, key=lambda wave: len(numbers(plan, wave)), default="")


def part(plan: Plan, inside: Container[int]) -> Plan:
    """Return the plan as if it had only the operations at these positions, with the tag counts after them."""
    counts = Counter(plan.tag_counts)
    for number, op in enumerate(plan.operations):
        if number not in inside and op.tag in counts:
            counts[op.tag] -= 1 if op.action == "add" else -1
    kept = tuple(op for number, op in enumerate(plan.operations) if number in inside)
    return msgspec.structs.replace(plan, operations=kept, tag_counts=dict(counts))


def _more(plan: Plan, wanted: float) -> set[str]:
    """Return contacts, in their order by chance, that with the canary have at least so many operations."""
    sizes = Counter(operation.contact for operation in plan.operations)
    canary = set(plan.canary.contacts)
    rest = {contact: size for contact, size in sizes.items() if contact not in canary}
    return set(_draw(rest, wanted - plan.canary.operations))
