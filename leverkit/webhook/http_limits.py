"""The receiver's HTTP protocol: uvicorn's, with a time-out for headers and a limit of their size."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_S = 5.0  # seconds in which the headers of a request must be complete
MAX_HEADER = 16_384  # bytes


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are slow or large; the body has limits of its own."""

    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; close the connection where headers are large and still not complete."""
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_headers()
        self._head += len(data)
        super().data_received(data)
        if self._timer is not None and self._head > MAX_HEADER and not self.transport.is_closing():
            self.send_400_response("Headers are too large.")

    def on_headers_complete(self) -> None:
        """Begin the request. Raises ValueError, which the parser answers with 400, for large headers."""
        self._stop_timer()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER:
            raise ValueError("headers are too large")
        super().on_headers_complete()

    def _expect_headers(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(HEADER_S, self._close)

    def _close(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
