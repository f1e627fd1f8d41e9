"""Section 8 of the reference: managing webhooks, their deliveries, and what each event carries."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.emulator_accounts import some, walk
from support.emulator_requests import UUID, active, create, first, reason, write
from support.emulator_webhooks import ELSEWHERE, receiver, sent, subscribe

from leverkit.emulator import Running
from leverkit.emulator.account.events import EVENTS
from leverkit.emulator.http.deliveries import signature

ORIGINS = ["applied", "sourced", "referred", "university", "internal", "agency"]
CONDITIONAL = {"applicationCreated", "candidateArchiveChange", "candidateHired", "candidateStageChange"}


@pytest.fixture
def hooked(account: Running, lever: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return a webhook for every event; deliveries are kept and go nowhere."""
    account.configure(webhook_retries=0)
    return {event: subscribe(lever, ELSEWHERE, event) for event in EVENTS}


# 8.1


def test_there_are_ten_events_and_no_others(lever: httpx.Client) -> None:
    """8.1"""
    assert len(EVENTS) == 10
    for event in EVENTS:
        assert lever.post("/webhooks", json={"url": ELSEWHERE, "event": event}).status_code == 201
    for event in ("tagAdded", "opportunityUpdated", "opportunityCreated", "contactMerged", "contactDeleted"):
        assert lever.post("/webhooks", json={"url": ELSEWHERE, "event": event}).status_code == 400


def test_a_created_webhook_shows_its_token_once_and_six_origins(lever: httpx.Client) -> None:
    """8.1, row 30"""
    body = lever.post("/webhooks", json={"url": ELSEWHERE, "event": "candidateHired"}).json()
    made = body["data"]
    assert (list(body), list(made)) == (
        ["data"],
        ["id", "event", "url", "configuration", "createdAt", "updatedAt"],
    )
    assert list(made["configuration"]) == ["conditions", "signatureToken"]
    assert made["configuration"]["conditions"] == {"origins": ORIGINS}
    assert re.fullmatch("[0-9a-f]{48}", made["configuration"]["signatureToken"])
    (listed,) = lever.get("/webhooks").json()["data"]
    assert listed == {**made, "configuration": {"conditions": {"origins": ORIGINS}}}


def test_each_webhook_has_a_token_of_its_own_even_for_the_same_address(lever: httpx.Client) -> None:
    """8.1"""
    made = [subscribe(lever, ELSEWHERE, "candidateHired") for _ in range(3)]
    assert len({item["configuration"]["signatureToken"] for item in made}) == 3
    assert len(lever.get("/webhooks").json()["data"]) == 3


@pytest.mark.parametrize("event", EVENTS)
def test_only_four_events_have_conditions(lever: httpx.Client, event: str) -> None:
    """8.1"""
    made = subscribe(lever, ELSEWHERE, event, conditions={"origins": ["agency"]})
    expected = {"conditions": {"origins": ["agency"]}} if event in CONDITIONAL else {}
    assert lever.get("/webhooks").json()["data"][0]["configuration"] == expected
    assert set(made["configuration"]) == {*expected, "signatureToken"}


@pytest.mark.parametrize(("origin", "number"), [("referred", 0), ("agency", 1)])
def test_conditions_hold_deliveries_back_by_origin(
    account: Running, lever: httpx.Client, origin: str, number: int
) -> None:
    """8.1"""
    subscribe(lever, ELSEWHERE, "candidateStageChange", conditions={"origins": ["agency"]})
    made = create(lever, origin=origin).json()["data"]["id"]
    write(lever, made, "stage", stage="offer")
    assert len(sent(account)) == number


def test_webhooks_are_updated_several_at_once(lever: httpx.Client) -> None:
    """8.1"""
    hooks = [subscribe(lever, ELSEWHERE, "candidateHired") for _ in range(2)]
    conditions = {"conditions": {"origins": ["applied"]}}
    changes = [
        {"id": hooks[0]["id"], "event": "contactUpdated"},
        {"id": hooks[1]["id"], "configuration": conditions},
    ]
    answer = lever.put("/webhooks/", json={"data": changes})
    assert (answer.status_code, list(answer.json())) == (200, ["data"])
    first_one, second = answer.json()["data"]
    assert (first_one["event"], second["configuration"]) == ("contactUpdated", conditions)
    assert second["updatedAt"] > hooks[1]["updatedAt"]
    assert lever.get("/webhooks").json()["data"] == [first_one, second]


def test_an_update_can_verify_the_connection(account: Running, lever: httpx.Client) -> None:
    """8.1, 8.2"""
    made = subscribe(lever, ELSEWHERE, "candidateHired")
    change = {"id": made["id"], "configuration": {"verifyConnection": True}}
    shown = lever.put("/webhooks", json={"data": [change]}).json()["data"][0]
    assert "verifyConnection" not in shown["configuration"]
    (body,) = sent(account)
    assert (body["event"], body["data"]) == ("candidateHired", {})
    token = made["configuration"]["signatureToken"]
    assert body["signature"] == signature(token, body["token"], body["triggeredAt"])


def test_nothing_is_sent_while_the_event_groups_are_off(account: Running, lever: httpx.Client) -> None:
    """8.1"""
    subscribe(lever, ELSEWHERE, "candidateStageChange")
    for on, number in ((False, 0), (True, 1)):
        account.configure(webhooks_on=on)
        write(lever, some(lever)["id"], "stage", stage="offer")
        assert len(sent(account)) == number


def test_tags_updates_merges_anonymity_and_creation_without_posting_are_no_events(
    account: Running, lever: httpx.Client, hooked: dict[str, dict[str, Any]]
) -> None:
    """8.1"""
    found = [item for item in walk(lever, "/opportunities", archived="true") if item["emails"]]
    opportunity = next(item for item in found if item["archived"]["reason"] != reason(lever, "hired"))
    other = next(
        item["contact"] for item in walk(lever, "/opportunities") if item["contact"] != opportunity["contact"]
    )
    for verb in ("addTags", "removeTags", "addSources", "removeSources", "notes"):
        write(lever, opportunity["id"], verb)
    assert create(lever, contact=opportunity["contact"]).status_code == 201
    account.merge(other, opportunity["contact"])
    account.anonymize(opportunity["id"])
    assert sent(account) == []


# 8.2


@pytest.mark.parametrize(
    "url", ["http://example.com/hook", "ftp://example.com", "https://", "example.com", ""]
)
def test_only_https_addresses_are_taken_except_on_this_computer(lever: httpx.Client, url: str) -> None:
    """8.2"""
    assert lever.post("/webhooks", json={"url": url, "event": "candidateHired"}).status_code == 400
    local = {"url": "http://127.0.0.1:1/hook", "event": "candidateHired"}
    assert lever.post("/webhooks", json=local).status_code == 201


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_that_signs_itself_is_refused(
    account: Running, lever: httpx.Client, tmp_path: Path
) -> None:
    """8.2"""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True, timeout=60
    )
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    account.configure(webhook_retries=0)
    try:
        subscribe(lever, f"https://localhost:{server.server_port}/", "candidateStageChange")
        write(lever, some(lever)["id"], "stage", stage="offer")
        outcome = ""
        while not outcome:
            outcome = str([delivery["outcome"] for delivery in account.deliveries()[0]["attempts"]] or "")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "CERTIFICATE_VERIFY_FAILED" in outcome


def test_a_delivery_is_a_json_post_with_the_signature_in_its_body(lever: httpx.Client) -> None:
    """8.2, row 28"""
    with receiver() as held:
        made = subscribe(lever, held.url, "candidateStageChange")
        write(lever, some(lever)["id"], "stage", stage="offer")
        headers, body = held.got.get(timeout=10)
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "Lever-Webhooks")
    assert not [name for name in headers if "sign" in name.lower()]
    assert set(body) == {"id", "event", "triggeredAt", "token", "signature", "data"}
    assert re.fullmatch(UUID, body["id"])
    assert type(body["triggeredAt"]) is int
    assert 10**12 < body["triggeredAt"] < 10**13
    assert re.fullmatch("[0-9a-f]{64}", body["signature"])
    assert len(body["token"]) == 48
    key = made["configuration"]["signatureToken"]
    assert body["signature"] == signature(key, body["token"], body["triggeredAt"])


def test_a_webhook_without_a_signing_token_sends_no_signature(
    account: Running, hooked: dict[str, dict[str, Any]]
) -> None:
    """8.2, row 29"""
    account.configure(webhook_signed=False)
    account.create(name="N")
    assert [set(body) for body in sent(account)] == [{"id", "event", "triggeredAt", "token", "data"}]


@pytest.mark.parametrize(("status", "tries"), [(200, 1), (204, 1), (299, 1), (301, 2), (404, 2), (500, 2)])
def test_any_2xx_is_a_success_and_nothing_else(
    account: Running, lever: httpx.Client, status: int, tries: int
) -> None:
    """8.2"""
    account.configure(webhook_wait_s=0.001)
    with receiver(status) as held:
        subscribe(lever, held.url, "candidateStageChange")
        write(lever, some(lever)["id"], "stage", stage="offer")
        for _ in range(tries):
            held.got.get(timeout=10)
        delivery = settled(account)
        assert held.got.empty()
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == [status, 200][:tries]


def settled(account: Running) -> dict[str, Any]:
    """Return the one delivery when it has been received."""
    while True:
        (delivery,) = account.deliveries()
        if delivery["delivered"]:
            return delivery


def test_a_delivery_is_tried_five_times_more_with_growing_waits(
    account: Running, lever: httpx.Client
) -> None:
    """8.2, row 29"""
    assert account.account.config.webhook_retries == 5
    account.configure(webhook_wait_s=0.02)
    with receiver(*[500] * 9) as held:
        subscribe(lever, held.url, "candidateStageChange")
        write(lever, some(lever)["id"], "stage", stage="offer")
        for _ in range(6):
            held.got.get(timeout=10)
        while len(account.deliveries()[0]["attempts"]) < 6:
            time.sleep(0.01)
        (delivery,) = account.deliveries()
    assert not delivery["delivered"]
    at = [attempt["at"] for attempt in delivery["attempts"]]
    waits = [after - before for before, after in pairwise(at)]
    assert all(wait >= 19 * 2**number for number, wait in enumerate(waits))


def test_a_receiver_that_does_not_answer_in_time_has_not_received(
    account: Running, lever: httpx.Client
) -> None:
    """Row 29"""
    account.configure(webhook_timeout_s=0.05, webhook_wait_s=0.001)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        subscribe(lever, f"http://127.0.0.1:{silent.getsockname()[1]}/", "candidateStageChange")
        write(lever, some(lever)["id"], "stage", stage="offer")
        while len(account.deliveries()[0]["attempts"]) < 2:
            time.sleep(0.01)
        (delivery,) = account.deliveries()
    assert {attempt["outcome"] for attempt in delivery["attempts"]} == {"TimeoutError"}
    assert not delivery["delivered"]


def test_the_history_keeps_a_thousand(account: Running, hooked: dict[str, dict[str, Any]]) -> None:
    """8.2"""

    def publish(held: Any) -> None:
        for number in range(1001):
            held.emit("contactUpdated", {"data": {"number": number}, "origin": None})

    account.do(publish)
    numbers = [body["data"]["number"] for body in sent(account)]
    assert numbers == list(range(1, 1001))


# 8.3


def stage_change(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    write(lever, opportunity["id"], "stage", stage="offer")
    return {"toStageId": "offer", "fromStageId": opportunity["stage"]}


def archiving(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    archived = write(lever, opportunity["id"], "archived", reason=reason(lever))["archived"]
    return {"fromArchived": None, "toArchived": archived}


def unarchiving(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    archived = archiving(account, lever, opportunity)["toArchived"]
    write(lever, opportunity["id"], "archived", reason=None)
    return {"fromArchived": archived, "toArchived": None}


def hiring(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    write(lever, opportunity["id"], "archived", reason=reason(lever, "hired"))
    return {}


def deleting(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    account.delete(opportunity["id"])
    return {}


def applying(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    body = {"postings": [first(lever, "/postings")["id"]]}
    made = lever.post(f"/candidates/{opportunity['id']}/addPostings", json=body).json()["data"]
    return {"applicationId": made["applications"][0]}


def interviewing(account: Running, lever: httpx.Client, opportunity: dict[str, Any]) -> dict[str, Any]:
    path = f"/opportunities/{opportunity['id']}/interviews"
    made = lever.post(path, json={"subject": "S"}).json()["data"]["id"]
    lever.put(f"{path}/{made}", json={"subject": "T"})
    lever.delete(f"{path}/{made}")
    return {"interviewId": made}


Does = Callable[[Running, httpx.Client, dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    ("event", "act"),
    [
        ("candidateStageChange", stage_change),
        ("candidateArchiveChange", archiving),
        ("candidateArchiveChange", unarchiving),
        ("candidateHired", hiring),
        ("candidateDeleted", deleting),
        ("applicationCreated", applying),
        ("interviewCreated", interviewing),
        ("interviewUpdated", interviewing),
        ("interviewDeleted", interviewing),
    ],
)
def test_an_event_carries_ids_and_nothing_about_the_person(
    account: Running, lever: httpx.Client, hooked: dict[str, dict[str, Any]], event: str, act: Does
) -> None:
    """8.3, 9.4, row 28: the contact and the opportunity always"""
    opportunity = active(lever)
    own = act(account, lever, opportunity)
    ids = {
        "opportunityId": opportunity["id"],
        "candidateId": opportunity["id"],
        "contactId": opportunity["contact"],
    }
    assert sent(account, event)[-1]["data"] == ids | own
    assert len(sent(account, event)) == (2 if act is unarchiving else 1)


def test_contacts_are_created_and_updated(
    account: Running, lever: httpx.Client, hooked: dict[str, dict[str, Any]]
) -> None:
    """8.3"""
    contact = create(lever, emails=["new@example.com"]).json()["data"]["contact"]
    assert [body["data"] for body in sent(account, "contactCreated")] == [{"contactId": contact}]
    lever.put(f"/contacts/{contact}", json={"headline": "H"})
    create(lever, contact=contact, phones=[{"value": "1"}])
    assert [body["data"] for body in sent(account, "contactUpdated")] == [{"contactId": contact}] * 2
    assert len(sent(account)) == 3
