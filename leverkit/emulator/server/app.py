"""The ASGI application: it logs, admits, delays and dispatches requests, and lets faults happen."""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from leverkit.emulator.http import faults
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.http.request import Request, parse_query
from leverkit.emulator.response import RequestError, Response, bad_request
from leverkit.emulator.server.control_api import ControlApi
from leverkit.emulator.server.routes import ROUTES, Handler, Table
from leverkit.emulator.server.service import Service

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PREFIX = "/v1"


class App:
    """The HTTP application of one service."""

    def __init__(self, service: Service, *, seed: int = 0) -> None:
        self._service, self._account = service, service.account
        self._table = Table(ROUTES)
        self._control = ControlApi(service)
        self._random = random.Random(seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        path: str = scope["path"]
        if not path.startswith(PREFIX + "/"):
            await self._send(send, self._control.response(scope, body))
            return
        started = self._service.last_request = time.monotonic()
        entry = {"at": started, "method": scope["method"], "path": path.removeprefix(PREFIX)}
        entry |= {"query": scope["query_string"].decode("latin-1"), "status": None, "fault": None, "ms": None}
        self._service.log.append(entry)
        latency = self._latency()
        response, fault = await self._respond(scope, body, entry, latency / 2)
        await _sleep(latency / 2)
        entry["ms"] = round(1000 * (time.monotonic() - started), 1)
        if response is None:
            _reset(send)
            return
        entry["status"] = response.status
        if fault is not None and fault.kind == "malformed":
            response = replace(response, body=response.body[: len(response.body) // 2])
        await self._send(send, response, cut=fault is not None and fault.kind == "cut")

    async def _respond(
        self, scope: Scope, body: bytes, entry: dict[str, Any], latency: float
    ) -> tuple[Response | None, Fault | None]:
        """Return the response (None: broken connection) and the fault that fired."""
        try:
            handle, request = self._route(scope, body)
        except RequestError as error:
            await _sleep(latency)
            return error.response(), None
        fault = self._service.faults.pick(
            entry["method"], entry["path"], entry["query"], self._account.config
        )
        await _sleep(latency)
        if fault is None:
            return _run_handler(handle, request), None
        entry["fault"] = fault.kind
        if fault.kind == "delay":
            await _sleep(fault.ms / 1000)
        return self._faulty(fault, handle, request), fault

    def _faulty(self, fault: Fault, handle: Handler, request: Request) -> Response | None:
        if fault.replaces_response:
            if fault.when == "after":
                _run_handler(handle, request)
            return faults.replacement(fault)
        if fault.kind == "ignored":
            return faults.without_effect(self._account, request.ids, lambda: _run_handler(handle, request))
        if fault.kind == "clock":
            self._account.skew_ms += int(fault.ms)
        request.stale_ms = fault.ms if fault.kind == "stale" else 0.0
        request.shift = {"duplicate": -1, "drop": 1}.get(fault.kind, 0)
        return _run_handler(handle, request)

    def _route(self, scope: Scope, body: bytes) -> tuple[Handler, Request]:
        """Return the handler and its request. Raises RequestError for one that is not admitted."""
        path: str = scope["path"]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]  # the server leaves the body out
        route, ids = self._table.find(method, _normal_path(path))
        headers = dict(scope["headers"])
        key = self._service.admission.admit(route, headers.get(b"authorization"))
        query = parse_query(scope["query_string"].decode("latin-1"), self._account.config)
        if self._account.config.unknown_parameters == 400:
            for name in query:
                if name not in route.params:
                    raise bad_request(f"Unknown parameter: {name}")
        return route.handler, Request(method, path, query, body, self._account, key, ids, headers)

    async def _send(self, send: Send, response: Response, *, cut: bool = False) -> None:
        """Send a response with the Date of the account's clock; `cut`: only half of it."""
        headers = [*response.headers, (b"date", _http_date(self._account.now() // 1000))]
        if response.status != 204:
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if cut:
            half = response.body[: len(response.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(0)
            _reset(send)
            return
        await send({"type": "http.response.body", "body": response.body})

    def _latency(self) -> float:
        median = self._account.config.latency_ms / 1000
        return median * math.exp(self._random.gauss(0.0, 0.25)) if median else 0.0


def _normal_path(path: str) -> str:
    """Return a path without /v1, and with single slashes: a published client requests /v1//opportunities."""
    normal = path.removeprefix(PREFIX).rstrip("/")
    return re.sub("/{2,}", "/", normal) if "//" in normal else normal


def _run_handler(handle: Handler, request: Request) -> Response:
    try:
        return handle(request)
    except RequestError as error:
        return error.response()


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


@lru_cache(maxsize=1)
def _http_date(seconds: int) -> bytes:
    """Return a time (seconds since epoch) as in a Date header."""
    return formatdate(seconds, usegmt=True).encode()


def _reset(send: Send) -> None:
    """Break the connection. uvicorn keeps the transport beside its `send`."""
    cycle: Any = getattr(send, "__self__", None)
    cycle.disconnected = True
    cycle.transport.abort()
