"""Serve an account on loopback from a thread that starts and stops within milliseconds.

uvicorn's protocols are used without its main loop, which takes a tenth of a second to start and to stop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from leverkit.emulator.server.app import App

try:
    from uvicorn.config import Config as UvicornConfig
    from uvicorn.server import ServerState

    from leverkit.emulator.server.http_protocol import PlainProtocol
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"{error}: pip install 'leverkit[emulator]'", name=error.name) from None

T = TypeVar("T")
ASK_AGAIN = 1.0  # seconds


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class Server:
    """An event loop in a thread that serves one application until `stop`; with `tls`, over https."""

    def __init__(self, app: App, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", port), backlog=2048)
        self.port: int = self._socket.getsockname()[1]
        self._state = ServerState()
        self._config = UvicornConfig(
            app,
            http=PlainProtocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=3600,
            h11_max_incomplete_event_size=1 << 20,
        )
        self._config.load()
        self._loop = _new_loop()
        self._serving, self._ending = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="leverkit-emulator", daemon=True)

    def start(self) -> None:
        """Start to serve, first the connections that were made before."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and end the thread; ask again each second until the loop has heard it."""
        self._serving.wait()  # a stop before that would be lost
        while self._thread.is_alive():
            with suppress(RuntimeError):  # it was closed at this moment
                self._loop.call_soon_threadsafe(self._end)
            self._thread.join(ASK_AGAIN)

    def call(self, act: Callable[[], T]) -> T:
        """Run a function on the loop, between two requests, and return what it returns."""

        async def run() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _end(self) -> None:
        if not self._ending:  # a second stop would end what closes the connections
            self._ending = True
            self._loop.stop()

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self._config.http_protocol_class
        protocol: asyncio.Protocol = kind(config=self._config, server_state=self._state, app_state={})
        return protocol

    def _run(self) -> None:
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        loop = self._loop
        asyncio.set_event_loop(loop)
        listener = loop.run_until_complete(
            loop.create_server(self._protocol, sock=self._socket, ssl=self._tls)
        )
        self._serving.set()
        loop.run_forever()
        listener.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()
