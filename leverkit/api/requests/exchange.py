"""One request, repeated until there is a usable response: which step comes next, and when it gives up.

429 is always retried, for some minutes; no response, 5xx and unreadable responses a few times; a read in
another form than documented once; other 4xx never. Reads can be repeated at any time. Whoever writes is
asked before each retry whether it may be sent, as somebody may have undone meanwhile what was written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from random import random as random_share
from secrets import token_hex
from typing import Any, TypeVar

from leverkit.api.auth import ExpiringToken, Secret
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.log import log_request
from leverkit.api.requests.steps import Do, Operation, Send, Sleep, Turn
from leverkit.api.requests.waits import PATIENCE, WaitNotices, why
from leverkit.api.responses import Response, http_time, read
from leverkit.errors import ApiError, Unreachable, Unreadable

T = TypeVar("T")
MayRetry = Callable[[bool], Any]
FIRST_CONTACT = 2  # retries before the first response ever: a wrong address should show soon


class ServerClock:
    """Lever's clock, by the Dates of its responses, which name whole seconds.

    `ahead` are the seconds by which it is ahead of ours: as few as the Dates allow, so that two clocks that
    agree are told apart by no part of a second. `at_most` is the most that they allow, `date_ms` the end of
    the latest one's second (ms since epoch).
    """

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.ahead = self.at_most = 0.0
        self.date_ms: int | None = None
        self._range = -inf, inf

    def note(self, date: str, *, sent: float, received: float) -> None:
        """Take over the Date of a response; the request was sent and answered at these times of ours (s)."""
        self.answered.set()
        if (second := http_time(date)) is None:
            return
        self.date_ms = int(second + 1) * 1000
        least, most = second - received, second + 1 - sent
        known_least, known_most = self._range
        if max(least, known_least) <= min(most, known_most):  # else a clock was set: only this one counts
            least, most = max(least, known_least), min(most, known_most)
        self._range = least, most
        self.ahead, self.at_most = max(least, min(most, 0.0)), most


class Exchange:
    """Requests to one account, as operations. Threads may share it."""

    def __init__(
        self,
        key: Secret,
        *,
        pace: Pace,
        retries: int,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_share,
        waits: WaitNotices | None = None,
    ) -> None:
        self.pace, self._retries, self._waits = pace, retries, waits or WaitNotices(lambda _: None)
        self._clock, self._random, self._key = clock, random, key
        self.server = ServerClock()

    def steps(
        self,
        method: str,
        path: str,
        *,
        type: type[T],
        params: Mapping[str, Any] | None = None,
        body: object = None,
        turn_taken: bool = False,
        may_retry: MayRetry | None = None,
    ) -> Operation[T]:
        """Send until there is a usable response; decode it as `type`.

        `turn_taken`: the caller has waited at the pace for the first attempt already.
        `may_retry` is called when a retry has its turn, with True if an attempt may have had its effect (any
        but those refused with 429); no retry follows if it returns False.
        Raises AccessDenied, ApiError (`in_doubt` if an attempt may have had its effect all the same), and
        Unreachable when no retry is left: for 429 only if every attempt was refused with it; Unreadable.
        """
        started, failures, doubtful = self._clock(), 0, None
        send = Send(method, path, params, body, token_hex(4))
        if not turn_taken:
            yield Turn()
        while True:
            ask = partial(may_retry, doubtful is not None) if may_retry else None
            response = yield from self._attempt(send, failures, ask)
            if response is None:
                raise doubtful or _not_sent(send)
            try:
                return self._usable(response, type, send)
            except (Unreachable, Unreadable) as error:
                failure = error
            except ApiError as error:
                error.in_doubt = doubtful is not None or not error.code  # a gateway's word, not Lever's
                raise
            if response.status != 429:
                doubtful = failure
            if self._is_over(failure, failures, self._clock() - started):
                raise doubtful or failure
            failures += 1
            yield from self._wait(response, failures)
            if may_retry and not (yield Do(partial(may_retry, doubtful is not None))):
                yield Do(self.pace.give_back)
                raise doubtful or failure

    def once(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
    ) -> Operation[Response]:
        """Send once, without waiting for a turn, and return the answer whatever it is."""
        found = yield from self._attempt(Send(method, path, params, body, token_hex(4)), 0)
        assert found is not None  # as nobody is asked
        return found

    def _wait(self, response: Response, failures: int) -> Operation[None]:
        """Wait before a retry, and for its turn."""
        if response.status == 429:
            yield Do(partial(self.pace.refused, response.retry_after))
        wait = self._back_off(response, failures)
        self._waits.start(why(response), wait)
        yield Sleep(wait)
        yield Turn()

    def _attempt(
        self, send: Send, failures: int, ask: Callable[[], Any] | None = None
    ) -> Operation[Response | None]:
        """Send once; with a token that expires, one that is valid now, and again if it was refused.

        To replace a token may take long: `ask` tells then whether to send still. None where it says no.
        """
        if not isinstance(self._key, ExpiringToken):
            return (yield from self._sent(send, failures))
        before = self._key.reveal()
        used: Secret = yield Do(self._key.ready)
        if ask and used.reveal() != before and not (yield Do(ask)):
            yield Do(self.pace.give_back)
            return None
        response = yield from self._sent(send, failures)
        if response.status == 401 and (yield Do(partial(self._key.replaced, used))):
            yield Turn()
            if ask and not (yield Do(ask)):
                yield Do(self.pace.give_back)
                return None
            response = yield from self._sent(send, failures)
        return response

    def _sent(self, send: Send, failures: int) -> Operation[Response]:
        began, sent = self._clock(), time.time()
        response: Response = yield send
        if response.status is not None:
            self.server.note((response.headers or {}).get("date", ""), sent=sent, received=time.time())
        log_request(send, response, self._clock() - began, failures + 1, self._key.hidden)
        return response

    def _usable(self, response: Response, type: type[T], send: Send) -> T:
        found = read(response, type, method=send.method, path=send.path, hide=self._key.hidden)
        self._waits.stop()
        return found

    def _is_over(self, failure: ApiError, failures: int, elapsed: float) -> bool:
        if failure.status == 429:
            return elapsed > PATIENCE
        if isinstance(failure, Unreadable):
            return failures >= 1
        answered = self.server.answered.is_set()
        return failures >= (self._retries if answered else min(self._retries, FIRST_CONTACT))

    def _back_off(self, response: Response, failures: int) -> float:
        wait = min(0.5 * 2.0 ** (failures - 1), 30.0) * (0.5 + self._random() / 2)
        return max(wait, response.retry_after or 0.0)


def _not_sent(send: Send) -> ApiError:
    text = "what is to be written has changed while a new token was fetched, so nothing was sent."
    return ApiError(text, method=send.method, path=send.path, status=401, request_id=send.request_id)
