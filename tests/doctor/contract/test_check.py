"""The read probes: what they send, how often they ask, and that they report nothing that is not so."""

from __future__ import annotations

import pytest
from support.contract_check import asked, parts, refuted, with_deleted

from leverkit.doctor.contract.check import read_probes, throttle_probe
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.reader import ContractReader
from leverkit.doctor.contract.sample import SLIM
from leverkit.emulator import running


@pytest.mark.parametrize("story", [True, False])
def test_an_account_that_does_as_we_believe_refutes_nothing(story: bool) -> None:
    with running(contacts=120, rate=None, story=story) as account:
        with_deleted(account)
        outcomes = asked(account)
        log = account.log()
    assert refuted(outcomes) == {}
    assert sum(outcome.verdict == "confirmed" for outcome in outcomes) > 50
    assert {entry["method"] for entry in log} == {"GET"}
    assert len(log) < 100


def test_a_refutation_that_does_not_show_again_is_none() -> None:
    with running(contacts=60, rate=None) as account:
        account.fault("status", status=404, path="/candidates", times=1)
        outcomes = {outcome.key: outcome for outcome in asked(account)}
    assert outcomes["candidates"].verdict == "not tried"
    assert outcomes["candidates"].found.startswith("once: answered with 404")


def test_accidents_of_lever_are_asked_again_and_are_no_finding() -> None:
    with running(contacts=120, rate=None) as account:
        account.fault("status", status=503, times=None, probability=0.15)
        account.fault("reset", times=None, probability=0.05)
        account.fault("html", status=502, times=None, probability=0.05)
        assert refuted(asked(account)) == {}


def test_no_more_than_the_requests_that_it_may_send_are_sent() -> None:
    with (
        running(contacts=60, rate=None) as account,
        ContractReader(ExchangeLog(20), **parts(account)) as reader,
    ):
        outcomes = read_probes(reader)
        assert len(account.log()) == 20
    assert refuted(outcomes) == {}
    assert sum(outcome.found == "no requests are left for it" for outcome in outcomes) > 30


def test_names_are_asked_for_only_to_see_the_form_of_some_objects() -> None:
    with running(contacts=120, rate=None) as account:
        asked(account)
        lists = [entry["query"] for entry in account.log() if entry["path"] == "/opportunities"]
    whole = [query for query in lists if "include=" not in query]
    assert set(whole) == {"limit=20"}
    assert not {"name", "emails", "phones", "links", "headline", "location"} & set(SLIM)


def test_a_429_is_provoked_only_on_request() -> None:
    with running(contacts=30, rate=10, burst=20, throttle_code="RateLimited", retry_after=2) as account:
        with ContractReader(ExchangeLog(), **parts(account)) as reader:
            outcomes = throttle_probe(reader)
        assert refuted(outcomes) == {"throttle_code": "RateLimited", "retry_after": 2.0}
        assert 429 in {entry["status"] for entry in account.log()}


def test_a_key_that_may_see_only_a_part_is_no_finding() -> None:
    with running(contacts=120, rate=None) as account:
        few = account.key(scopes=["opportunities:read:admin"])
        assert refuted(asked(account, key=account.restricted_key)) == {}
        assert refuted(asked(account, key=few)) == {}
