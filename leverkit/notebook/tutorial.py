"""An old integration and a new one, called by the webhooks of an emulated account, for notebook 50.

The account is always emulated, whatever key the environment holds. The integrations run as programs; their
effects are read from the account.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

from leverkit.errors import LeverkitError
from leverkit.report.html import Html, table
from leverkit.report.text import count
from leverkit.scanner.scan import scan

if TYPE_CHECKING:
    from leverkit.emulator import Running

PROGRAMS = Path(__file__).parent / "templates" / "lesson"
TAG = "speaks German"
EVENTS = ("candidateStageChange", "applicationCreated")
DELIVERY_TIME = 60.0  # seconds for a delivery, in which a program starts, reads and writes


@dataclass(frozen=True, repr=False)
class Program:
    """An integration: a Python file that takes the body of a delivery from standard input."""

    path: Path

    @property
    def source(self) -> str:
        """Return the text of the file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def findings(self) -> Html:
        """Return what the scanner finds in it, one row per finding."""
        import pandas as pd

        columns = ["line", "code", "finding", "instead"]
        rows = [(found.line, found.code, found.message, found.replacement) for found in scan([self.path])]
        caption = f"leverkit scan {self.path.name}; findings: {len(rows)}"
        return table(pd.DataFrame(rows, columns=columns), caption=caption)

    def __repr__(self) -> str:
        return f"<Program {self.path.name}>"  # its folder differs from run to run

    def _repr_html_(self) -> str:
        return Html("<pre><code>{}</code></pre>").format(self.source)


class Lesson:
    """A person with several opportunities, and an account whose webhooks call one of two programs."""

    def __init__(self, account: Running, folder: Path, stack: ExitStack) -> None:
        self._account, self._folder, self._stack = account, folder, stack
        self.old, self.new = (self._program(name) for name in ("old_integration.py", "new_integration.py"))
        self._calls: Program = self.old
        self._contact = _contact(account)
        port = stack.enter_context(_served(self._called))
        self._secrets = [_subscribed(account, event, port) for event in EVENTS]

    @property
    def person(self) -> Html:
        """Return the person's opportunities, oldest first, and which of them carry the tag."""
        import pandas as pd

        rows = [(row["title"], "yes" if TAG in row["tags"] else "no") for row in self._opportunities()]
        tagged = sum(has == "yes" for _, has in rows)
        frame = pd.DataFrame(rows, columns=["opportunity for", f"has “{TAG}”"])
        every = count(len(rows), "opportunity", "opportunities")
        return table(frame, caption=f"One person: the tag is on {tagged} of {every}")

    def move(self, program: Program) -> Html:
        """Move the person's newest opportunity on, so that Lever calls a program; show the person then."""
        self._calls = program
        newest = self._opportunities()[-1]
        stage = self._account.do(
            lambda account: next(s["id"] for s in account.stages if s["id"] != newest["stage"])
        )
        self._delivered(lambda: self._account.move(newest["id"], stage))
        return self.person

    def apply(self, program: Program) -> Html:
        """Let the person apply once more, so that Lever calls a program; show the person then."""
        self._calls = program
        posting = self._account.do(lambda account: next(iter(account.postings)))
        self._delivered(lambda: self._account.create(self._contact, postings=[posting]))
        return self.person

    def clear(self) -> Html:
        """Remove the tag again, by hand."""
        for row in self._opportunities():
            self._account.remove_tags(row["id"], [TAG])
        return self.person

    def close(self) -> None:
        """Stop the account and what listens to it, and drop the folder."""
        self._stack.close()

    def _opportunities(self) -> list[dict[str, Any]]:
        def read(account: Any) -> list[dict[str, Any]]:
            rows = sorted(account.by_contact[self._contact], key=lambda row: row.created)
            return [row.object() | {"title": _title(account, row)} for row in rows]

        found: list[dict[str, Any]] = self._account.do(read)
        return found

    def _program(self, name: str) -> Program:
        (self._folder / name).write_bytes((PROGRAMS / f"{name}.txt").read_bytes())
        return Program(self._folder / name)

    def _called(self, body: bytes) -> int:
        """Run the program on a delivery; return the status to answer."""
        own = {"LEVER_BASE_URL": self._account.base_url, "LEVER_API_KEY": self._account.api_key}
        own |= {"LEVER_WEBHOOK_SECRETS": " ".join(self._secrets), "LEVERKIT_WORKSPACE": str(self._folder)}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEVER_")}
        command = [sys.executable, str(self._calls.path)]
        ended = subprocess.run(
            command,
            input=body,
            env=environment | own,
            capture_output=True,
            timeout=DELIVERY_TIME,
            check=False,
        )
        return 500 if ended.returncode else 200

    def _delivered(self, act: Callable[[], object]) -> None:
        """Do something, and wait until its delivery got a 2xx. Raises LeverkitError if it does not."""
        before = len(self._account.deliveries())
        act()
        deadline = time.monotonic() + DELIVERY_TIME
        while time.monotonic() < deadline:
            news = self._account.deliveries()[before:]
            if news and all(delivery["delivered"] for delivery in news):
                return
            time.sleep(0.05)
        raise LeverkitError(f"{self._calls.path.name} did not take the delivery within {DELIVERY_TIME:.0f} s")


def lesson(people: int = 60) -> Lesson:
    """Begin a lesson on an emulated account with this number of people."""
    from leverkit.emulator import running

    stack = ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leverkit-lesson-")))
    account = stack.enter_context(running(contacts=people, seed=11, webhook_timeout_s=DELIVERY_TIME))
    return Lesson(account, folder, stack)


def _contact(account: Running) -> str:
    """Return a person with three or more opportunities, as many as possible active and for a posting."""

    def choose(state: Any) -> str:
        people: dict[str, list[Any]] = defaultdict(list)
        for row in state.rows.values():
            people[row.contact].append(row)
        fit = {
            contact: sum(bool(row.object()["applications"]) and row.archived is None for row in rows)
            for contact, rows in people.items()
            if len(rows) >= 3 and not any(row.anonymized for row in rows)
        }
        return max(fit, key=lambda contact: (fit[contact], -len(people[contact]), contact))

    chosen: str = account.do(choose)
    return chosen


def _title(account: Any, row: Any) -> str:
    posting = account.postings.get(row.posting)
    return str(posting["text"]) if posting else "no posting"


def _subscribed(account: Running, event: str, port: int) -> str:
    """Register a webhook by the API and return its signature token, which Lever shows only once."""
    key = base64.b64encode(f"{account.api_key}:".encode()).decode()
    hook = {"event": event, "url": f"http://127.0.0.1:{port}/"}
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    request = Request(f"{account.base_url}/webhooks", data=json.dumps(hook).encode(), headers=headers)
    with build_opener(ProxyHandler({})).open(request) as answer:  # no proxy on the way to this computer
        return str(json.load(answer)["data"]["configuration"]["signatureToken"])


@contextmanager
def _served(answer: Callable[[bytes], int]) -> Iterator[int]:
    """Answer POSTs on loopback with a status made from their body; yields the port."""

    class Hooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answer(body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing: the account keeps what was delivered."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
