"""A receiver of notices on loopback, as the address in LEVERKIT_NOTIFY is one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Told:
    """What was received; `status` is how the receiver answers."""

    address: str = ""
    status: int = 200
    notices: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def told() -> Iterator[Told]:
    """Serve for the length of a `with` block."""
    found = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found.address = f"http://127.0.0.1:{server.server_port}/hook/T0PSECRET"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()
