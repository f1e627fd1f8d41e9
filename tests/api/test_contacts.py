"""Contacts are read whole, and what their listing lacks by id."""

from __future__ import annotations

import pytest
from support.clients import reader

from leverkit.api.contacts import read_contacts
from leverkit.api.rate_limit import CONTACTS
from leverkit.emulator import running
from leverkit.errors import ApiError

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_contacts_are_read_whole_in_few_requests_and_progress_is_reported() -> None:
    seen: list[int] = []
    with running(contacts=80, rate=None) as account, reader(account) as lever:
        contacts = sorted(set(account.state()["contacts"].values()))
        found = read_contacts(lever, contacts, seen=seen.append)
        assert sorted(found) == sorted(account.state()["opportunities"])
    assert seen == [CONTACTS, len(contacts)]


def test_an_opportunity_that_is_not_of_these_contacts_is_read_by_id() -> None:
    with running(contacts=20, rate=None) as account, reader(account) as lever:
        owners = account.state()["contacts"]
        stray, owner = next(iter(owners.items()))
        others = sorted(set(owners.values()) - {owner})
        found = read_contacts(lever, others, opportunities=[stray, UNKNOWN])
        assert found[stray].contact == owner
        assert UNKNOWN not in found


def test_an_id_refused_as_malformed_is_an_error_unless_it_is_skipped() -> None:
    with running(contacts=3, rate=None) as account, reader(account) as lever:
        account.fault("status", path=f"/opportunities/{UNKNOWN}", status=400, times=None)
        with pytest.raises(ApiError) as caught:
            read_contacts(lever, [], opportunities=[UNKNOWN])
        assert caught.value.status == 400
        assert read_contacts(lever, [], opportunities=[UNKNOWN], skip_malformed=True) == {}
