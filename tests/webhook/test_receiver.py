"""The receiver answers once an event is on disk, and accepts nothing without a signature."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.accounts import policy
from support.plan_factory import opened
from support.webhook_receiver import listening
from webhook.test_metrics import samples

from leverkit.api.auth import Secret
from leverkit.emulator import running
from leverkit.webhook.event_queue import EventQueue
from leverkit.webhook.receiver import Limits, Receiver
from leverkit.webhook.signature import DAY_MS, MAX_BYTES, sign
from leverkit.webhook.worker import Worker, WorkerConfig

SECRET, OTHER, NOW = "a" * 48, "b" * 48, 1_782_974_004_990
DATA = {"opportunityId": "o1", "contactId": "c1"}


class ReceiverCase:
    """A receiver whose worker runs only where a test starts it, so that events stay in the queue."""

    def __init__(self, folder: Path, lever: Any, **limits: Any) -> None:
        self.queue = EventQueue(folder / "inbox.sqlite")
        config = WorkerConfig(policy(folder / "policy.csv", vip="contact"), folder / "runs", sweep_s=0)
        self.worker = Worker(self.queue, lever, config)
        secrets = [Secret(OTHER), Secret(SECRET)]
        self.app = Receiver(self.queue, self.worker, secrets, limits=Limits(**limits), now=lambda: NOW / 1000)

    def request(self, method: str, path: str, bodies: Sequence[bytes | None]) -> list[httpx.Response]:
        """Send requests at the same time."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await asyncio.gather(*(client.request(method, path, content=body) for body in bodies))

        return asyncio.run(send())

    def deliver(self, *bodies: bytes) -> list[int]:
        return [answer.status_code for answer in self.request("POST", "/", bodies)]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[ReceiverCase]:
    with running(contacts=3) as account, opened(account) as lever:
        opened_case = ReceiverCase(tmp_path, lever)
        yield opened_case
        opened_case.queue.close()


def delivery(token: str = "t1", **changes: Any) -> bytes:
    given = {"event": "candidateHired", "data": DATA, "secret": SECRET, "triggered_at": NOW}
    return sign(token=token, **(given | changes))


def test_an_event_is_on_disk_when_it_is_answered(case: ReceiverCase, tmp_path: Path) -> None:
    assert case.deliver(delivery()) == [200]
    with sqlite3.connect(tmp_path / "inbox.sqlite") as other:
        rows = other.execute("SELECT token, name, contact, opportunity FROM events").fetchall()
    other.close()
    assert rows == [("t1", "candidateHired", "c1", "o1")]


def test_a_duplicate_is_answered_with_200_and_changes_nothing(case: ReceiverCase) -> None:
    assert (
        case.deliver(*[delivery()] * 5, delivery("t2"), delivery("t1", data={"contactId": "c2"})) == [200] * 7
    )
    assert case.queue.waiting == 2


def test_each_secret_in_force_is_accepted(case: ReceiverCase) -> None:
    assert case.deliver(delivery("1", secret=OTHER), delivery("2"), delivery("3", secret="c")) == [
        200,
        200,
        401,
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (delivery(secret="wrong"), 401),
        (b"", 400),
        (b"x" * (MAX_BYTES + 1), 413),
        (delivery(triggered_at=NOW - DAY_MS - 1), 400),
        (delivery(triggered_at=NOW + DAY_MS), 400),
        (json.dumps({"event": "x", "token": "t", "triggeredAt": NOW}).encode(), 401),
    ],
)
def test_what_cannot_be_trusted_is_refused_and_not_stored(
    case: ReceiverCase, body: bytes, status: int
) -> None:
    assert (case.deliver(body), case.queue.waiting) == ([status], 0)


def test_a_test_delivery_and_an_event_without_ids_are_answered_and_not_stored(case: ReceiverCase) -> None:
    assert case.deliver(delivery(data={}), delivery("2", data={"other": 1})) == [200, 200]
    assert case.queue.waiting == 0


def test_a_full_queue_gives_503_until_an_event_is_finished(tmp_path: Path, case: ReceiverCase) -> None:
    (tmp_path / "small").mkdir()
    small = ReceiverCase(tmp_path / "small", None, max_waiting=2)
    answers = [small.deliver(delivery(str(n)))[0] for n in range(3)]
    assert answers == [200, 200, 503]
    small.queue.finish([1], "done", NOW)
    assert small.deliver(delivery("2")) == [200]
    small.queue.close()


def test_an_event_that_could_not_be_stored_is_stored_when_it_comes_again(
    case: ReceiverCase, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "inbox.sqlite") as other:
        other.execute("ALTER TABLE events RENAME TO away")
        other.commit()
        assert case.deliver(delivery()) == [503]
        other.execute("ALTER TABLE away RENAME TO events")
    other.close()
    assert (case.deliver(delivery()), case.queue.waiting) == ([200], 1)


def corrupted(number: int) -> bytes:
    """Return a delivery that must change nothing; numbers give different kinds."""
    chance = random.Random(number)
    good = json.loads(delivery(f"t{number}"))
    field = chance.choice(["token", "signature", "triggeredAt", "event", "data"])
    odd = chance.choice(
        [None, "", "x" * chance.randrange(300), -1, 10**30, 1.5, [], {"a": []}, True, "\ud800"]
    )
    body = bytearray(json.dumps(good | {field: odd}).encode())
    kind = number % 5
    if kind == 4:
        return delivery(f"t{number}", data={"opportunityId": "x" * (MAX_BYTES - chance.randrange(300))})
    if kind == 0:
        return bytes(body[: chance.randrange(len(body))])
    if kind == 1:
        return delivery(f"t{number}", secret=chance.choice(["x", SECRET[:-1], SECRET.upper()]))
    if kind == 2:
        return delivery(f"t{number}", triggered_at=NOW - DAY_MS - chance.randrange(1, 10**12))
    if field in ("event", "data"):  # not covered by the signature, so corrupt what is
        body = bytearray(json.dumps(good | {field: odd, "signature": "0" * 64}).encode())
    for _ in range(chance.randrange(5)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def test_a_thousand_corrupted_deliveries_change_nothing_and_crash_nothing(case: ReceiverCase) -> None:
    answers = case.deliver(*map(corrupted, range(1000)))
    assert set(answers) <= {400, 401, 413}
    assert case.queue.waiting == 0
    assert case.deliver(delivery()) == [200]


def test_health_and_metrics_show_the_state(case: ReceiverCase) -> None:
    case.deliver(delivery(), delivery(), b"?")
    health, metrics = (case.request("GET", path, [None])[0] for path in ("/health", "/metrics"))
    assert (health.status_code, health.json()["status"], health.json()["events_waiting"]) == (
        503,
        "trouble",
        1,
    )
    found = samples(metrics.text)
    assert found["leverkit_deliveries_total duplicate"] == 1
    assert (found["leverkit_events_waiting"], found["leverkit_answer_seconds_count"]) == (1, 3)
    for method, path in (("GET", "/else"), ("PUT", "/"), ("DELETE", "/health")):
        assert case.request(method, path, [None])[0].status_code == 404


def test_a_delivery_whose_sender_hangs_up_is_malformed_and_not_stored(case: ReceiverCase) -> None:
    messages = iter([{"type": "http.request", "body": delivery()[:40], "more_body": True}])

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(case.app(scope, receive, send))
    assert case.worker.metrics.counted("deliveries_total", "malformed") == 1
    assert case.queue.waiting == 0


def test_it_can_be_mounted_in_another_application(case: ReceiverCase) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    case.app, receiver = Starlette(routes=[Mount("/lever", app=case.app)]), case.app  # type: ignore[assignment]
    with receiver:
        assert [answer.status_code for answer in case.request("POST", "/lever/", [delivery()])] == [200]
        assert case.request("GET", "/lever/health", [None])[0].json()["status"] == "ok"
    assert receiver.stopped_in_time


def test_the_log_names_nobody(case: ReceiverCase, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    named = {"opportunityId": "an-opportunity", "contactId": "a-contact"}
    case.deliver(delivery(data=named), delivery(data=named, secret="x"))
    with case.app:
        pass
    ours = [record for record in caplog.records if record.name == "leverkit.receiver"]
    text = " ".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert "rejected" in text
    assert not any(word in text for word in (*named.values(), SECRET))


def test_the_log_says_which_field_was_odd_and_which_made_a_delivery_unreadable(
    case: ReceiverCase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    archived = {**DATA, "toArchived": {"archivedAt": "2026-07-01T00:00:00Z", "reason": "r"}}
    odd = delivery("1", event="candidateArchiveChange", data=archived)
    assert case.deliver(odd, delivery("2", data={"contactId": "../users"})) == [200, 400]
    told = [record.__dict__["leverkit"] for record in caplog.records if record.name == "leverkit.receiver"]
    assert told == [
        {"fields": ["data.toArchived.archivedAt"]},
        {"reason": "malformed", "field": "data.contactId"},
    ]
    assert case.queue.waiting == 1


def test_slow_and_large_headers_are_shut_out_and_every_line_of_the_log_is_json(tmp_path: Path) -> None:
    with running(contacts=3) as account:
        rules = policy(tmp_path / "policy.csv", vip="contact")
        with listening(account, tmp_path / "state", rules) as listener:
            where = ("127.0.0.1", listener.port)
            with (
                socket.create_connection(where, timeout=60) as silent,
                socket.create_connection(where, timeout=60) as slow,
            ):
                slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                assert (silent.recv(1), slow.recv(1)) == (b"", b"")
            for end in (b"", b"\r\n\r\n"):
                with socket.create_connection(where, timeout=60) as large:
                    large.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 60_000 + end)
                    assert large.recv(20).startswith(b"HTTP/1.1 400")
            body = sign("candidateHired", {"contactId": "x" * 40_000}, secret="s", token="t", triggered_at=1)
            assert httpx.post(listener.url, content=body).status_code == 401
            assert httpx.get(f"{listener.url}/health").status_code == 200
            assert listener.stop() == 0
    lines = (tmp_path / "state" / "log").read_text(encoding="utf-8").splitlines()
    assert {"at", "level", "what"} <= set.intersection(*(set(json.loads(line)) for line in lines))
    assert "stopped" in [json.loads(line)["what"] for line in lines]
