"""A receiver of webhook deliveries, and what an emulated account sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import httpx

from leverkit.emulator import Running

ELSEWHERE = "https://example.com/hook"


class Receiver:
    """A web server that keeps what it gets; `answers` are the statuses it gives, 200 after the last."""

    def __init__(self, answers: list[int]) -> None:
        self.got: Queue[tuple[dict[str, str], dict[str, Any]]] = Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.put((dict(self.headers), json.loads(body)))
                self.send_response(answers.pop(0) if answers else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    held = Receiver(list(answers))
    thread = threading.Thread(target=held.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield held
    finally:
        held.server.shutdown()
        thread.join()
        held.server.server_close()


def subscribe(lever: httpx.Client, url: str, event: str, **configuration: Any) -> dict[str, Any]:
    body = {"url": url, "event": event} | ({"configuration": configuration} if configuration else {})
    answer = lever.post("/webhooks", json=body)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()["data"]
    return made


def sent(account: Running, event: str | None = None) -> list[dict[str, Any]]:
    """Return the bodies that were sent, or would have been beyond this computer."""
    return [delivery["body"] for delivery in account.deliveries() if event in (None, delivery["event"])]
