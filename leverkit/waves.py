"""Which part of a plan goes first: a canary that has every kind, then waves of whole contacts.

Chosen when the plan is made, so that the person who approves it sees it. A wave holds all
operations of its contacts; every larger wave holds the smaller ones.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import UsageError
from leverkit.operations import Operation

if TYPE_CHECKING:
    from leverkit.planfile import Plan

ALL, CANARY = "all", "canary"
LEAST, SHARE = 300, 0.1  # operations that a canary has at least, if they are not more than this share
FEW = 30  # people drawn below which a bound (10 % and more) says nothing
MANY = 4  # opportunities of a contact from which on their number makes no new kind
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)%")


class Canary(msgspec.Struct, frozen=True):
    """The contacts that go first, `drawn` of them at random; among them is each of `strata` kinds."""

    contacts: tuple[str, ...] = ()
    operations: int = 0
    strata: int = 0
    bound: str = ""
    drawn: int = 0


def choose(
    operations: Sequence[Operation],
    siblings: Mapping[str, int],
    traits: Mapping[str, tuple[bool, ...]] | None = None,
) -> Canary:
    """Choose contacts at random, and as few more as it takes to have every kind of operation among them.

    Kinds are each tag, added or removed, and each mixture of all the rest: action, the contact's number of
    opportunities (2, 3, 4 and more) and the traits of the opportunity (archived, confidential, never
    updated). Not the tags times the mixtures, which would be no small part of the plan.
    "At random" is by a hash of the contact, so always the same.
    """
    traits = traits or {}
    kinds: dict[str, set[object]] = defaultdict(set)
    for op in operations:
        size = min(siblings.get(op.contact, 1), MANY)
        kinds[op.contact] |= {(op.tag, op.action), (op.action, size, traits.get(op.opportunity))}
    sizes = Counter(operation.contact for operation in operations)
    drawn = _draw(sizes, min(LEAST, SHARE * len(operations)))
    chosen = _cover(kinds, drawn)
    number = sum(sizes[name] for name in chosen)
    strata = len(set[object]().union(*kinds.values()))
    bound = "it is the whole plan" if len(chosen) == len(sizes) > 0 else _bound(len(drawn))
    return Canary(tuple(sorted(chosen)), number, strata, bound, len(drawn))


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


def _draw(sizes: Mapping[str, int], wanted: float) -> list[str]:
    """Draw contacts at random until they have so many operations."""
    drawn: list[str] = []
    reached = 0
    for contact in sorted(sizes, key=_chance):
        if reached >= wanted:
            break
        drawn.append(contact)
        reached += sizes[contact]
    return drawn


def _cover(kinds: Mapping[str, set[object]], drawn: Iterable[str]) -> set[str]:
    """Add contacts greedily until every kind has one, the kinds with the least choice first."""
    holders: dict[object, list[str]] = defaultdict(list)
    for contact in sorted(kinds, key=_chance):
        for kind in kinds[contact]:
            holders[kind].append(contact)
    chosen = set(drawn)
    covered = set[object]().union(*(kinds[contact] for contact in chosen))
    for kind in sorted(holders, key=lambda kind: (len(holders[kind]), repr(kind))):
        if kind not in covered:
            best = max(holders[kind], key=lambda contact: len(kinds[contact] - covered))
            chosen.add(best)
            covered |= kinds[best]
    return chosen


def _more(plan: Plan, wanted: float) -> set[str]:
    """Return contacts, in their order by chance, that with the canary have at least so many operations."""
    sizes = Counter(operation.contact for operation in plan.operations)
    canary = set(plan.canary.contacts)
    rest = {contact: size for contact, size in sizes.items() if contact not in canary}
    return set(_draw(rest, wanted - plan.canary.operations))


def _chance(contact: str) -> bytes:
    return hashlib.sha256(contact.encode()).digest()


def _bound(drawn: int) -> str:
    """Say what a clean canary would show: by the rule of three, 0 of n drawn means less than 3/n at 95 %.

    Contacts are what was drawn, so they are what it bounds; those added for their kinds only help.
    Empty where so few were drawn that it would say nothing.
    """
    if drawn < FEW:
        return ""
    return (
        f"if it shows no anomaly, then fewer than {300 / drawn:.2g} % of the plan's people would "
        f"(95 % confidence, from {drawn} of them drawn at random)"
    )
