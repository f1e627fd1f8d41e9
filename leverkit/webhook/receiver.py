"""Receives Lever's webhooks: an ASGI application that answers once an event is on disk, and not later.

POST on any path is a delivery; GET /health and GET /metrics show its state. It can be mounted in another
application, which then keeps it open (`with receiver:`); alone it follows ASGI's lifespan.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from leverkit.api.auth import Secret
from leverkit.webhook.event_queue import Entry, Inbox
from leverkit.webhook.events import subject
from leverkit.webhook.logs import note
from leverkit.webhook.signature import MAX_BYTES, Rejected, verify
from leverkit.webhook.worker import Worker

STATUS = {"unsigned": 401, "forged": 401, "oversized": 413}  # other rejections: 400
BODY_S = 10.0  # seconds that a body may take


@dataclass(frozen=True)
class Limits:
    """Limits of a receiver.

    `waiting` events may be stored and not worked off; beyond it the answer is 503, and Lever tries again. An
    event is due `settle_ms` milliseconds after it came. The last batch has `grace_s` seconds to end.
    """

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
        self._app = Starlette(
            routes=[
                Route("/metrics", self._scrape),
                Route("/health", self._health),
                Route("/{path:path}", self._delivery, methods=["POST"]),
            ],
            exception_handlers={404: _not_here, 405: _not_here},
            lifespan=self._lifespan,
        )

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan of the server."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        with self:
            yield

    async def _delivery(self, request: Request) -> JSONResponse:
        with self._metrics.answer_seconds.time():
            status, what = await self._receive(request)
        self._metrics.count("deliveries_total", what)
        return _json(status, {"what": what})

    async def _receive(self, request: Request) -> tuple[int, str]:
        try:
            body = await asyncio.wait_for(_body(request), BODY_S)
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

    async def _health(self, _request: Request) -> JSONResponse:
        gauges = {name: read() for name, read in self._gauges.items()}
        well = self._worker.alive and gauges["events_waiting"] < self._limits.waiting
        status = "failing" if self._worker.failures else "ok"  # events wait safely, so this is no 503
        return _json(200 if well else 503, {"status": status if well else "trouble", **gauges})

    async def _scrape(self, request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._metrics.registry), headers={"content-type": kind})

    def _oldest_seconds(self) -> float:
        oldest = self._inbox.oldest()
        return 0.0 if oldest is None else max(0.0, (self._ms() - oldest) / 1000)

    def _ms(self) -> int:
        return int(self._now() * 1000)


async def _body(request: Request) -> bytes:
    """Return the body, or what came of it until it was too large or the sender hung up."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                break
    except ClientDisconnect:
        pass  # `verify` refuses what is cut off
    return body


async def _not_here(_request: Request, _error: Exception) -> JSONResponse:
    return _json(404, {"what": "not here"})


def _json(status: int, document: dict[str, object]) -> JSONResponse:
    return JSONResponse(document, status, headers={"retry-after": "60"} if status == 503 else None)
