"""Which part of a plan goes first: a canary that has one of every kind, then waves of whole contacts.

Chosen when the plan is made, so that the person who approves it sees it. A wave holds all
operations of its contacts; every larger wave holds the smaller ones.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import UsageError
from leverkit.operations import Operation

if TYPE_CHECKING:
    from leverkit.planfile import Plan

ALL, CANARY = "all", "canary"
LEAST, SHARE = 300, 0.1  # operations that a canary has at least, if they are not more than this share
MANY = 4  # opportunities of a contact from which on their number makes no new kind
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)%")


class Canary(msgspec.Struct, frozen=True):
    """The contacts that go first; `strata` is the number of kinds of operations, of which it has each."""

    contacts: tuple[str, ...] = ()
    operations: int = 0
    strata: int = 0
    bound: str = ""


def choose(
    operations: Sequence[Operation],
    siblings: Mapping[str, int],
    traits: Mapping[str, tuple[bool, ...]] | None = None,
) -> Canary:
    """Choose contacts so that every kind of operation is among them, rare kinds first, then at random.

    A kind is tag, action, the contact's number of opportunities (2, 3, 4 and more) and the traits of the
    opportunity (archived, confidential, never updated). "At random" is by a hash, so always the same.
    """
    traits = traits or {}
    kinds: dict[str, set[object]] = defaultdict(set)
    sizes = Counter(operation.contact for operation in operations)
    for op in operations:
        size = min(siblings.get(op.contact, 1), MANY)
        kinds[op.contact].add((op.tag, op.action, size, traits.get(op.opportunity)))
    chosen = _cover(kinds)
    wanted = min(LEAST, SHARE * len(operations))
    for contact in sorted(kinds, key=_chance):
        if sum(sizes[name] for name in chosen) >= wanted:
            break
        chosen.setdefault(contact)
    number = sum(sizes[name] for name in chosen)
    strata = len(set[object]().union(*kinds.values()))
    return Canary(tuple(sorted(chosen)), number, strata, _bound(number))


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


def part(plan: Plan, wave: str) -> Plan:
    """Return the plan as if it had only this wave, with the tag counts to expect after it."""
    inside = numbers(plan, wave)
    counts = Counter(plan.tag_counts)
    for number, op in enumerate(plan.operations):
        if number not in inside and op.tag in counts:
            counts[op.tag] -= 1 if op.action == "add" else -1
    kept = tuple(op for number, op in enumerate(plan.operations) if number in inside)
    return msgspec.structs.replace(plan, operations=kept, tag_counts=dict(counts))


def _cover(kinds: Mapping[str, set[object]]) -> dict[str, None]:
    """Choose contacts greedily until every kind has one, the kinds with the least choice first."""
    holders: dict[object, list[str]] = defaultdict(list)
    for contact in sorted(kinds, key=_chance):
        for kind in kinds[contact]:
            holders[kind].append(contact)
    chosen: dict[str, None] = {}
    covered: set[object] = set()
    for kind in sorted(holders, key=lambda kind: (len(holders[kind]), repr(kind))):
        if kind not in covered:
            best = max(holders[kind], key=lambda contact: len(kinds[contact] - covered))
            chosen[best] = None
            covered |= kinds[best]
    return chosen


def _more(plan: Plan, wanted: float) -> set[str]:
    """Return contacts, in their order by chance, that with the canary have at least so many operations."""
    sizes = Counter(operation.contact for operation in plan.operations)
    contacts: set[str] = set()
    reached = plan.canary.operations
    for contact in sorted(sizes.keys() - set(plan.canary.contacts), key=_chance):
        if reached >= wanted:
            break
        contacts.add(contact)
        reached += sizes[contact]
    return contacts


def _chance(contact: str) -> bytes:
    return hashlib.sha256(contact.encode()).digest()


def _bound(number: int) -> str:
    """Say what a clean canary shows: by the rule of three, 0 in n is less than 3/n at 95 %."""
    if number < 3:
        return "too few operations to bound anything"
    return f"0 anomalies in {number} operations: fewer than {300 / number:.2g} % of all, at 95 % confidence"
