"""An opportunity as a listing shows it, which may lack what a snapshot needs, and as a row of a snapshot."""

from __future__ import annotations

import msgspec

from leverkit.api.models import Application, Opportunity

LATEST = 4_102_444_800_000  # ms since epoch: the year 2100


class Listed(Opportunity, frozen=True):
    """An opportunity of a listing; id or contact is empty where Lever sends none."""

    id: str = ""
    contact: str = ""


class Row(msgspec.Struct, frozen=True):
    """One opportunity as it is in the snapshot (times in ms since epoch), and `seq`, its page."""

    id: str
    contact: str
    tags: list[str]
    created_at: int
    updated_at: int | None
    archived_at: int | None
    archive_reason: str | None
    stage: str | None
    postings: list[str]
    origin: str | None
    sources: list[str]
    owner: str | None
    confidentiality: str
    is_anonymized: bool
    last_advanced_at: int | None
    seq: int


def row(opportunity: Opportunity, seq: int) -> Row:
    """Return an opportunity as a row; tags are a set, in the order in which they were added.

    A creation time that cannot be right (before 1970, after 2099, such as microseconds) is 0.
    """
    archived = opportunity.archived
    links = [link.posting for link in opportunity.applications if isinstance(link, Application)]
    return Row(
        id=opportunity.id,
        contact=opportunity.contact,
        tags=list(dict.fromkeys(opportunity.tags)),
        created_at=opportunity.created_at if 0 < opportunity.created_at < LATEST else 0,
        updated_at=opportunity.updated_at,
        archived_at=archived.archived_at if archived else None,
        archive_reason=archived.reason if archived else None,
        stage=opportunity.stage,
        postings=[posting for posting in dict.fromkeys(links) if posting],
        origin=opportunity.origin,
        sources=list(dict.fromkeys(opportunity.sources)),
        owner=opportunity.owner,
        confidentiality=opportunity.confidentiality,
        is_anonymized=opportunity.is_anonymized,
        last_advanced_at=opportunity.last_advanced_at,
        seq=seq,
    )
