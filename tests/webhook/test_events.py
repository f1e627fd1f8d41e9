"""The ids that an event names."""

from __future__ import annotations

import pytest

from leverkit.webhook.events import EVENTS, EventIds, ids_in
from leverkit.webhook.signature import sign, verify

DATA = {"opportunityId": "o", "contactId": "c"}


def ids_of(name: str, data: dict[str, object]) -> EventIds:
    body = sign(name, data, secret="s", token="t", triggered_at=1000)
    return ids_in(verify(body, secrets=["s"], now_ms=1000))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_names_the_contact_and_its_opportunity(name: str) -> None:
    expected = EventIds("c") if name.startswith("contact") else EventIds("c", "o")
    assert ids_of(name, DATA) == expected


def test_an_old_delivery_names_the_opportunity_as_candidate() -> None:
    assert ids_of("candidateHired", {"candidateId": "o"}) == EventIds(None, "o")


@pytest.mark.parametrize("name", ["candidateHired", "somethingNew"])
def test_an_event_without_ids_or_of_an_unknown_kind_names_no_id(name: str) -> None:
    assert ids_of(name, {}) == EventIds()
