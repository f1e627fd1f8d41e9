"""One stored opportunity: its JSON as bytes, and the fields by which lists filter and sort.

The fields are read from the bytes and never set alone. So a page is a join of bytes, and a million
opportunities fit into memory.
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


class _Fields(msgspec.Struct, rename="camel", gc=False):
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
    """A stored opportunity. `raw` is its JSON as Lever sends it; times are milliseconds since epoch."""

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


_decode_fields = msgspec.json.Decoder(_Fields).decode


def _known(text: str | None) -> str | None:
    return None if text is None else intern(text)


def read_row(raw: bytes, ranks: Mapping[str, float], posting: str | None) -> Row:
    """Return the row of an opportunity's JSON. Raises msgspec.ValidationError for another shape."""
    fields = _decode_fields(raw)
    archived = fields.archived
    rank = ranks.get(fields.stage, 1e6)
    return Row(
        raw,
        fields.id,
        fields.contact,
        intern(fields.stage),
        (rank, -fields.last_advanced_at, fields.id),
        fields.created_at,
        fields.updated_at,
        archived.archived_at if archived else None,
        _known(archived.reason) if archived else None,
        tuple(map(intern, fields.tags)),
        tuple(map(intern, fields.sources)),
        _known(fields.origin),
        fields.confidentiality == "confidential",
        fields.snoozed_until,
        fields.is_anonymized,
        _known(fields.opportunity_location),
        fields.applications[0] if fields.applications else None,
        posting,
    )
