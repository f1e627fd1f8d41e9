"""One request to Lever, at the common pace, repeated until there is an answer; the only room with httpx.

429 is always repeated, for some minutes; no answer, 5xx and unreadable answers a few times; other
4xx never. Reads can be repeated at any time; whoever writes is asked before each repetition whether
it may be, as somebody may have undone what was written meanwhile.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Generator, Mapping
from functools import cache
from random import random as chance
from typing import Any, TypeVar

import httpx

from leverkit.answers import Answer, read, seconds_ahead
from leverkit.errors import Unreachable, UsageError
from leverkit.pacing import Pace
from leverkit.patience import Waits

T = TypeVar("T")
CONNECTIONS = 16
PATIENCE = 300.0  # seconds of nothing but 429 after which a request gives up
LONGEST_ANSWER = 120.0  # seconds in which a body that has begun must end
FIRST_CONTACT = 2  # retries before anything ever answered: a wrong address should say so soon
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Secret:
    """A key or token that never shows in a repr, a message, a pickle or a traceback."""

    __slots__ = ("reveal",)

    def __init__(self, value: str) -> None:
        self.reveal: Callable[[], str] = lambda: value  # a closure: no attribute holds the value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")


class Signature(httpx.Auth):
    """Sign requests with the key: as Basic user name without a password, or as Bearer token."""

    def __init__(self, key: Secret, scheme: str) -> None:
        self._key, self._scheme = key, scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header at the last moment, so that it is kept nowhere else."""
        if self._scheme == "bearer":
            request.headers["Authorization"] = "Bearer " + self._key.reveal()
        else:
            token = base64.b64encode(self._key.reveal().encode() + b":").decode()
            request.headers["Authorization"] = "Basic " + token
        yield request


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


def checked_url(text: str) -> str:
    """Return the base URL without a trailing slash; raise UsageError where it is not one, or unsafe."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise UsageError("LEVER_BASE_URL is not a URL, such as https://api.lever.co/v1") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
        raise UsageError(
            "LEVER_BASE_URL must look like https://api.lever.co/v1, without a key or query in it"
        )
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise UsageError(
            f"LEVER_BASE_URL must begin with https:// for {url.host}: http would show the key to the network"
        )
    return str(url).rstrip("/")
