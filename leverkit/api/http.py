"""One request to Lever, at the common pace, repeated until there is an answer; the only room with httpx.

429 is always repeated, for some minutes; no answer, 5xx and unreadable answers a few times; other
4xx never. Reads can be repeated at any time; whoever writes is asked before each repetition whether
it may be, as somebody may have undone what was written meanwhile.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from random import random as chance
from typing import Any, TypeVar

import httpx

from leverkit.api.auth import LOOPBACK, Secret, Signature
from leverkit.api.rate_limit import Pace
from leverkit.api.responses import Answer, read, seconds_ahead
from leverkit.errors import Unreachable

WORTH = 3.0  # seconds of waiting that are worth a word
BETWEEN = 10.0  # seconds between two words


class Waits:
    """What all threads of a client report their waits to; says so now and then, until a request succeeds."""

    def __init__(
        self, say: Callable[[str], None] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say or _line, clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._said = float("-inf")

    def begin(self, why: str, seconds: float) -> None:
        """Note that a request waits so long before it is repeated."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            waited = now - self._since
            if waited + seconds < WORTH or now - self._said < BETWEEN:
                return
            self._said = now
        so_far = f", {waited:.0f} s so far" if waited >= 1 else ""
        self._say(f"{why}: waiting {seconds:.0f} s before the next try{so_far}")

    def over(self) -> None:
        """Note that a request succeeded."""
        if self._since is not None:  # asked without the lock, as nearly every request finds nothing to do
            with self._lock:
                self._since = None


def _line(text: str) -> None:
    """Write a line, on a terminal in place of the progress, which is shown anew below it."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)


T = TypeVar("T")
CONNECTIONS = 16
PATIENCE = 300.0  # seconds of nothing but 429 after which a request gives up
LONGEST_ANSWER = 120.0  # seconds in which a body that has begun must end
FIRST_CONTACT = 2  # retries before anything ever answered: a wrong address should say so soon


@cache
def _authorities(environment: bool) -> ssl.SSLContext:
    """Return who may vouch for Lever's host; to load them takes 80 ms, so once a process."""
    return httpx.create_ssl_context(trust_env=environment)


class Wire:
    """The connection to one account. Thread-safe; at most 16 connections at once."""

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        scheme: str,
        pace: Pace,
        retries: int,
        timeout: float,
        transport: httpx.BaseTransport | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance,
        waits: Waits | None = None,
    ) -> None:
        self.pace, self._retries, self._waits = pace, retries, waits or Waits(lambda _: None)
        self._clock, self._sleep, self._random = clock, sleep, random
        self._answered = threading.Event()
        self.ahead = 0.0  # seconds by which Lever's clock is ahead of ours, by its latest answer
        abroad = httpx.URL(base_url).host not in LOOPBACK  # no proxy on the way to this computer
        self._http = httpx.Client(
            base_url=base_url,
            auth=Signature(key, scheme),
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            headers={"User-Agent": "leverkit", "Accept": "application/json"},
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            trust_env=abroad,
            verify=_authorities(abroad),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        type: type[T],
        params: Mapping[str, Any] | None = None,
        body: object = None,
        turn_taken: bool = False,
        again: Callable[[bool], bool] | None = None,
    ) -> T:
        """Send until there is a usable answer, and decode it as `type`.

        `turn_taken`: the caller has waited at the pace for the first attempt already.
        `again` is asked when it is the turn of a repetition, and told whether an attempt so far may have had
        its effect (any but those refused with 429); its no ends them.
        Raises AccessDenied, ApiError, and Unreachable when no retry is left: 429 only if that was all.
        """
        started, failures, doubtful = self._clock(), 0, None
        if not turn_taken:
            self.pace.wait()
        while True:
            answer = self._attempt(method, path, params, body)
            try:
                found = read(answer, type, method=method, path=path)
                self._waits.over()
                return found
            except Unreachable as error:
                trouble = error
            if answer.status != 429:
                doubtful = trouble
            if self._is_over(answer, failures, self._clock() - started):
                raise doubtful or trouble
            if answer.status == 429:
                self.pace.refused(answer.retry_after)
            failures += 1
            wait = self._back_off(answer, failures)
            self._waits.begin(_why(answer), wait)
            self._sleep(wait)
            self.pace.wait()
            if again and not again(doubtful is not None):
                self.pace.give_back()
                raise doubtful or trouble

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _attempt(self, method: str, path: str, params: Mapping[str, Any] | None, body: object) -> Answer:
        try:
            with self._http.stream(method, path, params=params, json=body) as response:
                content = self._content(response)
        except httpx.LocalProtocolError:  # its message quotes headers, so perhaps the key
            return Answer(failure="the request could not be sent.")
        except httpx.HTTPError as error:
            return Answer(failure=f"{error.__class__.__name__}: {error or 'no answer'}.")
        self._answered.set()
        self.ahead = seconds_ahead(response.headers.get("date", ""), default=self.ahead)
        return Answer(response.status_code, content, response.headers)

    def _content(self, response: httpx.Response) -> bytes:
        """Read the body; time-outs of the library only limit the wait for its next piece."""
        end = self._clock() + LONGEST_ANSWER
        pieces = []
        for piece in response.iter_bytes():
            pieces.append(piece)
            if self._clock() > end:
                raise httpx.ReadTimeout("the answer did not end")
        return b"".join(pieces)

    def _is_over(self, answer: Answer, failures: int, elapsed: float) -> bool:
        if answer.status == 429:
            return elapsed > PATIENCE
        known = self._answered.is_set()
        return failures >= (self._retries if known else min(self._retries, FIRST_CONTACT))

    def _back_off(self, answer: Answer, failures: int) -> float:
        wait = min(0.5 * 2.0 ** (failures - 1), 30.0) * (0.5 + self._random() / 2)
        return max(wait, answer.retry_after or 0.0)


def _why(answer: Answer) -> str:
    if answer.status is None:
        return f"no answer from Lever ({answer.failure.rstrip('.')})"
    if answer.status == 429:
        return f"Lever refuses with 429, too many requests (for {PATIENCE / 60:.0f} minutes at most)"
    return f"Lever answers {answer.status}" + (", unreadably" if answer.status < 300 else "")
