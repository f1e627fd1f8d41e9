"""Receives Lever's webhooks: an ASGI application that answers once an event is on disk, and not later.

POST on any path is a delivery, GET /health and /metrics tell how it stands. Mount it in an application
of your own, and keep it open (`with receiver:`) while that runs; alone it listens to ASGI's lifespan.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from leverkit.api.auth import Secret
from leverkit.webhook.event_queue import Entry, Inbox
from leverkit.webhook.events import subject
from leverkit.webhook.logs import note
from leverkit.webhook.signature import MAX_BYTES, Rejected, verify
from leverkit.webhook.worker import Worker

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STATUS = {"unsigned": 401, "forged": 401, "oversized": 413}  # other rejections: 400
BODY_S = 10.0  # seconds that a body may take


@dataclass(frozen=True)
class Limits:
    """How many events may wait (more: 503, and Lever tries again), how long one settles, and a last batch."""

    waiting: int = 100_000
    settle_ms: int = 1000
    grace_s: float = 20.0


class Receiver:
    """An ASGI application around an inbox and the worker that empties it."""

    def __init__(
        self,
        inbox: Inbox,
        worker: Worker,
        secrets: Sequence[Secret],
        *,
        limits: Limits = Limits(),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._inbox, self._worker, self._metrics = inbox, worker, worker.metrics
        self._secrets, self._limits, self._now = tuple(secrets), limits, now
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="leverkit-inbox")
        self._arrived: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._storing: asyncio.Task[None] | None = None
        self.ended_well = True
        self._gauges: dict[str, Callable[[], float]] = {
            "events_waiting": lambda: float(inbox.waiting),
            "oldest_event_seconds": self._oldest_seconds,
            "worker_up": lambda: float(worker.alive),
            "worker_failures_in_a_row": lambda: float(worker.failures),
        }
        self._metrics.read_gauges(self._gauges)

    def __enter__(self) -> Self:
        self._worker.start()
        note("started", waiting=self._inbox.waiting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended_well = self._worker.stop(self._limits.grace_s)
        self._disk.shutdown()
        note("stopped", waiting=self._inbox.waiting, worker_ended=self.ended_well)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan of the server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            began = time.perf_counter()
            status, kind, text = await self._answer(scope, receive)
            await _send(send, status, kind, text)
            if scope["method"] == "POST":
                self._metrics.answer_seconds.observe(time.perf_counter() - began)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        with self:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, str, str]:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] == "POST":
            status, what = await self._delivery(receive)
            self._metrics.count("deliveries_total", what)
            return status, "application/json", json.dumps({"what": what})
        if scope["method"] == "GET" and path == "/metrics":
            return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._metrics.registry).decode()
        if scope["method"] == "GET" and path == "/health":
            return self._health()
        return 404, "application/json", json.dumps({"what": "not here"})

    async def _delivery(self, receive: Receive) -> tuple[int, str]:
        try:
            body = await asyncio.wait_for(_body(receive), BODY_S)
            secrets = [secret.reveal() for secret in self._secrets]
            event = verify(body, secrets=secrets, now_ms=self._ms())
        except Rejected as error:
            note("rejected", level=30, reason=error.reason)
            return STATUS.get(error.reason, 400), error.reason
        except TimeoutError:
            return 408, "too slow"
        who = subject(event)
        if event.is_test or not (who.contact or who.opportunity):
            return 200, "test" if event.is_test else "ignored"
        if self._inbox.waiting + len(self._arrived) >= self._limits.waiting:
            return 503, "full"
        try:
            fresh = await self._store(
                Entry(event.token, event.name, who.contact, who.opportunity, self._ms())
            )
        except (sqlite3.Error, OSError) as error:
            note("not stored", level=40, kind=type(error).__name__)
            return 503, "not stored"
        return 200, "stored" if fresh else "duplicate"

    async def _store(self, entry: Entry) -> bool:
        """Put an entry on disk, together with those that arrive meanwhile: one commit for all of them."""
        known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._arrived.append((entry, known))
        if self._storing is None:
            self._storing = asyncio.create_task(self._commit())
        return await known

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._arrived:
            arrived, self._arrived = self._arrived, []
            try:
                entries = [entry for entry, _ in arrived]
                fresh = await loop.run_in_executor(self._disk, self._put, entries)
            except Exception as error:  # each sender hears of it and tries again
                for _, known in arrived:
                    if not known.done():
                        known.set_exception(error)
                continue
            for (_, known), is_new in zip(arrived, fresh, strict=True):
                if not known.done():  # the sender may have hung up
                    known.set_result(is_new)
        self._storing = None

    def _put(self, entries: list[Entry]) -> list[bool]:
        return self._inbox.store(entries, settle_ms=self._limits.settle_ms)

    def _health(self) -> tuple[int, str, str]:
        gauges = {name: read() for name, read in self._gauges.items()}
        room = gauges["events_waiting"] < self._limits.waiting
        well = self._worker.alive and room
        status = "failing" if self._worker.failures else "ok"  # events wait safely, so this is no 503
        document = {"status": status if well else "trouble", **gauges}
        return 200 if well else 503, "application/json", json.dumps(document)

    def _oldest_seconds(self) -> float:
        oldest = self._inbox.oldest()
        return 0.0 if oldest is None else max(0.0, (self._ms() - oldest) / 1000)

    def _ms(self) -> int:
        return int(self._now() * 1000)


async def _body(receive: Receive) -> bytes:
    """Read a body, and stop just behind what may be read."""
    body = b""
    while len(body) <= MAX_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


async def _send(send: Send, status: int, kind: str, text: str) -> None:
    headers = [(b"content-type", kind.encode())] + [(b"retry-after", b"60")] * (status == 503)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
