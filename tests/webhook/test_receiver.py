"""The receiver answers once an event is on disk, and believes nobody without a signature."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.accounts import policy
from support.plan_factory import opened
from webhook.test_metrics import samples

from leverkit.api.auth import Secret
from leverkit.emulator import running
from leverkit.webhook.event_queue import Inbox
from leverkit.webhook.receiver import Limits, Receiver
from leverkit.webhook.signature import DAY_MS, MAX_BYTES, sign
from leverkit.webhook.worker import Rules, Worker

SECRET, OTHER, NOW = "a" * 48, "b" * 48, 1_782_974_004_990
DATA = {"opportunityId": "o1", "contactId": "c1"}


class Desk:
    """A receiver in front of an account that nobody asks, since no worker is started unless a test does."""

    def __init__(self, folder: Path, lever: Any, **limits: Any) -> None:
        self.inbox = Inbox(folder / "inbox.sqlite")
        rules = Rules(policy(folder / "policy.csv", vip="contact"), folder / "runs", sweep_s=0)
        self.worker = Worker(self.inbox, lever, rules)
        secrets = [Secret(OTHER), Secret(SECRET)]
        self.app = Receiver(self.inbox, self.worker, secrets, limits=Limits(**limits), now=lambda: NOW / 1000)

    def ask(self, method: str, path: str, bodies: Sequence[bytes | None]) -> list[httpx.Response]:
        """Send requests at once."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await asyncio.gather(*(client.request(method, path, content=body) for body in bodies))

        return asyncio.run(send())

    def deliver(self, *bodies: bytes) -> list[int]:
        return [answer.status_code for answer in self.ask("POST", "/", bodies)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running(contacts=3) as account, opened(account) as lever:
        made = Desk(tmp_path, lever)
        yield made
        made.inbox.close()


def delivery(token: str = "t1", **changes: Any) -> bytes:
    given = {"event": "candidateHired", "data": DATA, "secret": SECRET, "triggered_at": NOW}
    return sign(token=token, **(given | changes))


def test_an_event_is_on_disk_when_it_is_answered(desk: Desk, tmp_path: Path) -> None:
    assert desk.deliver(delivery()) == [200]
    with sqlite3.connect(tmp_path / "inbox.sqlite") as other:
        rows = other.execute("SELECT token, name, contact, opportunity FROM events").fetchall()
    other.close()
    assert rows == [("t1", "candidateHired", "c1", "o1")]


def test_a_duplicate_is_answered_well_and_changes_nothing(desk: Desk) -> None:
    assert (
        desk.deliver(*[delivery()] * 5, delivery("t2"), delivery("t1", data={"contactId": "c2"})) == [200] * 7
    )
    assert desk.inbox.waiting == 2


def test_each_secret_in_force_is_accepted(desk: Desk) -> None:
    assert desk.deliver(delivery("1", secret=OTHER), delivery("2"), delivery("3", secret="c")) == [
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
def test_what_cannot_be_trusted_is_refused_and_not_kept(desk: Desk, body: bytes, status: int) -> None:
    assert (desk.deliver(body), desk.inbox.waiting) == ([status], 0)


def test_a_test_delivery_and_an_event_about_nobody_are_answered_and_not_kept(desk: Desk) -> None:
    assert desk.deliver(delivery(data={}), delivery("2", data={"other": 1})) == [200, 200]
    assert desk.inbox.waiting == 0


def test_a_full_inbox_says_so_and_lever_tries_again(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "small").mkdir()
    small = Desk(tmp_path / "small", None, waiting=2)
    answers = [small.deliver(delivery(str(n)))[0] for n in range(3)]
    assert answers == [200, 200, 503]
    small.inbox.end([1], "done", NOW)
    assert small.deliver(delivery("2")) == [200]
    small.inbox.close()


def test_an_event_that_could_not_be_stored_is_heard_when_it_comes_again(desk: Desk, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "inbox.sqlite") as other:
        other.execute("ALTER TABLE events RENAME TO away")
        other.commit()
        assert desk.deliver(delivery()) == [503]
        other.execute("ALTER TABLE away RENAME TO events")
    other.close()
    assert (desk.deliver(delivery()), desk.inbox.waiting) == ([200], 1)


def spoilt(number: int) -> bytes:
    """A delivery that must change nothing, one of a thousand kinds."""
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
    if field in ("event", "data"):  # not covered by the signature, so spoil what is
        body = bytearray(json.dumps(good | {field: odd, "signature": "0" * 64}).encode())
    for _ in range(chance.randrange(5)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def test_a_thousand_spoilt_deliveries_change_nothing_and_crash_nothing(desk: Desk) -> None:
    answers = desk.deliver(*map(spoilt, range(1000)))
    assert set(answers) <= {400, 401, 413}
    assert desk.inbox.waiting == 0
    assert desk.deliver(delivery()) == [200]


def test_health_and_metrics_tell_how_it_stands(desk: Desk) -> None:
    desk.deliver(delivery(), delivery(), b"?")
    health, metrics = (desk.ask("GET", path, [None])[0] for path in ("/health", "/metrics"))
    assert (health.status_code, health.json()["status"], health.json()["events_waiting"]) == (
        503,
        "trouble",
        1,
    )
    found = samples(metrics.text)
    assert found["leverkit_deliveries_total duplicate"] == 1
    assert (found["leverkit_events_waiting"], found["leverkit_answer_seconds_count"]) == (1, 3)
    for method, path in (("GET", "/else"), ("PUT", "/"), ("DELETE", "/health")):
        assert desk.ask(method, path, [None])[0].status_code == 404


def test_a_delivery_whose_sender_hangs_up_is_malformed_and_not_kept(desk: Desk) -> None:
    messages = iter([{"type": "http.request", "body": delivery()[:40], "more_body": True}])

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(desk.app(scope, receive, send))
    assert desk.worker.metrics.counted("deliveries_total", "malformed") == 1
    assert desk.inbox.waiting == 0


def test_it_can_be_mounted_in_an_application_of_somebody_else(desk: Desk) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    desk.app, receiver = Starlette(routes=[Mount("/lever", app=desk.app)]), desk.app  # type: ignore[assignment]
    with receiver:
        assert [answer.status_code for answer in desk.ask("POST", "/lever/", [delivery()])] == [200]
        assert desk.ask("GET", "/lever/health", [None])[0].json()["status"] == "ok"
    assert receiver.ended_well


def test_the_log_names_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    desk.deliver(delivery(), delivery(secret="x"))
    with desk.app:
        pass
    ours = [record for record in caplog.records if record.name == "leverkit.receiver"]
    text = " ".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert "rejected" in text
    assert not any(word in text for word in ("c1", "o1", SECRET))
