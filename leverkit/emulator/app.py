"""The ASGI application: log, latency, faults, route, key, rate limit, handler, in that order."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leverkit.emulator import auth
from leverkit.emulator.account import Account
from leverkit.emulator.answers import Answer, Failure, unauthorized
from leverkit.emulator.bucket import Bucket
from leverkit.emulator.config import Config
from leverkit.emulator.faults import Fault, Faults
from leverkit.emulator.request import Request
from leverkit.emulator.routes import ROUTES, Table

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PREFIX = "/v1"
LOG = 200_000


class App:
    """One emulated account behind HTTP."""

    def __init__(self, account: Account, keys: list[auth.Key], config: Config, *, seed: int = 0) -> None:
        self.account, self.config = account, config
        self.keys = {key.secret: key for key in keys}
        self.faults = Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG)
        self.last_request = time.monotonic()
        self._table = Table(ROUTES)
        self._buckets: dict[str, Bucket] = {}
        self._random = random.Random(seed)

    def configure(self, **changes: Any) -> None:
        """Change switches while running; buckets start full under a new limit."""
        self.config = msgspec.structs.replace(self.config, **changes)
        if changes.keys() & {"rate", "burst"}:
            self._buckets.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        started = self.last_request = time.monotonic()
        body = await _body(receive)
        entry = {"at": started, "method": scope["method"], "path": scope["path"].removeprefix(PREFIX)}
        entry |= {"query": scope["query_string"].decode("latin-1"), "status": None, "fault": None}
        self.log.append(entry)
        answer = await self._answer(scope, body, entry)
        if answer is None:
            _reset(send)
            return
        entry["status"] = answer.status
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, body: bytes, entry: dict[str, Any]) -> Answer | None:
        """Return the answer, or None for a broken connection."""
        pause = self._pause()
        await _sleep(pause / 2)
        fault = self.faults.pick(entry["method"], entry["path"])
        if fault is not None:
            entry["fault"] = fault.kind
        if fault is not None and fault.kind == "delay":
            await _sleep(fault.ms / 1000)
        answer = self._serve(scope, body) if fault is None or _has_effect(fault) else None
        await _sleep(pause / 2)
        return answer if fault is None or fault.kind == "delay" else _spoilt(fault)

    def _serve(self, scope: Scope, body: bytes) -> Answer:
        try:
            return self._handle(scope, body)
        except Failure as failure:
            return failure.answer()

    def _handle(self, scope: Scope, body: bytes) -> Answer:
        path: str = scope["path"]
        if not path.startswith(PREFIX + "/"):
            raise Failure(404, "ResourceNotFound", f"{path} does not exist")
        route, ids = self._table.find(scope["method"], path.removeprefix(PREFIX).rstrip("/"))
        headers = dict(scope["headers"])
        key = self.keys.get(auth.secret(headers.get(b"authorization")) or "")
        if key is None:
            raise unauthorized()
        self._admit(key)
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            query.setdefault(name, []).append(value)
        request = Request(scope["method"], path, query, body, self.account, self.config, key, ids, headers)
        return route.handler(request)

    def _admit(self, key: auth.Key) -> None:
        bucket = self._buckets.get(key.secret)
        if bucket is None:
            bucket = self._buckets[key.secret] = Bucket(self.config.rate, self.config.burst)
        if not bucket.admit(time.monotonic()):
            raise Failure(429, "TooManyRequestsError", "Too many requests. Please retry later.")

    def _pause(self) -> float:
        median = self.config.latency_ms / 1000
        return median * math.exp(self._random.gauss(0.0, 0.25)) if median else 0.0


def _has_effect(fault: Fault) -> bool:
    return fault.kind == "delay" or fault.when == "after"


def _spoilt(fault: Fault) -> Answer | None:
    """Return what a failing request is answered, None for a broken connection."""
    if fault.kind == "reset":
        return None
    answer = Failure(fault.status, "ServerError", "Something went wrong.").answer()
    if fault.retry_after is None:
        return answer
    headers = [*answer.headers, (b"retry-after", b"%g" % fault.retry_after)]
    return Answer(answer.status, answer.body, headers)


async def _sleep(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _reset(send: Send) -> None:
    """Break the connection under uvicorn, which keeps the transport beside its `send`."""
    cycle: Any = getattr(send, "__self__", None)
    cycle.transport.abort()
