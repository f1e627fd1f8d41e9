"""Signed webhook deliveries with retries, and their history (section 8.2)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import secrets
import ssl
from collections import deque
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.response import encode

HISTORY = 1000
AT_ONCE = 50
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def signature(key: str, token: str, triggered_at: int) -> str:
    """Return lower-case hex HMAC-SHA256 of token + decimal(triggeredAt); `data` is not covered."""
    return hmac.new(key.encode(), f"{token}{triggered_at}".encode(), hashlib.sha256).hexdigest()


class Deliveries:
    """Sends events to the webhooks that match: at least once, in order only with switch `webhook_ordered`.

    At most 50 connections are open at once, so that a hanging receiver does not slow the account.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.history: deque[Object] = deque(maxlen=HISTORY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._order_locks: dict[str, asyncio.Lock] = {}
        self.in_flight = 0
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._random = random.Random(0)

    def publish(self, event: str, payload: Object) -> None:
        """Deliver an event to every webhook that matches. Runs on the server's loop."""
        if not self.account.config.webhooks_on:
            return
        for hook in self.account.webhooks:
            if payload.get("only", hook["id"]) == hook["id"] and _matches(hook, event, payload["origin"]):
                delivery = self._delivery(hook, event, payload["data"])
                self._start(hook, delivery)
                if self._random.random() < self.account.config.webhook_duplicate_share:
                    self._start(hook, delivery)

    def rerun(self, identifier: str) -> bool:
        """Send a delivery of the history again, as Lever's page can. Return False if it is unknown."""
        found = next((delivery for delivery in self.history if delivery["id"] == identifier), None)
        hook = next(
            (item for item in self.account.webhooks if found and item["id"] == found["webhook"]), None
        )
        if found is None or hook is None:
            return False
        self._start(hook, found)
        return True

    def _delivery(self, hook: Object, event: str, data: Object) -> Object:
        config = self.account.config
        token, at = secrets.token_hex(24), self.account.now()
        body: Object = {"id": self.account.new_id()} if config.webhook_id else {}
        body |= {"event": event, "triggeredAt": at, "token": token}
        if config.webhook_signed:
            body["signature"] = signature(hook["configuration"]["signatureToken"], token, at)
        delivery: Object = {"id": self.account.new_id(), "webhook": hook["id"], "event": event}
        delivery |= {"url": hook["url"], "body": body | {"data": data}, "attempts": [], "delivered": False}
        self.history.append(delivery)
        return delivery

    def _start(self, hook: Object, delivery: Object) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(hook, delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, hook: Object, delivery: Object) -> None:
        ordered = self.account.config.webhook_ordered
        async with self._order_locks.setdefault(hook["id"], asyncio.Lock()) if ordered else nullcontext():
            await self._attempts(delivery)

    async def _attempts(self, delivery: Object) -> None:
        config = self.account.config
        for number in range(1 + config.webhook_retries):
            if number:
                await asyncio.sleep(config.webhook_wait_s * 2 ** (number - 1))
            outcome = await self._attempt(delivery)
            delivery["attempts"].append({"at": self.account.now(), "outcome": outcome})
            if isinstance(outcome, int) and 200 <= outcome < 300:
                delivery["delivered"] = True
                return

    async def _attempt(self, delivery: Object) -> int | str:
        """Return the status of one attempt, or the reason why there is none."""
        try:
            async with self._slots:
                return await self._in_time(delivery)
        except (OSError, ValueError, TimeoutError, EOFError) as error:
            return str(error) or type(error).__name__

    async def _in_time(self, delivery: Object) -> int:
        self.in_flight += 1
        try:
            return await asyncio.wait_for(self._post(delivery), self.account.config.webhook_timeout_s)
        finally:
            self.in_flight -= 1

    async def _post(self, delivery: Object) -> int:
        url = urlsplit(delivery["url"])
        host = url.hostname or ""
        if host not in LOOPBACK and not self.account.config.webhook_anywhere:
            raise ValueError("not on this computer (switch webhook_anywhere)")
        secure = url.scheme == "https"
        context: Any = ssl.create_default_context() if secure else None
        reader, writer = await asyncio.open_connection(host, url.port or (443 if secure else 80), ssl=context)
        try:
            writer.write(_message(url.netloc, url.path or "/", url.query, encode(delivery["body"])))
            line = await reader.readline()
            return int(line.split()[1])
        except IndexError as error:
            raise ValueError("no HTTP answer") from error
        finally:
            writer.close()


def _matches(hook: Object, event: str, origin: str | None) -> bool:
    origins = hook["configuration"].get("conditions", {}).get("origins")
    return hook["event"] == event and (origin is None or not origins or origin in origins)


def _message(host: str, path: str, query: str, body: bytes) -> bytes:
    target = f"{path}?{query}" if query else path
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"User-Agent: Lever-Webhooks\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
