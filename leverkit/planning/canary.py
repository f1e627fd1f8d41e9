"""Which contacts of a plan go first: some at random, and more until every kind of operation is among them.

Chosen when the plan is made, so that the person who approves it sees it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from leverkit.planning.operation import Operation

LEAST, SHARE = 300, 0.1  # operations that a canary has at least, if they are not more than this share
FEW = 30  # people drawn below which a bound (10% and more) says nothing
MANY = 4  # opportunities of a contact from which on their number makes no new kind


class Canary(msgspec.Struct, frozen=True):
    """The contacts that go first, `drawn` of them at random; they have every one of the `strata` kinds."""

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
    """Choose contacts at random, and as few more as are needed to have every kind of operation among them.

    A kind is a tag with an action, or a combination of action, the contact's number of opportunities (2, 3,
    4 and more) and the traits of the opportunity (archived, confidential, never updated). Tags are not
    combined with the rest, which would make a large part of the plan.
    The random order follows from a hash of the contact, so it is always the same.
    """
    traits = traits or {}
    kinds: dict[str, set[object]] = defaultdict(set)
    for op in operations:
        size = min(siblings.get(op.contact, 1), MANY)
        kinds[op.contact] |= {(op.tag, op.action), (op.action, size, traits.get(op.opportunity))}
    sizes = Counter(operation.contact for operation in operations)
    drawn = draw(sizes, min(LEAST, SHARE * len(operations)))
    chosen = _cover(kinds, drawn)
    number = sum(sizes[name] for name in chosen)
    strata = len(set[object]().union(*kinds.values()))
    bound = "it is the whole plan" if len(chosen) == len(sizes) > 0 else _bound(len(drawn))
    return Canary(tuple(sorted(chosen)), number, strata, bound, len(drawn))


def draw(sizes: Mapping[str, int], wanted: float) -> list[str]:
    """Return contacts in random order until they have `wanted` operations; `sizes` counts those of each."""
    drawn: list[str] = []
    reached = 0
    for contact in sorted(sizes, key=_chance):
        if reached >= wanted:
            break
        drawn.append(contact)
        reached += sizes[contact]
    return drawn


def _cover(kinds: Mapping[str, set[object]], drawn: Iterable[str]) -> set[str]:
    """Return the drawn contacts and others, chosen greedily, so that every kind has a contact."""
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


def _chance(contact: str) -> bytes:
    return hashlib.sha256(contact.encode()).digest()


def _bound(drawn: int) -> str:
    """Return what a clean canary shows: by the rule of three, 0 of n drawn means less than 3/n at 95%.

    Contacts are what was drawn, so they are what it bounds; those added for their kinds only help.
    Empty if too few were drawn for a useful bound.
    """
    if drawn < FEW:
        return ""
    return (
        f"if it shows no anomaly, then fewer than {300 / drawn:.2g}% of the plan's people would "
        f"(95% confidence, from {drawn} of them drawn at random)"
    )
