"""Lever's webhook events as types, and the ids that an event names.

Lever does not sign an event's data: an id from it tells what to read from the API, and is no fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]


class CamelStruct(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A struct decoded from Lever's camelCase JSON; unknown fields are ignored."""


class ArchiveState(CamelStruct, frozen=True):
    """When (milliseconds) and why (reason id) an opportunity is archived."""

    archived_at: int | None = None
    reason: Id | None = None


class Event(CamelStruct, frozen=True):
    """A verified delivery; `triggered_at` is in milliseconds.

    Lever signs `token` and `triggered_at` only. All ids come from the unsigned `data`, and any of them may be
    None: test deliveries have no data, and Lever documents only some fields. `odd` names the fields that had
    another form than Lever documents and are not used, as in `data.toArchived.archivedAt`.
    """

    name: str
    token: str
    triggered_at: int
    id: str | None = None
    is_test: bool = False
    odd: tuple[str, ...] = ()


class ContactCreated(Event, frozen=True):
    """A person was added."""

    contact_id: Id | None = None


class ContactUpdated(Event, frozen=True):
    """A person's data changed."""

    contact_id: Id | None = None


class OpportunityEvent(Event, frozen=True):
    """An event about one opportunity; `candidate_id` is the id of an opportunity too, never of a person."""

    opportunity_id: Id | None = None
    contact_id: Id | None = None
    candidate_id: Id | None = None


class ApplicationCreated(OpportunityEvent, frozen=True):
    """A person applied to a posting, or was added to one."""

    application_id: Id | None = None


class CandidateHired(OpportunityEvent, frozen=True):
    """An opportunity ended in a hire."""


class CandidateDeleted(OpportunityEvent, frozen=True):
    """An opportunity was deleted; reading it gives 404."""


class CandidateStageChange(OpportunityEvent, frozen=True):
    """An opportunity moved to another stage; stage ids are uuids or slugs."""

    from_stage_id: Id | None = None
    to_stage_id: Id | None = None


class CandidateArchiveChange(OpportunityEvent, frozen=True):
    """An opportunity was archived (`to_archived`) or reactivated (`to_archived` is None)."""

    from_archived: ArchiveState | None = None
    to_archived: ArchiveState | None = None


class InterviewCreated(OpportunityEvent, frozen=True):
    """An interview was scheduled."""

    interview_id: Id | None = None
    panel_id: Id | None = None


class InterviewUpdated(InterviewCreated, frozen=True):
    """An interview was changed."""


class InterviewDeleted(InterviewCreated, frozen=True):
    """An interview was deleted."""


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


USED_IDS = frozenset({"contact_id", "opportunity_id", "candidate_id"})  # of `ids_in`; others are not judged


class EventIds(msgspec.Struct, frozen=True):
    """The ids that an event names: of a contact and of an opportunity; None where it names none."""

    contact: str | None = None
    opportunity: str | None = None


def ids_in(event: Event) -> EventIds:
    """Return the ids that an event names. In older deliveries `candidateId` is the id of the opportunity."""
    if isinstance(event, OpportunityEvent):
        return EventIds(event.contact_id, event.opportunity_id or event.candidate_id)
    if isinstance(event, ContactCreated | ContactUpdated):
        return EventIds(event.contact_id)
    return EventIds()
