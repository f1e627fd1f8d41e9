"""One request to Lever, at the shared pace, repeated until there is a usable response.

429 is always retried, for some minutes; no response, 5xx and unreadable responses a few times; a read in
another form than documented once; other 4xx never. Reads can be repeated at any time. Whoever writes is
asked before each retry whether it may be sent, as somebody may have undone meanwhile what was written.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from random import random as random_share
from typing import Any, TypeVar

import httpx

from leverkit.api.auth import LOOPBACK, Secret, Signature
from leverkit.api.rate_limit import Pace
from leverkit.api.responses import Response, http_time, read
from leverkit.errors import ApiError, Unreachable, Unreadable

T = TypeVar("T")
MayRetry = Callable[[bool], bool]
REPORTED_WAIT = 3.0  # seconds of waiting from which a wait is reported
BETWEEN_NOTICES = 10.0  # seconds between two reports
CONNECTIONS = 16
PATIENCE = 300.0  # seconds of nothing but 429 after which a request gives up
LONGEST_RESPONSE = 120.0  # seconds in which a body that has begun must end
FIRST_CONTACT = 2  # retries before the first response ever: a wrong address should show soon


class WaitNotices:
    """Where all threads of a client report their waits; prints a notice now and then, until a success."""

    def __init__(
        self, show: Callable[[str], None] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show, self._clock = show or _show_line, clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._last_notice = float("-inf")

    def start(self, why: str, seconds: float) -> None:
        """Note that a request waits so many seconds before its retry."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            waited = now - self._since
            if waited + seconds < REPORTED_WAIT or now - self._last_notice < BETWEEN_NOTICES:
                return
            self._last_notice = now
        so_far = f", {waited:.0f} s so far" if waited >= 1 else ""
        self._show(f"{why}: waiting {seconds:.0f} s before the next try{so_far}")

    def stop(self) -> None:
        """Note that a request succeeded."""
        if self._since is not None:  # read without the lock, as nearly every request has nothing to stop
            with self._lock:
                self._since = None


class HttpSession:
    """The connections to one account. Thread-safe; at most 16 at once."""

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
        random: Callable[[], float] = random_share,
        waits: WaitNotices | None = None,
    ) -> None:
        self.pace, self._retries, self._waits = pace, retries, waits or WaitNotices(lambda _: None)
        self._clock, self._sleep, self._random = clock, sleep, random
        self._hide = key.hidden
        self._answered = threading.Event()
        self.ahead = 0.0  # seconds by which Lever's clock is ahead of ours, by its latest response
        self.date_ms: int | None = None  # Lever's clock in its latest response
        address = httpx.URL(base_url)
        remote = address.host not in LOOPBACK  # this computer is reached without a proxy
        self._http = httpx.Client(
            base_url=base_url,
            auth=Signature(key, scheme),
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            headers={"User-Agent": "leverkit", "Accept": "application/json"},
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            trust_env=remote,
            verify=(remote or address.scheme == "https") and _ssl_context(remote),
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
        may_retry: MayRetry | None = None,
    ) -> T:
        """Send until there is a usable response, and decode it as `type`.

        `turn_taken`: the caller has waited at the pace for the first attempt already.
        `may_retry` is called when a retry has its turn, with True if an attempt so far may have had its
        effect (any but those refused with 429); no retry follows if it returns False.
        Raises AccessDenied, ApiError (`in_doubt` if an attempt before may have had its effect), and
        Unreachable when no retry is left: for 429 only if every attempt was refused with it; Unreadable.
        """
        started, failures, doubtful = self._clock(), 0, None
        if not turn_taken:
            self.pace.wait()
        while True:
            response = self._attempt(method, path, params, body)
            try:
                return self._usable(response, type, method, path)
            except (Unreachable, Unreadable) as error:
                failure = error
            except ApiError as error:
                error.in_doubt = doubtful is not None
                raise
            if response.status != 429:
                doubtful = failure
            if self._is_over(failure, failures, self._clock() - started):
                raise doubtful or failure
            if response.status == 429:
                self.pace.refused(response.retry_after)
            failures += 1
            wait = self._back_off(response, failures)
            self._waits.start(_why(response), wait)
            self._sleep(wait)
            self.pace.wait()
            if may_retry and not may_retry(doubtful is not None):
                self.pace.give_back()
                raise doubtful or failure

    def _usable(self, response: Response, type: type[T], method: str, path: str) -> T:
        found = read(response, type, method=method, path=path, hide=self._hide)
        self._waits.stop()
        return found

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _attempt(self, method: str, path: str, params: Mapping[str, Any] | None, body: object) -> Response:
        try:
            with self._http.stream(method, path, params=params, json=body) as response:
                content = self._content(response)
        except httpx.LocalProtocolError:
            return Response(failure="the request could not be sent.")
        except (httpx.NetworkError, httpx.TimeoutException) as error:
            return Response(failure=f"{error.__class__.__name__}: {error or 'no answer'}.")
        except httpx.HTTPError as error:  # its message may quote headers or what the server sent
            return Response(failure=f"{error.__class__.__name__}.")
        self._answered.set()
        if (second := http_time(response.headers.get("date", ""))) is not None:
            self.ahead, self.date_ms = second - time.time(), int(second + 1) * 1000
        return Response(response.status_code, content, response.headers)

    def _content(self, response: httpx.Response) -> bytes:
        """Return the body; time-outs of the library limit only the wait for its next piece."""
        end = self._clock() + LONGEST_RESPONSE
        pieces = []
        for piece in response.iter_bytes():
            pieces.append(piece)
            if self._clock() > end:
                raise httpx.ReadTimeout("the answer did not end")
        return b"".join(pieces)

    def _is_over(self, failure: ApiError, failures: int, elapsed: float) -> bool:
        if failure.status == 429:
            return elapsed > PATIENCE
        if isinstance(failure, Unreadable):
            return failures >= 1
        answered = self._answered.is_set()
        return failures >= (self._retries if answered else min(self._retries, FIRST_CONTACT))

    def _back_off(self, response: Response, failures: int) -> float:
        wait = min(0.5 * 2.0 ** (failures - 1), 30.0) * (0.5 + self._random() / 2)
        return max(wait, response.retry_after or 0.0)


@cache
def _ssl_context(environment: bool) -> ssl.SSLContext:
    """Return the trusted certificates; loading them takes 80 ms, so once per process."""
    return httpx.create_ssl_context(trust_env=environment)


def _show_line(text: str) -> None:
    """Write a line to stderr; on a terminal it replaces the progress, which is drawn again below it."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)


def _why(response: Response) -> str:
    if response.status is None:
        return f"no answer from Lever ({response.failure.rstrip('.')})"
    if response.status == 429:
        return f"Lever refuses with 429, too many requests (for {PATIENCE / 60:.0f} minutes at most)"
    return f"Lever answers {response.status}" + (", unreadably" if response.status < 300 else "")
