"""Recognise a tag that was renamed in Lever, or merged into another: nobody removed it from anybody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

LEAST = 10  # holders: fewer may have lost the tag to people, and a missed rename does no harm
SHARE, GAINED = 0.95, 0.5  # of the old tag's holders: have the new tag now, and did not have it before


class Found(NamedTuple):
    """A tag that others removed from an opportunity, or put there; `tags` are those that it has now."""

    opportunity: str
    contact: str
    tag: str
    tags: frozenset[str]
    from_posting: bool = False


def renames(lost: Iterable[Found], gained: Iterable[Found], tag_counts: Mapping[str, int]) -> dict[str, str]:
    """Return the new name of each tag that was renamed or merged between two readings.

    `tag_counts` is the number of opportunities of each tag now.
    """
    holders: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for found in lost:
        if not tag_counts.get(found.tag):
            holders[found.tag][found.opportunity] = found.tags
    fresh: dict[str, list[str]] = defaultdict(list)
    for found in gained:
        fresh[found.opportunity].append(found.tag)
    pairs = ((old, _successor(had, fresh)) for old, had in holders.items() if len(had) >= LEAST)
    return {old: new for old, new in pairs if new}


def _successor(had: Mapping[str, frozenset[str]], fresh: Mapping[str, list[str]]) -> str:
    """Return the tag that the holders of a vanished one have in its place; empty where there is none."""
    counts = Counter(tag for opportunity in had for tag in fresh.get(opportunity, ()))
    new, number = max(counts.items(), key=lambda each: (each[1], each[0]), default=("", 0))
    have = sum(new in tags for tags in had.values())
    return new if number >= GAINED * len(had) and have >= SHARE * len(had) else ""
