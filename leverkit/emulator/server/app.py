"""The ASGI application: log, gate, faults, latency and handler of each request, and what is beside /v1."""

from __future__ import annotations

import asyncio
import math
import random
import re
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from leverkit.emulator import config as configuration
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.history import Past
from leverkit.emulator.config import Config
from leverkit.emulator.http import faults
from leverkit.emulator.http import request as requests
from leverkit.emulator.http.auth import Key
from leverkit.emulator.http.deliveries import Deliveries
from leverkit.emulator.http.faults import Fault, Faults
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Answer, Failure, bad_request
from leverkit.emulator.server.admission import Gate
from leverkit.emulator.server.control_api import Outside
from leverkit.emulator.server.oauth import OAuth
from leverkit.emulator.server.routes import ROUTES, Table
from leverkit.emulator.server.simulated_users import Actor

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PREFIX = "/v1"
LOG = 200_000


class App:
    """One emulated account behind HTTP."""

    def __init__(self, account: Account, keys: list[Key], config: Config, *, seed: int = 0) -> None:
        self.account = account
        self.faults = Faults(seed)
        self.gate = Gate(account, keys)
        self.oauth = OAuth(account, self.gate)
        self.deliveries = Deliveries(account)
        self.actor = Actor(account)
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG)
        self.last_request = time.monotonic()
        self._table = Table(ROUTES)
        self._outside = Outside(self)
        self._random = random.Random(seed)
        account.emit = self.deliveries.publish
        account.config = config
        self._remember_past()

    def configure(self, **changes: Any) -> None:
        """Change switches while running; buckets start full under a new limit. Raises ValidationError."""
        self.account.config = configuration.changed(self.account.config, changes)
        if changes.keys() & {"rate", "burst"}:
            self.gate.refill()
        self._remember_past()
        self.actor.restart()

    def new_key(self, scopes: list[str] | None, *, confidential: bool) -> str:
        """Make one more API key, with only some permissions or all (None); returns it."""
        secret = secrets.token_urlsafe(24)
        granted = None if scopes is None else frozenset(scopes)
        self.gate.add(Key(secret, secret, confidential, granted), api=True)
        return secret

    def human(self, act: str, given: dict[str, Any]) -> Any:
        """Do something that people do in Lever's pages."""
        return self._outside.human(act, given)

    def fault(self, fault: Fault) -> None:
        """Set a fault beside the others."""
        self.faults.add(fault)
        self._remember_past()

    def _remember_past(self) -> None:
        config = self.account.config
        delays = (
            config.stale_single_ms,
            config.stale_list_ms,
            config.stale_tag_filter_ms,
            config.stale_counts_ms,
        )
        wanted = any(delays) or any(fault.kind == "stale" for fault in self.faults.all)
        if wanted and self.account.past is None:
            self.account.past = Past()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        path: str = scope["path"]
        if not path.startswith(PREFIX + "/"):
            await _send(send, self._outside.answer(scope, body))
            return
        started = self.last_request = time.monotonic()
        entry = {"at": started, "method": scope["method"], "path": path.removeprefix(PREFIX)}
        entry |= {"query": scope["query_string"].decode("latin-1"), "status": None, "fault": None, "ms": None}
        self.log.append(entry)
        pause = self._pause()
        answer, fault = await self._answer(scope, body, entry, pause / 2)
        await _sleep(pause / 2)
        entry["ms"] = round(1000 * (time.monotonic() - started), 1)
        if answer is None:
            _reset(send)
            return
        entry["status"] = answer.status
        if fault is not None and fault.kind == "malformed":
            answer = Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        await _send(send, answer, cut=fault is not None and fault.kind == "cut")

    async def _answer(
        self, scope: Scope, body: bytes, entry: dict[str, Any], pause: float
    ) -> tuple[Answer | None, Fault | None]:
        """Return the answer, None for a broken connection, and the fault that struck."""
        try:
            handle, request = self._enter(scope, body)
        except Failure as failure:
            await _sleep(pause)
            return failure.answer(), None
        fault = self.faults.pick(entry["method"], entry["path"], entry["query"], self.account.config)
        await _sleep(pause)
        if fault is None:
            return _handled(lambda: handle(request)), None
        entry["fault"] = fault.kind
        if fault.kind == "delay":
            await _sleep(fault.ms / 1000)
        return self._faulty(fault, handle, request), fault

    def _faulty(self, fault: Fault, handle: Callable[[Request], Answer], request: Request) -> Answer | None:
        if fault.instead:
            if fault.when == "after":
                _handled(lambda: handle(request))
            return faults.instead(fault)
        if fault.kind == "ignored":
            return _handled(lambda: faults.without_effect(self.account, request.ids, lambda: handle(request)))
        if fault.kind == "clock":
            self.account.skew_ms += int(fault.ms)
        request.stale_ms = fault.ms if fault.kind == "stale" else 0.0
        request.slip = {"duplicate": -1, "drop": 1}.get(fault.kind, 0)
        return _handled(lambda: handle(request))

    def _enter(self, scope: Scope, body: bytes) -> tuple[Callable[[Request], Answer], Request]:
        """Return the handler and the request it gets. Raises Failure where it does not come that far."""
        path: str = scope["path"]
        route, ids = self._table.find(scope["method"], _plain(path))
        headers = dict(scope["headers"])
        key = self.gate.admit(route, headers.get(b"authorization"))
        query = requests.parse(scope["query_string"].decode("latin-1"), self.account.config)
        if self.account.config.unknown_parameters == 400:
            for name in query:
                if name not in route.params:
                    raise bad_request(f"Unknown parameter: {name}")
        return route.handler, Request(scope["method"], path, query, body, self.account, key, ids, headers)

    def _pause(self) -> float:
        median = self.account.config.latency_ms / 1000
        return median * math.exp(self._random.gauss(0.0, 0.25)) if median else 0.0


def _plain(path: str) -> str:
    """Return a path without /v1, and with single slashes: a production client asks for /v1//opportunities."""
    plain = path.removeprefix(PREFIX).rstrip("/")
    return re.sub("/{2,}", "/", plain) if "//" in plain else plain


def _handled(handle: Callable[[], Answer]) -> Answer:
    try:
        return handle()
    except Failure as failure:
        return failure.answer()


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


async def _send(send: Send, answer: Answer, *, cut: bool = False) -> None:
    headers = list(answer.headers)
    if answer.status != 204:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if cut:
        await send(
            {"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True}
        )
        await asyncio.sleep(0)
        _reset(send)
        return
    await send({"type": "http.response.body", "body": answer.body})


def _reset(send: Send) -> None:
    """Break the connection under uvicorn, which keeps the transport beside its `send`."""
    cycle: Any = getattr(send, "__self__", None)
    cycle.disconnected = True
    cycle.transport.abort()
