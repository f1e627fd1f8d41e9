"""The exchanges of a contract check, numbered, and the number of requests that it may send."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from leverkit.api.responses import UNREADABLE, Response
from leverkit.doctor.contract.exchange import Exchange
from leverkit.errors import LeverkitError

MOST = 300  # requests of one check


class OverBudget(LeverkitError):
    """The check has sent all requests that it may send."""


class ExchangeLog:
    """What was asked and answered so far. It is kept in memory: what is written is scrubbed first."""

    def __init__(self, most: int = MOST) -> None:
        self.exchanges: list[Exchange] = []
        self._left, self._lock = most, threading.Lock()

    @property
    def left(self) -> int:
        """Return how many requests may still be sent."""
        return self._left

    def take(self) -> None:
        """Count a request that is about to be sent. Raises OverBudget where none is left."""
        with self._lock:
            if not self._left:
                raise OverBudget("no requests are left for it")
            self._left -= 1

    def add(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        body: Any,
        response: Response,
        seconds: float,
    ) -> Exchange:
        """Keep an exchange and return it."""
        with self._lock:
            return self._added(method, path, params, body, response, seconds)

    def _added(
        self, method: str, path: str, params: Mapping[str, Any], body: Any, response: Response, seconds: float
    ) -> Exchange:
        exchange = Exchange(
            number=len(self.exchanges) + 1,
            method=method,
            path=path,
            params=dict(params),
            body=body,
            status=response.status,
            headers={name.lower(): value for name, value in (response.headers or {}).items()},
            content=_content(response),
            ms=round(1000 * seconds, 1),
        )
        self.exchanges.append(exchange)
        return exchange


def _content(response: Response) -> Any:
    try:
        return msgspec.json.decode(response.content) if response.content else None
    except UNREADABLE:
        return None
