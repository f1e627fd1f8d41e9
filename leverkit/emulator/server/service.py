"""An account and everything that serves it: keys, faults, deliveries, simulated users, request log."""

from __future__ import annotations

import secrets
import time
from collections import deque
from typing import Any

from leverkit.emulator.account.account import Account
from leverkit.emulator.config import Config, with_changes
from leverkit.emulator.http.auth import Key
from leverkit.emulator.http.deliveries import Deliveries
from leverkit.emulator.http.faults import Fault, Faults
from leverkit.emulator.server.admission import Admission
from leverkit.emulator.server.oauth import OAuth
from leverkit.emulator.server.simulated_users import SimulatedUsers

LOG = 200_000


class Service:
    """What the HTTP application, the control API and the status page work on.

    `log` holds one entry per request under /v1; `last_request` is in monotonic seconds.
    """

    def __init__(self, account: Account, keys: list[Key], config: Config, *, seed: int = 0) -> None:
        self.account = account
        self.faults = Faults(seed)
        self.admission = Admission(account, keys)
        self.oauth = OAuth(account, self.admission)
        self.deliveries = Deliveries(account)
        self.simulated_users = SimulatedUsers(account)
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG)
        self.last_request = time.monotonic()
        account.emit = self.deliveries.publish
        account.config = config
        self._start_history()

    def configure(self, **switches: Any) -> Config:
        """Change switches while running; a new rate limit starts full. Return the new configuration.

        Raises msgspec.ValidationError.
        """
        self.account.config = with_changes(self.account.config, switches)
        if switches.keys() & {"rate", "burst"}:
            self.admission.reset_limits()
        self._start_history()
        self.simulated_users.restart()
        return self.account.config

    def new_key(self, scopes: list[str] | None, *, confidential: bool) -> str:
        """Make one more API key, with only some permissions or all (None); return it."""
        secret = secrets.token_urlsafe(24)
        granted = None if scopes is None else frozenset(scopes)
        self.admission.add(Key(secret, secret, confidential, granted))
        return secret

    def add_fault(self, fault: Fault) -> Fault:
        """Set a fault beside the others and return it."""
        self.faults.add(fault)
        self._start_history()
        return fault

    def _start_history(self) -> None:
        """Keep earlier versions from now on if any read is to be stale."""
        config = self.account.config
        delays = [name for name in config.__struct_fields__ if name.startswith("stale_")]
        if any(getattr(config, name) for name in delays) or any(
            fault.kind == "stale" for fault in self.faults.all
        ):
            self.account.start_history()
