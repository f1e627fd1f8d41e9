"""Whom an event is about, as it claims."""

from __future__ import annotations

import pytest

from leverkit.webhook.events import EVENTS, Subject, subject
from leverkit.webhook.signature import sign, verify

DATA = {"opportunityId": "o", "contactId": "c"}


def event(name: str, data: dict[str, object]) -> Subject:
    body = sign(name, data, secret="s", token="t", triggered_at=1000)
    return subject(verify(body, secrets=["s"], now_ms=1000))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_says_whom_it_is_about(name: str) -> None:
    expected = Subject("c") if name.startswith("contact") else Subject("c", "o")
    assert event(name, DATA) == expected


def test_an_old_delivery_names_the_opportunity_as_candidate() -> None:
    assert event("candidateHired", {"candidateId": "o"}) == Subject(None, "o")


@pytest.mark.parametrize("name", ["candidateHired", "somethingNew"])
def test_an_event_without_ids_or_of_an_unknown_kind_names_nobody(name: str) -> None:
    assert event(name, {}) == Subject()
