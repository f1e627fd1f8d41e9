"""Whom a webhook event is about, as it claims: ids to ask Lever about, no facts.

Lever does not sign an event's data, so an id from it only says where to look.
"""

from __future__ import annotations

import msgspec

from leverkit.webhook import ContactCreated, ContactUpdated, Event, OpportunityEvent


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
