"""The two drivers of operations: what they ask for is sent and waited for, in a thread or on an event loop.

What to send, when again and when to give up is decided in `requests`; nothing of that is here.
"""

from __future__ import annotations

import base64
import inspect
import ssl
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from copy import copy
from functools import cache, partial
from importlib.metadata import version
from typing import Any, Self, TypeVar

import httpx

from leverkit.api.auth import LOOPBACK, Secret, naming_variables
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.exchange import Exchange
from leverkit.api.requests.log import hide_queries
from leverkit.api.requests.steps import Do, Operation, Send, Sleep, Turn
from leverkit.api.responses import Response

T = TypeVar("T")
CONNECTIONS = 16
LONGEST_RESPONSE = 120.0  # seconds in which a body that has begun must end
LARGEST_RESPONSE = 100_000_000  # bytes, unpacked; a page of Lever has one or two million, a file 30 at most


class Signature(httpx.Auth):
    """Send the key with each request: as Basic user name without a password, or as Bearer token."""

    def __init__(self, key: Secret, scheme: str) -> None:
        self._key, self._scheme = key, scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header last, so that it is kept nowhere else."""
        if self._scheme == "bearer":
            request.headers["Authorization"] = "Bearer " + self._key.reveal()
        else:
            token = base64.b64encode(self._key.reveal().encode() + b":").decode()
            request.headers["Authorization"] = "Basic " + token
        yield request


class AnySession(Exchange):
    """The connections to one account, at most 16 at once, and the operations on it."""

    _http: httpx.Client | httpx.AsyncClient

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        scheme: str,
        pace: Pace,
        timeout: float,
        **given: Any,
    ) -> None:
        super().__init__(key, pace=pace, **given)
        self._timeout, self._owns = timeout, True
        self._settings = _http_settings(base_url, key, scheme)
        hide_queries(base_url)

    def with_options(self, *, timeout: float | None, retries: int | None) -> Self:
        """Return a session with other limits on the same connections; closing it leaves them open."""
        other = copy(self)
        other._timeout = self._timeout if timeout is None else timeout
        other._retries = self._retries if retries is None else retries
        other._owns = False
        return other

    def _request(self, send: Send) -> httpx.Request:
        headers = {"X-Request-Id": send.request_id}
        return self._http.build_request(
            send.method, send.path, params=send.params, json=send.body, headers=headers, timeout=self._timeout
        )


class HttpSession(AnySession):
    """The driver for threads, which may share it."""

    _http: httpx.Client

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **given: Any,
    ) -> None:
        super().__init__(base_url, key, **given)
        self._sleep = sleep
        with naming_variables():
            self._http = httpx.Client(transport=transport, **self._settings)

    def run(self, operation: Operation[T]) -> T:
        """Carry out an operation and return its result. Raises what it raises."""
        try:
            step = next(operation)
            while True:
                step = operation.send(self._done(step))
        except StopIteration as end:
            result: T = end.value
            return result

    def call(self, method: str, path: str, *, type: type[T], **given: Any) -> T:
        """Send one request until there is a usable response; see `Exchange.steps`."""
        return self.run(self.steps(method, path, type=type, **given))

    def close(self) -> None:
        """Close all connections."""
        if self._owns:
            self._http.close()

    def _done(self, step: Send | Sleep | Turn | Do) -> Any:
        match step:
            case Send():
                return self._attempt_now(step)
            case Sleep():
                return self._sleep(step.seconds)
            case Turn():
                return self.pace.wait()
            case Do():
                return step.action()

    def _attempt_now(self, send: Send) -> Response:
        body = _Body(self._clock)
        try:
            response = self._http.send(self._request(send), stream=True)
            try:
                for piece in response.iter_bytes():
                    body.add(piece)
            finally:
                response.close()
        except httpx.HTTPError as error:
            return _failure(error, send)
        return Response(response.status_code, body.content, response.headers, sent_id=send.request_id)


class AsyncHttpSession(AnySession):
    """The driver for an event loop, which is never blocked: what may block is done in a thread."""

    _http: httpx.AsyncClient

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        **given: Any,
    ) -> None:
        super().__init__(base_url, key, **given)
        self._sleep = sleep or _sleep
        with naming_variables():
            self._http = httpx.AsyncClient(transport=transport, **self._settings)

    async def run(self, operation: Operation[T]) -> T:
        """Carry out an operation and return its result. Raises what it raises."""
        try:
            step = next(operation)
            while True:
                step = operation.send(await self._done(step))
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Close all connections."""
        if self._owns:
            await self._http.aclose()

    async def _done(self, step: Send | Sleep | Turn | Do) -> Any:
        match step:
            case Send():
                return await self._attempt_now(step)
            case Sleep():
                return await self._sleep(step.seconds)
            case Turn():
                return await self._turn()
            case Do():
                found = await in_thread(step.action)
                return await found if inspect.isawaitable(found) else found

    async def _turn(self) -> None:
        turn = self.pace.turn()
        while (seconds := await in_thread(partial(next, turn, None))) is not None:
            await self._sleep(seconds)

    async def _attempt_now(self, send: Send) -> Response:
        body = _Body(self._clock)
        try:
            response = await self._http.send(self._request(send), stream=True)
            try:
                async for piece in response.aiter_bytes():
                    body.add(piece)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            return _failure(error, send)
        return Response(response.status_code, body.content, response.headers, sent_id=send.request_id)


async def in_thread(action: Callable[[], T]) -> T:
    """Return what something that may block returns, while the loop goes on."""
    from asyncio import to_thread  # 20 ms, which the client for threads does not need

    return await to_thread(action)


async def _sleep(seconds: float) -> None:
    from asyncio import sleep

    await sleep(seconds)


class _Body:
    """A body that arrives; time-outs of the library limit only the wait for its next piece."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + LONGEST_RESPONSE
        self._pieces, self._size = list[bytes](), 0

    @property
    def content(self) -> bytes:
        return b"".join(self._pieces)

    def add(self, piece: bytes) -> None:
        """Take one more piece. Raises ReadTimeout, DecodingError where the body should have ended."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > LARGEST_RESPONSE:
            raise httpx.DecodingError("the answer is too large")
        if self._clock() > self._end:
            raise httpx.ReadTimeout("the answer did not end")


def _failure(error: httpx.HTTPError, send: Send) -> Response:
    name = type(error).__name__  # a message may quote headers or what the server sent
    if isinstance(error, httpx.LocalProtocolError):
        name = "the request could not be sent"
    elif isinstance(error, httpx.NetworkError | httpx.TimeoutException):
        name = f"{name}: {error or 'no answer'}"
    return Response(failure=f"{name}.", sent_id=send.request_id)


def _http_settings(base_url: str, key: Secret, scheme: str) -> Mapping[str, Any]:
    address = httpx.URL(base_url)
    remote = address.host not in LOOPBACK  # this computer is reached without a proxy
    return {
        "base_url": base_url,
        "auth": Signature(key, scheme),
        "follow_redirects": False,
        "headers": {"User-Agent": f"leverkit/{_version()}", "Accept": "application/json"},
        "limits": httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        "trust_env": remote,
        "verify": (remote or address.scheme == "https") and _ssl_context(),
    }


@cache
def _version() -> str:
    return version("leverkit")


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return the trusted certificates, or those of SSL_CERT_FILE; loading them takes 80 ms, so once."""
    with naming_variables():
        return httpx.create_ssl_context()
