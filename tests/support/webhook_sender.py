"""Sends webhooks as Lever does in the worst case: out of order, twice, and again until a 2xx."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.webhook_receiver import SECRET

from leverkit.webhook.signature import sign

POOL = 100  # deliveries from which the next one is drawn at random, so that order is lost
DUPLICATES = 0.2  # share of deliveries that are sent a second time


@dataclass
class WebhookSender:
    """Sends deliveries to a port of this computer.

    Their events come from `new_event`, and from `other_event` where it returns None; both return the name
    and the data. Afterwards `tokens` holds those of all events, `seconds` the time to the 2xx of each
    delivery, and `refused` is the number of attempts that got no answer or a refusal.
    """

    port: int
    new_event: Callable[[], tuple[str, dict[str, str]] | None]
    other_event: Callable[[], tuple[str, dict[str, str]]]
    chance: random.Random
    tokens: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    _pool: list[bytes] = field(default_factory=list)
    _sent: list[bytes] = field(default_factory=list)

    def run(self, number: int, rate: float) -> None:
        """Send so many deliveries at `rate` a second; return when each has got its 2xx."""
        asyncio.run(self._run(number, rate))

    @property
    def median_ms(self) -> float:
        """Return the median time to a 2xx in milliseconds."""
        return sorted(self.seconds)[len(self.seconds) // 2] * 1000

    @property
    def p99_ms(self) -> float:
        """Return the 99th percentile of the time to a 2xx in milliseconds, connecting included."""
        return sorted(self.seconds)[len(self.seconds) * 99 // 100] * 1000

    async def _run(self, number: int, rate: float) -> None:
        began, tasks = time.perf_counter(), []
        for position in range(number):
            await asyncio.sleep(max(0.0, began + position / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(self._deliver(self._next(number - position))))
        await asyncio.gather(*tasks)

    def _next(self, left: int) -> bytes:
        if self._sent and self.chance.random() < DUPLICATES and left > len(self._pool):
            return self.chance.choice(self._sent)
        while len(self._pool) < min(POOL, left):
            self._pool.append(self._signed(*(self.new_event() or self.other_event())))
        body = self._pool.pop(self.chance.randrange(len(self._pool)))
        self._sent.append(body)
        return body

    def _signed(self, event: str, data: dict[str, str]) -> bytes:
        token = f"{len(self.tokens):048x}"
        self.tokens.add(token)
        return sign(event, data, secret=SECRET, token=token, triggered_at=int(time.time() * 1000))

    async def _deliver(self, body: bytes) -> None:
        while True:
            began = time.perf_counter()
            if await self._post(body):
                self.seconds.append(time.perf_counter() - began)
                return
            self.refused += 1
            await asyncio.sleep(0.3)

    async def _post(self, body: bytes) -> bool:
        """Send once, on a connection of its own. Return True if the answer was a 2xx."""
        head = (
            f"POST / HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode() + body)
            answer = await reader.readline()
            writer.close()
        except OSError:
            return False
        return answer.startswith(b"HTTP/1.1 2")
