"""The client of the read probes: each request once, its answer as it is, and no more than are allowed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from leverkit.api.client import ReadOnlyLever
from leverkit.api.requests.steps import Do, Operation, Sleep, Turn
from leverkit.api.threads import thread_pool
from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.log import ExchangeLog

WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before a read is sent again after an accident
AT_ONCE = 10  # requests at once, to provoke a 429


class ContractReader(ReadOnlyLever):
    """A Lever account that is asked what it does. It only reads."""

    def __init__(self, log: ExchangeLog, **given: Any) -> None:
        """Open the account; `given` are the parameters of `ReadOnlyLever`."""
        super().__init__(**given)
        self.log = log

    def ask(self, ask: Ask) -> Exchange:
        """Send a request and return the exchange; after 429, 5xx or no answer again, a few times.

        Raises OverBudget.
        """
        if ask.after:
            self._session.run(_pause(ask.after))
        return self._session.run(self._until_answered("GET", ask.path, ask.params, None))

    def provoke(self, ask: Ask, times: int) -> list[Exchange]:
        """Send a request many times, several at once and without waiting for a turn."""
        with thread_pool(AT_ONCE) as pool:
            return list(pool.map(lambda _: self._hasty(ask), range(times)))

    def _hasty(self, ask: Ask) -> Exchange:
        self.log.take()
        return self._session.run(self._answered("GET", ask.path, ask.params, None))

    def _until_answered(
        self, method: str, path: str, params: Mapping[str, Any], body: Any
    ) -> Operation[Exchange]:
        exchange = yield from self._sent(method, path, params, body)
        for wait in WAITS:
            if not is_accident(exchange):
                break
            yield Sleep(wait)
            exchange = yield from self._sent(method, path, params, body)
        return exchange

    def _sent(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Operation[Exchange]:
        """Send once, when there is a turn."""
        self.log.take()
        yield Turn()
        exchange = yield from self._answered(method, path, params, body)
        if exchange.status == 429:
            yield Do(partial(self.pace.refused, exchange.retry_after))
        return exchange

    def _answered(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Operation[Exchange]:
        """Send at once and keep the exchange, with its time."""
        began = time.monotonic()
        response = yield from self._session.once(method, path, params=params, body=body)
        return self.log.add(method, path, params, body, response, time.monotonic() - began)


def _pause(seconds: float) -> Operation[None]:
    yield Sleep(seconds)


def is_accident(exchange: Exchange) -> bool:
    """Return True for no answer, 429, 5xx, and a success without JSON."""
    status = exchange.status
    return status is None or status == 429 or status >= 500 or (status < 300 and exchange.content is None)
