"""Receives Lever's webhooks: an ASGI application that answers as soon as an event is on disk.

POST on any path is a delivery; GET /health and GET /metrics show its state. It can be mounted in another
application, which then keeps it open (`with receiver:`); alone it follows ASGI's lifespan.
"""

from __future__ import annotations

import asyncio
import logging
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
from leverkit.errors import UsageError
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.events import Event, ids_in
from leverkit.webhook.logs import log_event
from leverkit.webhook.signature import MAX_BYTES, Rejected, verify
from leverkit.webhook.worker import Worker

STATUS = {"unsigned": 401, "forged": 401, "oversized": 413}  # other rejections: 400
BODY_S = 10.0  # seconds in which a body must be complete


@dataclass(frozen=True)
class Limits:
    """Limits of a receiver.

    While `max_waiting` events are unfinished, deliveries get 503 and Lever tries again. An event is due
    `settle_ms` milliseconds after it came. At the end, the last batch gets `grace_s` seconds.
    """

    max_waiting: int = 100_000
    settle_ms: int = 1000
    grace_s: float = 20.0


class GroupCommit:
    """Stores events that come at the same time in one durable commit, on a thread of its own.

    `pending` are the events that are not on disk yet.
    """

    def __init__(self, store: Callable[[list[QueuedEvent]], list[bool]]) -> None:
        self.pending: list[tuple[QueuedEvent, asyncio.Future[bool]]] = []
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="leverkit-inbox")

    async def store(self, event: QueuedEvent) -> bool:
        """Return once an event is on disk: True if it is new. Raises what storing raises."""
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.pending.append((event, stored))
        if self._task is None:
            self._task = asyncio.create_task(self._commit_all())
        return await stored

    def close(self) -> None:
        """Wait for the last commit."""
        self._disk.shutdown()

    async def _commit_all(self) -> None:
        while self.pending:
            group, self.pending = self.pending, []
            events = [event for event, _ in group]
            loop = asyncio.get_running_loop()
            results: Sequence[bool | Exception]
            try:
                results = await loop.run_in_executor(self._disk, self._store, events)
            except Exception as error:  # raised in each waiting delivery, so that its sender tries again
                results = [error] * len(group)
            for (_, stored), result in zip(group, results, strict=True):
                if stored.done():
                    continue  # cancelled, as the sender hung up
                if isinstance(result, Exception):
                    stored.set_exception(result)
                else:
                    stored.set_result(result)
        self._task = None


class Receiver:
    """An ASGI application that fills an event queue, and the worker that empties it.

    `stopped_in_time` is False where the worker's last batch did not end within the grace period.
    """

    def __init__(
        self,
        queue: EventQueue,
        worker: Worker,
        secrets: Sequence[Secret],
        *,
        limits: Limits = Limits(),
        now: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(secrets, str | Secret):
            raise UsageError("`secrets` must be a list of signature tokens, not a single one")
        self._queue, self._worker, self._metrics = queue, worker, worker.metrics
        self._secrets, self._limits, self._now = tuple(secrets), limits, now
        self._commit = GroupCommit(lambda events: queue.store(events, settle_ms=limits.settle_ms))
        self.stopped_in_time = True
        self._gauges: dict[str, Callable[[], float]] = {
            "events_waiting": lambda: float(queue.waiting),
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
        log_event("started", waiting=self._queue.waiting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped_in_time = self._worker.stop(self._limits.grace_s)
        self._commit.close()
        log_event("stopped", waiting=self._queue.waiting, worker_ended=self.stopped_in_time)

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
        """Return the status of the answer to a delivery, and what became of it."""
        try:
            body = await asyncio.wait_for(_body(request), BODY_S)
            secrets = [secret.reveal() for secret in self._secrets]
            event = verify(body, secrets=secrets, now_ms=self._now_ms())
        except Rejected as error:
            field = {"field": error.field} if error.field else {}
            log_event("rejected", level=logging.WARNING, reason=error.reason, **field)
            return STATUS.get(error.reason, 400), error.reason
        except TimeoutError:
            return 408, "too slow"
        if event.odd:
            log_event("fields of another form", fields=list(event.odd))
        return await self._accept(event)

    async def _accept(self, event: Event) -> tuple[int, str]:
        ids = ids_in(event)
        if event.is_test or not (ids.contact or ids.opportunity):
            return 200, "test" if event.is_test else "ignored"
        if self._queue.waiting + len(self._commit.pending) >= self._limits.max_waiting:
            return 503, "full"
        queued = QueuedEvent(event.token, event.name, ids.contact, ids.opportunity, self._now_ms())
        try:
            return 200, "stored" if await self._commit.store(queued) else "duplicate"
        except (sqlite3.Error, OSError) as error:
            log_event("not stored", level=logging.ERROR, kind=type(error).__name__)
            return 503, "not stored"

    async def _health(self, _request: Request) -> JSONResponse:
        gauges = {name: read() for name, read in self._gauges.items()}
        well = self._worker.alive and gauges["events_waiting"] < self._limits.max_waiting
        status = "failing" if self._worker.failures else "ok"  # no 503 for it: events are safe in the queue
        return _json(200 if well else 503, {"status": status if well else "trouble", **gauges})

    async def _scrape(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._metrics.registry), headers={"content-type": content_type})

    def _oldest_seconds(self) -> float:
        oldest = self._queue.oldest_received_at()
        return 0.0 if oldest is None else max(0.0, (self._now_ms() - oldest) / 1000)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


async def _body(request: Request) -> bytes:
    """Return the body; of a body that is too large, or whose sender hung up, what came until then."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                break
    except ClientDisconnect:
        pass  # `verify` rejects an incomplete body
    return body


async def _not_here(_request: Request, _error: Exception) -> JSONResponse:
    return _json(404, {"what": "not here"})


def _json(status: int, document: dict[str, object]) -> JSONResponse:
    return JSONResponse(document, status, headers={"retry-after": "60"} if status == 503 else None)
