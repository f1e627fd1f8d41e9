"""The account, its key and the folder for files, as the environment or a `.env` names them.

    LEVER_API_KEY or LEVER_ACCESS_TOKEN   the key, or an OAuth token as it is
    LEVER_REFRESH_TOKEN                   instead: the refresh token of an OAuth consent, with
    LEVER_CLIENT_ID, LEVER_CLIENT_SECRET  the application's; LEVER_TOKEN_URL where Lever's is not meant
    LEVER_BASE_URL                        https://api.lever.co/v1
    LEVER_PERFORM_AS                      user id or e-mail in whose name tags are written
    LEVER_WEBHOOK_SECRETS                 signature tokens of webhooks, for the receiver only
    LEVERKIT_WORKSPACE                    ~/leverkit
    LEVERKIT_ACCOUNT                      an account of accounts.toml, which gives its key and all else of it
    LEVERKIT_ACCOUNTS_FILE                the accounts.toml; else one in the current folder or above it
    LEVERKIT_ACCOUNT_NAME                 the name that people give the account, shown and recorded
    LEVERKIT_DEMO                         1: without a key, use the demo account; 0: never
    LEVERKIT_NOTIFY                       the address that is told how a job ended: a secret; 0: nobody
    LEVERKIT_LOG                          debug: a line on stderr for each request
    LEVERKIT_TOKEN_FILE                   where refreshed OAuth tokens are kept, for their owner alone
    LEVERKIT_ENV_FILE                     the `.env` file to read; not looked up in a `.env` itself

The nearest `.env` in the current folder or above it is read too, if only this user can write it and its
folders; the environment wins. A key goes only to an address from its source, to Lever, or to this computer.

Without a key and without LEVERKIT_DEMO, the demo account is for persons: somebody at a terminal (both stdin
and stderr), or in a kernel that JupyterLab (JPY_SESSION_NAME) or VS Code (VSCODE_PID, VSCODE_CWD) started.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack, overload
from urllib.parse import urlsplit

from leverkit.accounts import AccountEntry
from leverkit.api.account import AccountLabel
from leverkit.api.auth import LOOPBACK, Secret, checked_url
from leverkit.api.rate_limit import BURST, RATE, Pace
from leverkit.api.requests.log import show_requests
from leverkit.api.requests.waits import WaitNotices
from leverkit.api.shared_rate_limit import shared_budget
from leverkit.credentials import find_key, find_notify, require_named, require_one_source
from leverkit.environment import expanded, is_demo_wanted, is_log_wanted, read_environment
from leverkit.errors import KeyMissing, LeverkitError, UsageError
from leverkit.extras import require
from leverkit.storage.account_registry import account_folder

if TYPE_CHECKING:
    from leverkit.api.asynchronous import AsyncLever, AsyncReadOnlyLever
    from leverkit.api.client import Lever, ReadOnlyLever

PRODUCTION = "https://api.lever.co/v1"
WORKSPACE = "~/leverkit"
DEMO_NOTICE = (
    "*** demo account *** LEVER_API_KEY is not set, so this is an emulated Lever account "
    "on this computer, with invented people. Nothing reaches Lever."
)


@dataclass(frozen=True)
class Settings:
    """The address of the account, its key, and the workspace folder.

    `webhook_secrets` are the valid signature tokens: several while a token is being rotated. `notify` is the
    address that is told how a job ended. `key_source` and `address_source` say where these come from; `notes`
    what a person should know about that. `entry` is the account of accounts.toml, if one is chosen.
    """

    base_url: str = PRODUCTION
    key: Secret | None = None
    scheme: Literal["basic", "bearer"] = "basic"
    perform_as: str | None = None
    home: Path = Path(WORKSPACE)
    webhook_secrets: tuple[Secret, ...] = ()
    notify: Secret | None = None
    account_name: str = ""
    demo_allowed: bool = False
    key_source: str = ""
    address_source: str = ""
    log: bool = False
    notes: tuple[str, ...] = ()
    entry: AccountEntry | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be published: key or access token, webhook secrets, where to notify."""
        return (*filter(None, (self.key, self.notify)), *self.webhook_secrets)

    @property
    def demo(self) -> bool:
        """Return True if these settings mean the demo account: no key is set, and it may take its place."""
        return self.key is None and self.demo_allowed

    @property
    def host(self) -> str:
        """Return the host of the account, without a port."""
        return LOOPBACK[0] if self.demo else urlsplit(self.base_url).hostname or ""

    @property
    def connection(self) -> str:
        """Return a line that says which account this is, and where address and key come from."""
        if self.demo:
            return "connecting to the demo account on this computer"
        address = f"{urlsplit(self.base_url).netloc} ({self.address_source or 'the default address'})"
        name = f"account {self.account_name} at " if self.account_name else ""
        return f"connecting to {name}{address}, with the key from {self.key_source}"

    def require_key(self) -> None:
        """Raise KeyMissing where no key is set and the demo account may not take its place."""
        if self.key is None and not self.demo_allowed:
            how = "LEVER_API_KEY (or LEVER_ACCESS_TOKEN), or LEVERKIT_DEMO=1 (or --demo) for the demo account"
            if self.entry:
                how = f"{self.entry.variables[0]}, which accounts.toml names for account {self.entry.name}"
            raise KeyMissing("; ".join((f"no key is set, so nothing was done: set {how}", *self.notes)))

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
        key, url = find_key(values), values["LEVER_BASE_URL"]
        if url.text and key is None and not values.entry:
            raise UsageError(
                "LEVER_BASE_URL is set, LEVER_API_KEY is not: set it, or unset both for the demo"
            )
        base_url = checked_url(url.text or PRODUCTION)
        if key and not values.entry:  # an entry of accounts.toml names both
            require_one_source(key.source, url, base_url)
        person = values.person if person is None else person
        asked = not values.entry and (demo or is_demo_wanted(values["LEVERKIT_DEMO"].text, person))
        unused = "--demo is not used, as a key is set" if demo and key else ""
        return cls(
            base_url=base_url,
            key=key.secret if key else None,
            scheme=key.scheme if key else "basic",
            perform_as=values["LEVER_PERFORM_AS"].text or None,
            home=_home(values["LEVERKIT_WORKSPACE"].text),
            webhook_secrets=tuple(
                map(Secret, values["LEVER_WEBHOOK_SECRETS"].text.replace(",", " ").split())
            ),
            notify=find_notify(values["LEVERKIT_NOTIFY"]),
            account_name=" ".join(values["LEVERKIT_ACCOUNT_NAME"].text.split()),
            demo_allowed=asked,
            key_source=key.source if key else "",
            address_source=url.source,
            log=is_log_wanted(values["LEVERKIT_LOG"].text),
            notes=tuple(filter(None, (values.refused, unused))),
            entry=values.entry,
        )


class _Options(TypedDict, total=False):
    settings: Settings | None
    rate: float
    burst: int
    waits: WaitNotices | None


@overload
def connect(*, write: Literal[True], **options: Unpack[_Options]) -> Lever: ...
@overload
def connect(*, write: Literal[False] = ..., **options: Unpack[_Options]) -> ReadOnlyLever: ...


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
    Sends no request, except for an account of accounts.toml: Refused if the key opens another than that.
    Raises UsageError for settings that cannot be right, KeyMissing without a key where nobody asked for the
    demo account, LeverkitError if it does not start.
    """
    from leverkit.api.client import Lever, ReadOnlyLever  # here, as httpx is slow to load

    return (Lever if write else ReadOnlyLever)(**parts(settings, rate, burst, waits))


@overload
def connect_async(*, write: Literal[True], **options: Unpack[_Options]) -> AsyncLever: ...
@overload
def connect_async(*, write: Literal[False] = ..., **options: Unpack[_Options]) -> AsyncReadOnlyLever: ...


def connect_async(
    *,
    write: bool = False,
    settings: Settings | None = None,
    rate: float = RATE,
    burst: int = BURST,
    waits: WaitNotices | None = None,
) -> AsyncReadOnlyLever:
    """Open the account of the environment for an event loop: `connect`, with methods to be awaited."""
    from leverkit.api.asynchronous import AsyncLever, AsyncReadOnlyLever

    return (AsyncLever if write else AsyncReadOnlyLever)(**parts(settings, rate, burst, waits))


def parts(settings: Settings | None, rate: float, burst: int, waits: WaitNotices | None) -> dict[str, Any]:
    """Return what a client is made of, for every kind of it. Raises as `connect`."""
    settings = settings or Settings.from_environment()
    settings.require_key()
    for note in settings.notes:
        print(f"note: {note}", file=sys.stderr, flush=True)
    if settings.log:
        show_requests()
    base_url, key = settings.base_url, settings.key
    if key is None:
        print(DEMO_NOTICE, file=sys.stderr, flush=True)
        base_url, key = _demo_account()
    parts: dict[str, Any] = {
        "base_url": base_url,
        "key": key,
        "scheme": settings.scheme,
        "perform_as": settings.perform_as,
        "pace": Pace(rate, burst, budget=shared_budget(base_url, key)),
        "waits": waits or WaitNotices(),
        "label": AccountLabel(settings.account_name, settings.demo, expanded(str(settings.home))),
    }
    if settings.entry:
        from leverkit.api.client import ReadOnlyLever

        with ReadOnlyLever(**parts) as lever:  # also for an event loop, which waits for this moment
            require_named(lever.account, settings.entry)
    return parts


def _demo_account() -> tuple[str, Secret]:
    """Return base URL and key of the demo account. Raises LeverkitError if it does not start."""
    require("emulator")
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
    return expanded(text or WORKSPACE)
