"""Which opportunities get a planned tag: a text for each tag, as leverkit.policy.matching reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from leverkit.policy.matching import matches, postings_in


def gets(matching: Mapping[str, str], tag: str, *, archived: bool, postings: Collection[str]) -> bool:
    """Return True if an opportunity with these postings (ids) gets a tag; a tag without a text is for all."""
    return matches(matching.get(tag, ""), archived=archived, postings=postings)


def needed_to_match(matching: Iterable[str]) -> dict[str, Any]:
    """Return the parameters with which Lever shows of opportunities what these texts ask for."""
    return {"expand": "applications"} if any(map(postings_in, matching)) else {}
