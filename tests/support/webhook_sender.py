"""Delivers webhooks as Lever does when all goes wrong: out of order, twice, and until there is a 2xx."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.webhook_receiver import SECRET

from leverkit.webhook.signature import sign

HELD_BACK = 100  # deliveries among which the next one is drawn, so that order is lost
DUPLICATES = 0.2


@dataclass
class Deliverer:
    """Delivers `rate` a second to `port`; events that `news` gives go first, else `idle` makes one up.

    Both give an event name and its data. Afterwards: tokens and seconds to the 2xx of each delivery, and how
    many tries met no answer or a refusal.
    """

    port: int
    news: Callable[[], tuple[str, dict[str, str]] | None]
    idle: Callable[[], tuple[str, dict[str, str]]]
    chance: random.Random
    tokens: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    _pool: list[bytes] = field(default_factory=list)
    _sent: list[bytes] = field(default_factory=list)

    def run(self, number: int, rate: float) -> None:
        """Deliver so many, and return when each had its 2xx."""
        asyncio.run(self._run(number, rate))

    @property
    def median_ms(self) -> float:
        """Return the median of the time to a 2xx."""
        return sorted(self.seconds)[len(self.seconds) // 2] * 1000

    @property
    def p99_ms(self) -> float:
        """Return the 99th percentile of the time to a 2xx, connecting included."""
        return sorted(self.seconds)[len(self.seconds) * 99 // 100] * 1000

    async def _run(self, number: int, rate: float) -> None:
        began, tasks = time.perf_counter(), []
        for turn in range(number):
            await asyncio.sleep(max(0.0, began + turn / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(self._deliver(self._next(number - turn))))
        await asyncio.gather(*tasks)

    def _next(self, left: int) -> bytes:
        if self._sent and self.chance.random() < DUPLICATES and left > len(self._pool):
            return self.chance.choice(self._sent)
        while len(self._pool) < min(HELD_BACK, left):
            self._pool.append(self._signed(*(self.news() or self.idle())))
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
        """Send once, on a connection of its own; say whether the answer was a 2xx."""
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
