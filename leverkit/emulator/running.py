"""A running emulator for tests and demos: its address, its state, and methods to change it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from leverkit.emulator.account import changes
from leverkit.emulator.account.account import Account, summary
from leverkit.emulator.config import Config, profile_config, with_changes
from leverkit.emulator.endpoints import creation
from leverkit.emulator.generator.generate import generate
from leverkit.emulator.generator.load import load_account
from leverkit.emulator.http.auth import Key
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.server.app import App
from leverkit.emulator.server.control_api import do_page_action
from leverkit.emulator.server.server import Server
from leverkit.emulator.server.service import Service
from leverkit.emulator.server.tls import Certificate


class Running:
    """A served account. Every method runs on the server's loop, between two requests.

    `base_url` ends in /v1. `api_key` has all permissions; `restricted_key` lacks the confidential grant.
    `ca_file` is the certificate that clients of an account served over https have to trust, else None.
    `truth` is tag -> scope ("contact" or "opportunity") of a generated account; no request reaches it.
    """

    def __init__(
        self, service: Service, server: Server, api_key: str, certificate: Certificate | None = None
    ) -> None:
        self._service, self._server, self.api_key = service, server, api_key
        self._certificate = certificate
        self.ca_file = certificate.ca_file if certificate else None
        self.base_url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.port}/v1"
        self.restricted_key = f"{api_key}-restricted"
        self.truth = dict(service.account.truth)

    def stop(self) -> None:
        """Stop the server; open connections break."""
        self._server.stop()
        if self._certificate:
            self._certificate.close()

    def idle_for(self) -> float:
        """Return the seconds since the last request."""
        return time.monotonic() - self._service.last_request

    @property
    def account(self) -> Account:
        """Return the state itself; use it only within `do`."""
        return self._service.account

    def do(self, act: Callable[[Account], Any]) -> Any:
        """Run a function on the account, between two requests."""
        return self._server.call(lambda: act(self.account))

    def state(self) -> dict[str, Any]:
        """Return {"opportunities": {id: sorted tags}, "contacts": {opportunity id: contact id}, …}.

        Further keys: "stages" and "archived" (reason) by opportunity, "tags" (counts), "deleted" (ids).
        """
        result: dict[str, Any] = self.do(summary)
        return result

    def log(self) -> list[dict[str, Any]]:
        """Return the requests so far, oldest first.

        Keys: at (monotonic seconds), method, path (without /v1), query, status (None: no answer), fault, ms.
        """
        return self._server.call(lambda: [dict(entry) for entry in self._service.log])

    def clear_log(self) -> None:
        """Clear the log."""
        self._server.call(self._service.log.clear)

    def configure(self, **switches: Any) -> None:
        """Change switches of the configuration while running."""
        self._server.call(lambda: self._service.configure(**switches))

    def fault(self, kind: str, **options: Any) -> Fault:
        """Set a fault; see `faults.Fault` for kinds and options. Its `fired` counts."""
        return self.add_fault(msgspec.convert({"kind": kind, **options}, Fault))

    def add_fault(self, fault: Fault) -> Fault:
        """Set a fault beside the others and return it."""
        return self._server.call(lambda: self._service.add_fault(fault))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._server.call(self._service.faults.clear)

    def add_tags(self, opportunity: str, tags: Sequence[str]) -> None:
        """Add tags as a person would."""
        self.do(lambda account: changes.add_tags(account, opportunity, tags))

    def remove_tags(self, opportunity: str, tags: Sequence[str]) -> None:
        """Remove tags as a person would."""
        self.do(lambda account: changes.remove_tags(account, opportunity, tags))

    def move(self, opportunity: str, stage: str) -> None:
        """Move an opportunity to a stage, and so within the default listing."""
        self.do(lambda account: changes.move(account, opportunity, stage))

    def archive(self, opportunity: str, reason: str | None) -> None:
        """Archive an opportunity, or unarchive it with None."""
        self.do(lambda account: changes.archive(account, opportunity, reason))

    def delete(self, opportunity: str) -> None:
        """Delete an opportunity: it moves to the deleted listing."""
        self.do(lambda account: changes.delete(account, opportunity))

    def anonymize(self, opportunity: str) -> None:
        """Blank the person's data; an active opportunity is archived first."""
        self.do(lambda account: changes.anonymize(account, opportunity))

    def merge(self, loser: str, winner: str) -> None:
        """Link every opportunity of one contact to another."""
        self.do(lambda account: changes.merge(account, loser, winner))

    def set_confidential(self, opportunity: str, confidential: bool = True) -> None:
        """Make an opportunity confidential, or not."""
        self.do(lambda account: changes.set_confidential(account, opportunity, confidential))

    def create(self, contact: str | None = None, **fields: Any) -> str:
        """Create an opportunity, of a new contact if none is given; return its id."""
        identifier: str = self.do(lambda account: creation.create(account, contact, fields).id)
        return identifier

    def human(self, act: str, **given: Any) -> Any:
        """Do anything else that people do in Lever's pages, by its name in the control API."""
        return self._server.call(lambda: do_page_action(self.account, act, given))

    def work(self, steps: int) -> list[str]:
        """Let the simulated users make so many changes at once; return what they did."""
        return self._server.call(lambda: [self._service.simulated_users.step() for _ in range(steps)])

    def key(self, *, scopes: Sequence[str] | None = None, confidential: bool = True) -> str:
        """Make one more API key, with only some permissions or all."""
        granted = None if scopes is None else list(scopes)
        return self._server.call(lambda: self._service.new_key(granted, confidential=confidential))

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the webhook deliveries so far, each with its attempts so far: later ones change no list."""
        return self._server.call(
            lambda: [each | {"attempts": list(each["attempts"])} for each in self._service.deliveries.history]
        )

    @property
    def oauth(self) -> tuple[str, str]:
        """Return client id and secret for /authorize and /oauth/token beside the base URL."""
        return self._service.oauth.client_id, self._service.oauth.client_secret


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
    story: bool = False,
    profile: str = "lever",
    tls: bool = False,
    **switches: Any,
) -> Iterator[Running]:
    """Serve an account for the length of a `with` block.

    Generated from `seed`, or read from the directory `load`. `rate` in requests per second and `burst`
    limit each key (`rate=None` lifts the limit); `latency` is the median in milliseconds; `truth` names
    a file to write the scopes to. `story` makes the account that newcomers see, else some tags and names
    are hostile. `tls` serves over https, with a certificate of its own. `profile` is "lever", "strict" or
    "chaos"; further keywords are switches of `config.Config`.
    """
    config = profile_config(profile, rate=rate, burst=burst, **switches)
    if latency:
        config = with_changes(config, {"latency_ms": latency})
    where: dict[str, Any] = {"load": load, "api_key": api_key, "port": port, "truth": truth, "tls": tls}
    account = serve(config, contacts=contacts, seed=seed, story=story, **where)
    try:
        yield account
    finally:
        account.stop()


def serve(
    config: Config,
    *,
    contacts: int,
    seed: int,
    load: str | Path | None = None,
    api_key: str | None = None,
    port: int = 0,
    truth: str | Path | None = None,
    story: bool = False,
    tls: bool = False,
) -> Running:
    """Make an account and serve it until `stop`. Raises OSError for files or a port that cannot be had."""
    certificate = Certificate() if tls else None
    if load is not None:
        account = load_account(Path(load))
    else:
        account = generate(contacts=contacts, seed=seed, config=config, story=story)
    if truth is not None:
        Path(truth).write_bytes(msgspec.json.encode(account.truth))
    key = api_key or secrets.token_urlsafe(24)
    restricted = f"{key}-restricted"
    keys = [Key(key, key), Key(restricted, restricted, confidential=False)]
    service = Service(account, keys, config, seed=seed)
    server = Server(App(service, seed=seed), port=port, tls=certificate.context if certificate else None)
    server.start()
    if config.humans:
        server.call(service.simulated_users.restart)
    return Running(service, server, key, certificate)
