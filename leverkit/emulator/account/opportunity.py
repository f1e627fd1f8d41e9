"""One opportunity as the emulator keeps it: its JSON as bytes, and the facts that lists filter and sort by.

The bytes are the truth; the facts are read from them and never written by themselves. So a full page is
a join of bytes, and a million opportunities fit into memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

import msgspec

from leverkit.emulator.response import decode

Order = tuple[float, int, str]


class _Archived(msgspec.Struct, rename="camel", gc=False):
    archived_at: int | None = None
    reason: str | None = None


class _Facts(msgspec.Struct, rename="camel", gc=False):
    id: str
    contact: str
    stage: str
    created_at: int
    last_advanced_at: int
    tags: list[str] = []
    sources: list[str] = []
    applications: list[str] = []
    confidentiality: str = "non-confidential"
    archived: _Archived | None = None
    origin: str | None = None
    updated_at: int | None = None
    snoozed_until: int | None = None
    is_anonymized: bool = False
    opportunity_location: str | None = None


class Row(msgspec.Struct, gc=False):
    """An opportunity: `raw` is what Lever would send; times are milliseconds since epoch."""

    raw: bytes
    id: str
    contact: str
    stage: str
    order: Order
    created: int
    updated: int | None
    archived: int | None
    reason: str | None
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    origin: str | None
    confidential: bool
    snoozed: int | None
    anonymized: bool
    location: str | None
    application: str | None
    posting: str | None

    @property
    def advanced(self) -> int:
        """Return lastAdvancedAt, which the order holds negated."""
        return -self.order[1]

    def object(self) -> dict[str, Any]:
        """Return the opportunity as a new dictionary, keys in Lever's order."""
        value: dict[str, Any] = decode(self.raw)
        return value


_facts = msgspec.json.Decoder(_Facts).decode


def _known(text: str | None) -> str | None:
    return None if text is None else intern(text)


def read_row(raw: bytes, ranks: Mapping[str, float], posting: str | None) -> Row:
    """Read an opportunity's JSON into a row. Raises msgspec.ValidationError on another shape."""
    facts = _facts(raw)
    archived = facts.archived
    rank = ranks.get(facts.stage, 1e6)
    return Row(
        raw,
        facts.id,
        facts.contact,
        intern(facts.stage),
        (rank, -facts.last_advanced_at, facts.id),
        facts.created_at,
        facts.updated_at,
        archived.archived_at if archived else None,
        _known(archived.reason) if archived else None,
        tuple(map(intern, facts.tags)),
        tuple(map(intern, facts.sources)),
        _known(facts.origin),
        facts.confidentiality == "confidential",
        facts.snoozed_until,
        facts.is_anonymized,
        _known(facts.opportunity_location),
        facts.applications[0] if facts.applications else None,
        posting,
    )
