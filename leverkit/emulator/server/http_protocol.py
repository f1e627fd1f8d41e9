"""The emulator's HTTP protocol: uvicorn's, but a request to change to HTTP/2 is answered in HTTP/1.1.

Java's HttpClient asks so in clear text (`Upgrade: h2c`). Servers ignore that (RFC 9110, 7.8); the parser of
uvicorn takes it that no body follows.
"""

from __future__ import annotations

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_END = b"\r\n\r\n"
_MAX_HEAD = 65_536  # bytes; what is longer goes to the parser as it is


class PlainProtocol(HttpToolsProtocol):
    """Takes the header `Upgrade` out of each head before it is parsed."""

    _head = b""
    _in_request = False

    def data_received(self, data: bytes) -> None:
        """Parse what came; a head waits until it is complete."""
        if not self._in_request:
            data = self._head + data
            end = data.find(_END)
            self._head = data if end < 0 and len(data) < _MAX_HEAD else b""
            if self._head:
                return
            data = _UPGRADE.sub(b"", data[:end]) + data[end:]
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Note that a head is being parsed."""
        self._in_request = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that the next bytes are a head."""
        self._in_request = False
        super().on_message_complete()
