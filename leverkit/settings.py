"""The account, its key and the folder for files, as the environment or a `.env` names them.

    LEVER_API_KEY or LEVER_ACCESS_TOKEN   the key, or an OAuth token
    LEVER_BASE_URL                        https://api.lever.co/v1
    LEVER_PERFORM_AS                      user id or e-mail in whose name tags are written
    LEVER_WEBHOOK_SECRETS                 signature tokens of webhooks, for the receiver only
    LEVERKIT_WORKSPACE                    ~/leverkit
    LEVERKIT_ACCOUNT_NAME                 the name that people give the account, shown and recorded
    LEVERKIT_DEMO                         1: without a key, use the demo account; 0: never
    LEVERKIT_NOTIFY                       the address that is told how a job ended: a secret; 0: nobody
    LEVERKIT_ENV_FILE                     the `.env` file to read; not looked up in a `.env` itself

The nearest `.env` in the current folder or above it is read too, if only this user can write it and the
folders up to it; the environment wins. A key is sent only to an address from the same source, to Lever's
own hosts, or to this computer.

Without a key and without LEVERKIT_DEMO, the demo account is for persons: somebody at a terminal (both stdin
and stderr), or in a kernel that JupyterLab (JPY_SESSION_NAME) or VS Code (VSCODE_PID, VSCODE_CWD) started.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, overload
from urllib.parse import urlsplit

from leverkit.api.account import AccountLabel
from leverkit.api.auth import LOOPBACK, Secret, checked_url, is_safe_host
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.http import WaitNotices
from leverkit.api.rate_limit import BURST, RATE, Pace
from leverkit.api.shared_rate_limit import shared_budget
from leverkit.environment import NO, Value, Variables, expanded, is_demo_wanted, read_environment
from leverkit.errors import KeyMissing, LeverkitError, UsageError
from leverkit.storage.account_registry import account_folder

PRODUCTION = "https://api.lever.co/v1"
DEMO_NOTICE = (
    "*** demo account *** LEVER_API_KEY is not set, so this is an emulated Lever account "
    "on this computer, with invented people. Nothing reaches Lever."
)


@dataclass(frozen=True)
class Settings:
    """The address of the account, its key, and the workspace folder.

    `webhook_secrets` are the valid signature tokens: several while a token is being rotated. `notify` is the
    address that is told how a job ended. `key_source` and `address_source` say where these come from; `notes`
    what a person should know about that.
    """

    base_url: str = PRODUCTION
    key: Secret | None = None
    scheme: Literal["basic", "bearer"] = "basic"
    perform_as: str | None = None
    home: Path = Path("~/leverkit")
    webhook_secrets: tuple[Secret, ...] = ()
    notify: Secret | None = None
    account_name: str = ""
    demo_allowed: bool = False
    key_source: str = ""
    address_source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be published: key or access token, webhook secrets, where to notify."""
        return (*filter(None, (self.key, self.notify)), *self.webhook_secrets)

    @property
    def demo(self) -> bool:
        """True if these settings mean the demo account: no key is set, and it may take its place."""
        return self.key is None and self.demo_allowed

    @property
    def host(self) -> str:
        """Host of the account, without a port."""
        return LOOPBACK[0] if self.demo else urlsplit(self.base_url).hostname or ""

    @property
    def connection(self) -> str:
        """A line that says which account this is, and where address and key come from."""
        if self.demo:
            return "connecting to the demo account on this computer"
        address = f"{urlsplit(self.base_url).netloc} ({self.address_source or 'the default address'})"
        name = f"account {self.account_name} at " if self.account_name else ""
        return f"connecting to {name}{address}, with the key from {self.key_source}"

    def require_key(self) -> None:
        """Raise KeyMissing where no key is set and the demo account may not take its place."""
        if self.key is None and not self.demo_allowed:
            text = (
                "no key is set, so nothing was done: set LEVER_API_KEY (or LEVER_ACCESS_TOKEN), "
                "or LEVERKIT_DEMO=1 (or --demo) for the demo account"
            )
            raise KeyMissing("; ".join((text, *self.notes)))

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        dotenv: Mapping[str, str | None] | None = None,
        *,
        demo: bool = False,
        person: bool | None = None,
    ) -> Self:
        """Read the environment and `.env`, or the mappings given for them.

        `demo` asks for the demo account where no key is set; `person` says if somebody is there who sees
        that it is the demo, and is found out by default.
        Raises UsageError, which quotes no value.
        """
        values = read_environment(environ, dotenv)
        key, url = _key(values), values["LEVER_BASE_URL"]
        if url.text and not key.text:
            raise UsageError(
                "LEVER_BASE_URL is set, LEVER_API_KEY is not: set it, or unset both for the demo"
            )
        base_url = checked_url(url.text or PRODUCTION)
        _require_one_source(key, url, base_url)
        asked = demo or is_demo_wanted(
            values["LEVERKIT_DEMO"].text, values.person if person is None else person
        )
        unused = "--demo is not used, as a key is set" if demo and key.text else ""
        return cls(
            base_url=base_url,
            key=key.secret if key.text else None,
            scheme="bearer" if values["LEVER_ACCESS_TOKEN"].text else "basic",
            perform_as=values["LEVER_PERFORM_AS"].text or None,
            home=_home(values["LEVERKIT_WORKSPACE"].text),
            webhook_secrets=tuple(
                map(Secret, values["LEVER_WEBHOOK_SECRETS"].text.replace(",", " ").split())
            ),
            notify=_notify(values["LEVERKIT_NOTIFY"]),
            account_name=" ".join(values["LEVERKIT_ACCOUNT_NAME"].text.split()),
            demo_allowed=asked,
            key_source=key.source,
            address_source=url.source,
            notes=tuple(filter(None, (values.refused, unused))),
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
    Raises UsageError for settings that cannot be right, KeyMissing without a key where nobody asked for the
    demo account, LeverkitError if it does not start.
    """
    settings = settings or Settings.from_environment()
    settings.require_key()
    for note in settings.notes:
        print(f"note: {note}", file=sys.stderr, flush=True)
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
        label=AccountLabel(settings.account_name, settings.demo, expanded(str(settings.home))),
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
    return _home(read_environment(None, None)["LEVERKIT_WORKSPACE"].text)


def find_account_folder(account: str, home: Path | None = None) -> Path | None:
    """Return an account's folder in `home`, or in the workspace; None where this user has no workspace.

    Raises UsageError where accounts.json is damaged.
    """
    with suppress(UsageError):
        home = home or workspace()
    return home and account_folder(home, account)


def _home(text: str) -> Path:
    return expanded(text or "~/leverkit")


def _notify(value: Value) -> Secret | None:
    return value.secret if value.text and value.text.lower() not in NO else None


def _key(values: Variables) -> Value:
    """Return the key, or the token; empty if there is neither. Raises UsageError."""
    key, token = values["LEVER_API_KEY"], values["LEVER_ACCESS_TOKEN"]
    if key.text and token.text:
        raise UsageError("LEVER_API_KEY and LEVER_ACCESS_TOKEN are both set: unset one of them")
    found = key if key.text else token
    if not _looks_like_a_key(found.secret):
        raise UsageError("LEVER_API_KEY or LEVER_ACCESS_TOKEN holds spaces or characters that no key has")
    return found


def _require_one_source(key: Value, url: Value, base_url: str) -> None:
    """Raise UsageError where a key would go to a stranger's address from another source than its own."""
    host = urlsplit(base_url).hostname or ""
    if url.source and url.source != key.source and not is_safe_host(host):
        raise UsageError(
            f"LEVER_BASE_URL from {url.source} names {host}, and the key comes from {key.source}: "
            "the key was not sent there. If that is intended, set both in one place"
        )


def _looks_like_a_key(secret: Secret) -> bool:
    text = secret.reveal()
    return text.isascii() and text.isprintable() and " " not in text
