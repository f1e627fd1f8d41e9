"""The account, its key and the folder for files, from the environment; no other module reads it.

    LEVER_API_KEY or LEVER_ACCESS_TOKEN   the key, or an OAuth token; without either: the demo account
    LEVER_BASE_URL                        https://api.lever.co/v1
    LEVER_PERFORM_AS                      user id or e-mail in whose name tags are written
    LEVER_WEBHOOK_SECRETS                 signature tokens of webhooks, for the receiver only
    LEVERKIT_WORKSPACE                    ~/leverkit

A `.env` file in the current directory or above it is read too; the environment wins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, overload

from dotenv import dotenv_values, find_dotenv

from leverkit.api.auth import Secret, checked_url
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.http import WaitNotices
from leverkit.api.rate_limit import BURST, RATE, Pace
from leverkit.api.shared_rate_limit import shared_budget
from leverkit.errors import LeverkitError, UsageError

PRODUCTION = "https://api.lever.co/v1"
VARIABLES = (
    "LEVER_API_KEY",
    "LEVER_ACCESS_TOKEN",
    "LEVER_BASE_URL",
    "LEVER_PERFORM_AS",
    "LEVER_WEBHOOK_SECRETS",
    "LEVERKIT_WORKSPACE",
)
DEMO_NOTICE = (
    "*** demo account *** LEVER_API_KEY is not set, so this is an emulated Lever account "
    "on this computer, with invented people. Nothing reaches Lever."
)


@dataclass(frozen=True)
class Settings:
    """The address of the account, its key, and the workspace folder.

    `webhook_secrets` are the valid signature tokens: several while a token is being rotated.
    """

    base_url: str = PRODUCTION
    key: Secret | None = None
    scheme: Literal["basic", "bearer"] = "basic"
    perform_as: str | None = None
    home: Path = Path("~/leverkit")
    webhook_secrets: tuple[Secret, ...] = ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be published: the key or access token, and the webhook secrets."""
        return (*((self.key,) if self.key else ()), *self.webhook_secrets)

    @property
    def demo(self) -> bool:
        """True if no key is set, so that these settings mean the demo account."""
        return self.key is None

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, dotenv: Mapping[str, str | None] | None = None
    ) -> Self:
        """Read the environment and `.env`, or the mappings given for them.

        Raises UsageError, which quotes no value.
        """
        values = _secrets(environ, dotenv)
        key, token = values["LEVER_API_KEY"], values["LEVER_ACCESS_TOKEN"]
        secret = key if key.reveal() else token
        if key.reveal() and token.reveal():
            raise UsageError("LEVER_API_KEY and LEVER_ACCESS_TOKEN are both set: unset one of them")
        if not _looks_like_a_key(secret):
            raise UsageError("LEVER_API_KEY or LEVER_ACCESS_TOKEN holds spaces or characters that no key has")
        url = values["LEVER_BASE_URL"].reveal()
        if url and not secret.reveal():
            raise UsageError(
                "LEVER_BASE_URL is set, LEVER_API_KEY is not: set it, or unset both for the demo"
            )
        return cls(
            base_url=checked_url(url or PRODUCTION),
            key=secret if secret.reveal() else None,
            scheme="bearer" if token.reveal() else "basic",
            perform_as=values["LEVER_PERFORM_AS"].reveal() or None,
            home=Path(values["LEVERKIT_WORKSPACE"].reveal() or "~/leverkit").expanduser(),
            webhook_secrets=tuple(
                map(Secret, values["LEVER_WEBHOOK_SECRETS"].reveal().replace(",", " ").split())
            ),
        )


@overload
def connect(
    *,
    write: Literal[True],
    settings: Settings | None = ...,
    rate: float = ...,
    burst: int = ...,
    waits: WaitNotices | None = ...,
) -> Lever: ...
@overload
def connect(
    *,
    write: Literal[False] = ...,
    settings: Settings | None = ...,
    rate: float = ...,
    burst: int = ...,
    waits: WaitNotices | None = ...,
) -> ReadOnlyLever: ...


def connect(
    *,
    write: bool = False,
    settings: Settings | None = None,
    rate: float = RATE,
    burst: int = BURST,
    waits: WaitNotices | None = None,
) -> ReadOnlyLever:
    """Open the account of the environment, read-only unless `write`; without a key, the demo account.

    `rate` is requests per second, of the 10 that Lever allows a key. All processes of this user on this
    machine that use the key share one queue. `waits` reports waits for Lever, by default on stderr.
    Sends no request.
    Raises UsageError for settings that cannot be right, LeverkitError if the demo account does not start.
    """
    settings = settings or Settings.from_environment()
    base_url, key = settings.base_url, settings.key
    if key is None:
        print(DEMO_NOTICE, file=sys.stderr, flush=True)
        base_url, key = _demo_account()
    make = Lever if write else ReadOnlyLever
    return make(
        base_url=base_url,
        key=key,
        scheme=settings.scheme,
        perform_as=settings.perform_as,
        pace=Pace(rate, burst, budget=shared_budget(base_url, key)),
        waits=waits or WaitNotices(),
    )


def _demo_account() -> tuple[str, Secret]:
    """Return base URL and key of the demo account. Raises LeverkitError if it does not start."""
    from leverkit.emulator import background  # it loads a web server

    try:
        base_url, key = background.demo_account()
    except background.NotStarted as error:
        raise LeverkitError(str(error)) from None
    return base_url, Secret(key)


def workspace() -> Path:
    """Return the folder for snapshots, policies and runs: LEVERKIT_WORKSPACE, or ~/leverkit."""
    return Settings.from_environment().home


def _secrets(environ: Mapping[str, str] | None, dotenv: Mapping[str, str | None] | None) -> dict[str, Secret]:
    """Return our variables as secrets, so that no traceback with local variables shows the key."""
    environ = os.environ if environ is None else environ
    dotenv = _dotenv() if dotenv is None else dotenv
    return {name: Secret((environ.get(name) or dotenv.get(name) or "").strip()) for name in VARIABLES}


def _dotenv() -> Mapping[str, str | None]:
    path = find_dotenv(usecwd=True)
    return dotenv_values(path, interpolate=False) if path else {}


def _looks_like_a_key(secret: Secret) -> bool:
    text = secret.reveal()
    return text.isascii() and text.isprintable() and " " not in text
