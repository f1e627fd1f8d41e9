"""Section 8 of the reference: managing webhooks, and signed deliveries."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, served, some
from support.emulator_webhooks import receiver, subscribe

from leverkit.emulator import Running
from leverkit.emulator.http.deliveries import AT_ONCE, signature


def test_the_signature_is_the_one_of_the_reference() -> None:
    """9.4: 8.2, its test vector"""
    key, token = "0123456789abcdef" * 3, "be58f711f349c7780e4579cd7c63341ac6f881e4dccc3154"
    expected = "65f4216d1725a5c4cadf3eb52db61cf370ffc1fd2e1b4ee6e2dc40d32ffb1d7d"
    assert signature(key, token, 1431454330072) == expected


def test_the_token_is_shown_once_and_hooks_belong_to_their_key(account: Running, lever: httpx.Client) -> None:
    """2, 8.1"""
    made = subscribe(lever, "https://example.com/hook", "candidateHired")
    assert len(made["configuration"]["signatureToken"]) == 48
    assert len(made["configuration"]["conditions"]["origins"]) == 6
    listed = lever.get("/webhooks").json()
    assert (list(listed), "signatureToken" in listed["data"][0]["configuration"]) == (["data"], False)
    with client(account, account.key()) as other:
        assert other.get("/webhooks").json() == {"data": []}
    subscribe(lever, "https://example.com/hook", "candidateHired")
    assert len(lever.get("/webhooks").json()["data"]) == 2


def test_hooks_are_updated_in_bulk_and_deleted(lever: httpx.Client) -> None:
    """8.1"""
    made = subscribe(lever, "https://example.com/hook", "candidateHired")
    change = {"data": [{"id": made["id"], "url": "https://example.com/other"}]}
    assert lever.put("/webhooks/", json=change).json()["data"][0]["url"] == "https://example.com/other"
    gone = lever.delete(f"/webhooks/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert lever.delete(f"/webhooks/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"url": "x", "event": "candidateHired"}, {"url": "https://x", "event": "tagAdded"}]
)
def test_what_is_no_webhook_is_refused(lever: httpx.Client, body: dict[str, Any]) -> None:
    assert lever.post("/webhooks", json=body).status_code == 400


def test_a_stage_change_is_delivered_signed_with_the_contact(account: Running, lever: httpx.Client) -> None:
    """8.2, 8.3"""
    with receiver() as held:
        made, opportunity = subscribe(lever, held.url, "candidateStageChange"), some(lever)
        lever.put(f"/opportunities/{opportunity['id']}/stage", json={"stage": "offer"})
        headers, body = held.got.get(timeout=10)
    expected = {
        "opportunityId": opportunity["id"],
        "candidateId": opportunity["id"],
        "contactId": opportunity["contact"],
    }
    assert body["data"] == {**expected, "toStageId": "offer", "fromStageId": opportunity["stage"]}
    assert headers["User-Agent"] == "Lever-Webhooks"
    key = made["configuration"]["signatureToken"]
    assert body["signature"] == signature(key, body["token"], body["triggeredAt"])


def test_archiving_hiring_and_deleting_are_events_and_tagging_is_none(
    account: Running, lever: httpx.Client
) -> None:
    """9.3, 8.1, 8.3"""
    with receiver() as held:
        for event in ("candidateArchiveChange", "candidateHired", "candidateDeleted"):
            subscribe(lever, held.url, event)
        opportunity = next(
            item for item in lever.get("/opportunities").json()["data"] if not item["archived"]
        )
        lever.post(f"/opportunities/{opportunity['id']}/addTags", json={"tags": ["x"]})
        lever.put(
            f"/opportunities/{opportunity['id']}/archived",
            json={"reason": lever.get("/archive_reasons").json()["data"][0]["id"]},
        )
        account.delete(opportunity["id"])
        got = {body["event"]: body["data"] for _, body in (held.got.get(timeout=10) for _ in range(3))}
    assert got["candidateArchiveChange"]["fromArchived"] is None
    assert set(got["candidateArchiveChange"]["toArchived"]) == {"reason", "archivedAt"}
    assert (
        got["candidateHired"]["opportunityId"]
        == got["candidateDeleted"]["opportunityId"]
        == opportunity["id"]
    )


def test_origins_decide_and_creation_is_an_event(lever: httpx.Client) -> None:
    """8.1, 8.3"""
    user, posting = (lever.get(path).json()["data"][0]["id"] for path in ("/users", "/postings"))
    with receiver() as held:
        conditions = {"origins": ["agency"]}
        subscribe(lever, held.url, "applicationCreated", conditions=conditions)
        subscribe(lever, held.url, "contactCreated")
        for origin in ("referred", "agency"):
            body = {"name": "N", "postings": [posting], "origin": origin}
            lever.post("/opportunities", json=body, params={"perform_as": user})
        got = sorted(held.got.get(timeout=10)[1]["event"] for _ in range(3))
        assert held.got.empty()
    assert got == ["applicationCreated", "contactCreated", "contactCreated"]


def test_a_failed_delivery_is_tried_again_and_can_be_run_again(account: Running, lever: httpx.Client) -> None:
    """8.2"""
    account.configure(webhook_wait_s=0.001)
    with receiver(500, 301) as held:
        subscribe(lever, held.url, "contactUpdated")
        lever.put(f"/contacts/{some(lever)['contact']}", json={"headline": "H"})
        bodies = [held.got.get(timeout=10)[1] for _ in range(3)]
        control = account.base_url.removesuffix("/v1") + "/_emulator"
        delivery = lever.get(f"{control}/deliveries").json()["data"][0]
        assert lever.post(f"{control}/deliveries/rerun", json={"id": delivery["id"]}).json()["data"]["sent"]
        bodies.append(held.got.get(timeout=10)[1])
    assert bodies == [bodies[0]] * 4
    assert [attempt["outcome"] for attempt in delivery["attempts"]][:2] == [500, 301]


def test_verifying_a_connection_sends_an_empty_signed_event(lever: httpx.Client) -> None:
    """8.1, 8.2"""
    with receiver() as held:
        subscribe(lever, held.url, "candidateHired", verifyConnection=True)
        body = held.got.get(timeout=10)[1]
    assert (body["data"], len(body["signature"])) == ({}, 64)


def test_deliveries_can_be_unsigned_bare_ordered_and_doubled() -> None:
    """Section 10, rows 28 to 30"""
    switches = {
        "webhook_signed": False,
        "webhook_id": False,
        "webhook_fields": "attested",
        "webhook_ordered": True,
    }
    with (
        served(webhook_duplicate_share=1.0, webhook_nested=True, **switches) as (_, lever),
        receiver() as held,
    ):
        body = {"url": held.url, "event": "candidateStageChange"}
        assert "signatureToken" in lever.post("/webhooks", json=body).json()["data"]["data"]["configuration"]
        lever.put(f"/opportunities/{some(lever)['id']}/stage", json={"stage": "offer"})
        first, second = (held.got.get(timeout=10)[1] for _ in range(2))
    assert first == second
    assert set(first) == {"event", "triggeredAt", "token", "data"}


def test_nothing_is_delivered_beyond_this_computer_unless_switched(
    account: Running, lever: httpx.Client
) -> None:
    account.configure(webhook_retries=0)
    subscribe(lever, "https://example.com/hook", "contactUpdated")
    lever.put(f"/contacts/{some(lever)['contact']}", json={"headline": "H"})
    lever.get("/tags")
    (delivery,) = account.deliveries()
    assert "not on this computer" in delivery["attempts"][0]["outcome"]


def test_interviews_are_events_whether_made_alone_or_with_a_panel(lever: httpx.Client) -> None:
    """8.1, 8.3"""
    path, user = f"/opportunities/{some(lever)['id']}", lever.get("/users").json()["data"][0]["id"]
    with receiver() as held:
        for event in ("interviewCreated", "interviewUpdated", "interviewDeleted"):
            subscribe(lever, held.url, event)
        given = {"subject": "S", "date": 1, "duration": 30, "interviewers": [{"id": user}]}
        panel = lever.post(f"{path}/panels", json={"timezone": "UTC", "interviews": [given]}).json()["data"]
        alone = lever.post(f"{path}/interviews", json={**given, "panel": panel["id"]}).json()["data"]
        lever.put(f"{path}/interviews/{alone['id']}", json={**given, "subject": "T"})
        lever.delete(f"{path}/interviews/{alone['id']}")
        got = [held.got.get(timeout=10)[1] for _ in range(4)]
    found = {(item["event"], item["data"]["interviewId"]) for item in got}
    (first,) = panel["interviews"]
    changes = {(f"interview{what}", alone["id"]) for what in ("Created", "Updated", "Deleted")}
    assert found == {("interviewCreated", first["id"]), *changes}
    assert {item["data"]["opportunityId"] for item in got} == {path.rpartition("/")[2]}


@contextmanager
def silence() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield f"http://127.0.0.1:{held.getsockname()[1]}/hook"


def settled(account: Running, attempts: int) -> list[Any]:
    """Wait until the only delivery was tried so often; returns how each try ended."""
    for _ in range(2000):
        (delivery,) = account.deliveries()
        if len(delivery["attempts"]) == attempts:
            break
        time.sleep(0.005)
    return [attempt["outcome"] for attempt in delivery["attempts"]]


def test_a_receiver_that_hangs_is_left_alone_after_the_retries(account: Running, lever: httpx.Client) -> None:
    """8.2: five more tries"""
    account.configure(webhook_timeout_s=0.05, webhook_wait_s=0.001)
    with silence() as url:
        subscribe(lever, url, "contactUpdated")
        lever.put(f"/contacts/{some(lever)['contact']}", json={"headline": "H"})
        assert settled(account, 6) == ["TimeoutError"] * 6
        assert account.deliveries()[0]["delivered"] is False


def test_a_receiver_that_hangs_holds_up_neither_the_api_nor_the_others(
    account: Running, lever: httpx.Client
) -> None:
    with silence() as url, receiver() as held:
        for address in (url, held.url):
            subscribe(lever, address, "candidateStageChange")
        for opportunity in lever.get("/opportunities", params={"limit": 20}).json()["data"]:
            assert (
                lever.put(f"/opportunities/{opportunity['id']}/stage", json={"stage": "offer"}).status_code
                == 200
            )
            assert held.got.get(timeout=10)[1]["data"]["opportunityId"] == opportunity["id"]
    assert sum(delivery["delivered"] for delivery in account.deliveries()) >= 19


def test_no_more_than_fifty_deliveries_are_under_way_at_once(account: Running, lever: httpx.Client) -> None:
    account.configure(webhook_timeout_s=5.0, webhook_retries=0)
    with silence() as url:
        subscribe(lever, url, "contactUpdated")
        contact = some(lever)["contact"]
        for number in range(AT_ONCE + 20):
            lever.put(f"/contacts/{contact}", json={"headline": str(number)})
        assert len(account.deliveries()) == AT_ONCE + 20
        control = account.base_url.removesuffix("/v1") + "/_emulator"
        assert lever.get(control).json()["data"]["deliveries_under_way"] == AT_ONCE


def test_a_redirect_is_not_followed(account: Running, lever: httpx.Client) -> None:
    """8.2: 3xx fails"""
    account.configure(webhook_retries=0)
    with receiver(302) as held:
        subscribe(lever, held.url, "contactUpdated")
        lever.put(f"/contacts/{some(lever)['contact']}", json={"headline": "H"})
        held.got.get(timeout=10)
        assert settled(account, 1) == [302]
        assert held.got.empty()
