"""Clients for tests: as fast as the emulator answers, with a hook before each request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.emulator.running import Running


class Hooked(httpx.BaseTransport):
    """Real HTTP; `before` is called with the number of each request, counted from 1."""

    def __init__(self, before: Callable[[int], None] | None = None) -> None:
        self._http, self._before = httpx.HTTPTransport(verify=False), before
        self._lock, self.count = threading.Lock(), 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        with self._lock:
            self.count += 1
            number = self.count
        if self._before:
            self._before(number)
        return self._http.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Bound(Hooked):
    """A Lever whose offsets are valid only with the filter under which they were given."""

    def __init__(self, before: Callable[[int], None] | None = None) -> None:
        super().__init__(before)
        self._given: dict[str, str] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; refuse an offset of another filter."""
        filters = str(request.url.params.remove("offset"))
        offset = request.url.params.get("offset")
        if offset and self._given.get(offset + filters) is None:
            refusal = {"code": "BadRequestError", "message": "Invalid offset token: of another filter"}
            return httpx.Response(400, json=refusal)
        response = super().handle_request(request)
        response.read()
        following = response.json().get("next")
        if following:
            self._given[following + filters] = filters
        return response


class Forgetful(Hooked):
    """A Lever that refuses the sixth to eighth offset sent to it, as if they were too old."""

    offsets = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, or refuse its offset."""
        with self._lock:
            self.offsets += "offset" in request.url.params
            if "offset" in request.url.params and 6 <= self.offsets <= 8:
                return httpx.Response(400, json={"message": "Invalid offset token: too old"})
        return super().handle_request(request)


class Altered(Hooked):
    """A Lever that shows other fields of some opportunities; a filter by time hides those without that time.

    `fields` are the changes by id; `page` is put in place of each page of opportunities.
    """

    def __init__(self, fields: dict[str, dict[str, Any]], page: Any = None) -> None:
        super().__init__()
        self._fields, self._page = fields, page

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and alter the answer."""
        response = super().handle_request(request)
        response.read()
        if not request.url.path.endswith("/opportunities") or response.status_code != 200:
            return response
        page = response.json()
        rows = [row | self._fields.get(row["id"], {}) for row in page["data"]]
        if any(name.startswith("created_at") for name in request.url.params):
            rows = [row for row in rows if row.get("createdAt", 0) is not None]
        return httpx.Response(200, json=page | {"data": rows} | (self._page or {}))


def reader(
    account: Running,
    before: Callable[[int], None] | None = None,
    *,
    kind: Callable[[Callable[[int], None] | None], httpx.BaseTransport] = Hooked,
    **options: Any,
) -> ReadOnlyLever:
    """Open an emulated account without a rate limit and without sleeping between attempts."""
    usual = {"base_url": account.base_url, "key": account.api_key, "sleep": lambda _: None}
    return ReadOnlyLever(**{"pace": Pace(1e6, 1000), **usual, **options}, transport=kind(before))


def scripted(*pages: dict[str, Any], **options: Any) -> tuple[Lever, list[httpx.Request]]:
    """Return a client that gets these answers one after the other, then empty pages; and what it sent."""
    left, sent = list(pages), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=left.pop(0) if left else {"data": [], "hasNext": False})

    pace = Pace(1e6, 1000, sleep=lambda _: None)
    usual: dict[str, Any] = {"base_url": "https://lever.test/v1", "key": "k", "sleep": lambda _: None}
    return Lever(**{"pace": pace, **usual, **options}, transport=httpx.MockTransport(answer)), sent
