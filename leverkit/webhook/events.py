"""Whom a webhook event is about, as it claims: ids to ask Lever about, no facts.

Lever does not sign an event's data, so an id from it only says where to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value decoded from Lever's camelCase JSON; unknown fields are ignored."""


class ArchiveState(_Value, frozen=True):
    """When (milliseconds) and why (reason id) an opportunity is archived."""

    archived_at: int | None = None
    reason: Id | None = None


class Event(_Value, frozen=True):
    """A verified delivery; `triggered_at` is in milliseconds.

    The signature vouches for `token` and `triggered_at` alone. Ids come from the unsigned `data`; each may be
    None, since test deliveries have no data and Lever documents only some fields.
    """

    name: str
    token: str
    triggered_at: int
    id: str | None = None
    is_test: bool = False


class ContactCreated(Event, frozen=True):
    """A person was added."""

    contact_id: Id | None = None


class ContactUpdated(Event, frozen=True):
    """A person's data changed."""

    contact_id: Id | None = None


class OpportunityEvent(Event, frozen=True):
    """An event about one opportunity; `candidate_id` is an opportunity's id too, never a person's."""

    opportunity_id: Id | None = None
    contact_id: Id | None = None
    candidate_id: Id | None = None


class ApplicationCreated(OpportunityEvent, frozen=True):
    """A person applied to a posting, or was added to one."""

    application_id: Id | None = None


class CandidateHired(OpportunityEvent, frozen=True):
    """An opportunity ended in a hire."""


class CandidateDeleted(OpportunityEvent, frozen=True):
    """An opportunity was deleted; reading it will fail."""


class CandidateStageChange(OpportunityEvent, frozen=True):
    """An opportunity moved to another stage; stage ids are uuids or slugs."""

    from_stage_id: Id | None = None
    to_stage_id: Id | None = None


class CandidateArchiveChange(OpportunityEvent, frozen=True):
    """An opportunity was archived (`to_archived`), or taken back (`to_archived` is None)."""

    from_archived: ArchiveState | None = None
    to_archived: ArchiveState | None = None


class InterviewCreated(OpportunityEvent, frozen=True):
    """An interview was scheduled."""

    interview_id: Id | None = None
    panel_id: Id | None = None


class InterviewUpdated(InterviewCreated, frozen=True):
    """An interview was changed."""


class InterviewDeleted(InterviewCreated, frozen=True):
    """An interview was taken away."""


EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        "applicationCreated": ApplicationCreated,
        "candidateHired": CandidateHired,
        "candidateStageChange": CandidateStageChange,
        "candidateArchiveChange": CandidateArchiveChange,
        "candidateDeleted": CandidateDeleted,
        "interviewCreated": InterviewCreated,
        "interviewUpdated": InterviewUpdated,
        "interviewDeleted": InterviewDeleted,
        "contactCreated": ContactCreated,
        "contactUpdated": ContactUpdated,
    }
)


class Subject(msgspec.Struct, frozen=True):
    """A contact's and an opportunity's id; None where the event does not say."""

    contact: str | None = None
    opportunity: str | None = None


def subject(event: Event) -> Subject:
    """Return the ids that an event names. `candidateId` is an opportunity's id in older deliveries."""
    if isinstance(event, OpportunityEvent):
        return Subject(event.contact_id, event.opportunity_id or event.candidate_id)
    if isinstance(event, ContactCreated | ContactUpdated):
        return Subject(event.contact_id)
    return Subject()
