"""An emulated account as tests and demos hold it: its address, its state, and a hand to change it with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from leverkit.emulator import humans, state
from leverkit.emulator.account import Account
from leverkit.emulator.app import App
from leverkit.emulator.auth import Key
from leverkit.emulator.config import Config
from leverkit.emulator.faults import Fault
from leverkit.emulator.generate import generate
from leverkit.emulator.load import load as load_account
from leverkit.emulator.server import Server


class Running:
    """A served account. Every method runs on the server's loop, so between two requests.

    `base_url` ends in /v1. `api_key` may do everything; `restricted_key` sees nothing confidential.
    `truth` is tag -> scope ("contact" or "opportunity") of a generated account; no request reaches it.
    """

    def __init__(self, server: Server, api_key: str) -> None:
        self._server, self.api_key = server, api_key
        self.base_url = f"http://127.0.0.1:{server.port}/v1"
        self.restricted_key = f"{api_key}-restricted"
        self.truth = dict(server.app.account.truth)

    def idle_for(self) -> float:
        """Return the seconds since the last request."""
        return self._server.idle_for()

    @property
    def account(self) -> Account:
        """Return the state itself; touch it only through `do`."""
        return self._server.app.account

    def do(self, act: Callable[[Account], Any]) -> Any:
        """Run a function on the account, between two requests."""
        return self._server.call(lambda: act(self.account))

    def state(self) -> dict[str, Any]:
        """Return {"opportunities": {id: sorted tags}, "contacts": {opportunity id: contact id}, "stages", "archived", "tags": counts, "deleted": ids}."""
        result: dict[str, Any] = self.do(state.summary)
        return result

    def log(self) -> list[dict[str, Any]]:
        """Return the requests so far: at (monotonic seconds), method, path (without /v1), query, status (None: no answer), fault."""
        return self._server.call(lambda: [dict(entry) for entry in self._server.app.log])

    def clear_log(self) -> None:
        """Forget the requests so far."""
        self._server.call(self._server.app.log.clear)

    def configure(self, **changes: Any) -> None:
        """Change switches of the configuration while running."""
        self._server.call(lambda: self._server.app.configure(**changes))

    def fault(self, kind: str, **options: Any) -> Fault:
        """Let requests go wrong: see `faults.Fault` for kinds and options. Its `fired` counts."""
        fault = msgspec.convert({"kind": kind, **options}, Fault)
        self._server.call(lambda: self._server.app.faults.add(fault))
        return fault

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self._server.call(self._server.app.faults.clear)

    def add_tags(self, opportunity: str, tags: Sequence[str]) -> None:
        """Tag an opportunity by hand."""
        self.do(lambda account: humans.add_tags(account, opportunity, tags))

    def remove_tags(self, opportunity: str, tags: Sequence[str]) -> None:
        """Untag an opportunity by hand."""
        self.do(lambda account: humans.remove_tags(account, opportunity, tags))

    def move(self, opportunity: str, stage: str) -> None:
        """Move an opportunity to a stage, so to another place in the default listing."""
        self.do(lambda account: humans.move(account, opportunity, stage))

    def archive(self, opportunity: str, reason: str | None) -> None:
        """Archive an opportunity, or with None take it back."""
        self.do(lambda account: humans.archive(account, opportunity, reason))

    def delete(self, opportunity: str) -> None:
        """Delete an opportunity: it moves to the deleted listing."""
        self.do(lambda account: humans.delete(account, opportunity))

    def anonymize(self, opportunity: str) -> None:
        """Archive an opportunity if need be, and blank the person's data."""
        self.do(lambda account: humans.anonymize(account, opportunity))

    def merge(self, loser: str, winner: str) -> None:
        """Link every opportunity of one contact to another."""
        self.do(lambda account: humans.merge(account, loser, winner))

    def set_confidential(self, opportunity: str, confidential: bool = True) -> None:
        """Make an opportunity confidential, or not."""
        self.do(lambda account: humans.set_confidential(account, opportunity, confidential))

    def create(self, contact: str | None = None, **fields: Any) -> str:
        """Create an opportunity, of a new contact if none is given; returns its id."""
        identifier: str = self.do(lambda account: humans.create(account, contact, fields))
        return identifier


@contextmanager
def running(
    *,
    contacts: int = 200,
    seed: int = 1,
    rate: float | None = 10.0,
    burst: int = 20,
    latency: float = 0.0,
    load: str | Path | None = None,
    api_key: str | None = None,
    port: int = 0,
    truth: str | Path | None = None,
    **switches: Any,
) -> Iterator[Running]:
    """Serve an account for the length of a `with` block.

    Generated from `seed`, or read from the directory `load`. `rate` in requests a second and `burst`
    limit each key (`rate=None` lifts the limit); `latency` is the median in milliseconds; `truth` names
    a file to write the scopes to. Further keywords are switches of `config.Config`.
    """
    config = Config(rate=rate, burst=burst, latency_ms=latency, **switches)
    account = load_account(Path(load)) if load is not None else generate(contacts=contacts, seed=seed)
    if truth is not None:
        Path(truth).write_bytes(msgspec.json.encode(account.truth))
    server, key = serve(account, config, api_key=api_key, port=port, seed=seed)
    try:
        yield Running(server, key)
    finally:
        server.stop()


def serve(
    account: Account, config: Config, *, api_key: str | None, port: int, seed: int
) -> tuple[Server, str]:
    """Start a server for an account; returns it and the key."""
    key = api_key or secrets.token_urlsafe(24)
    keys = [Key(key), Key(f"{key}-restricted", confidential=False)]
    server = Server(App(account, keys, config, seed=seed), port=port)
    server.start()
    return server, key
