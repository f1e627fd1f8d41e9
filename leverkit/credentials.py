"""The key or token: exactly one of three kinds, the address it may be sent to, the account it must open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from platformdirs import user_data_dir

from leverkit.accounts import KEYS, AccountEntry
from leverkit.api.account import Account
from leverkit.api.auth import Secret, checked_url, is_safe_host
from leverkit.api.oauth import RefreshedToken
from leverkit.environment import NO, Value, Variables, expanded
from leverkit.errors import Refused, UsageError
from leverkit.storage.account_registry import KnownAccount, read_accounts
from leverkit.storage.files import digest

KINDS = tuple(KEYS.values())
TOKEN_URL = "https://auth.lever.co/oauth/token"
SANDBOX_TOKEN_URL = "https://sandbox-lever.auth0.com/oauth/token"
SANDBOX = "api.sandbox.lever.co"
AUTH0 = "sandbox-lever.auth0.com"


@dataclass(frozen=True)
class Key:
    """A key or token, how it is sent, and where it comes from."""

    secret: Secret
    scheme: Literal["basic", "bearer"]
    source: str


def find_key(values: Variables) -> Key | None:
    """Return the key or token that the variables name; None where they name none. Raises UsageError."""
    found = [name for name in KINDS if values[name].text]
    if not found:
        return None
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} are both set: unset one of them")
    key = values[found[0]]
    if not _looks_like_a_key(key.secret):
        raise UsageError(f"{found[0]} holds spaces or characters that no key has")
    if found[0] == "LEVER_REFRESH_TOKEN":
        return Key(_refreshed(values), "bearer", key.source)
    return Key(key.secret, "basic" if found[0] == "LEVER_API_KEY" else "bearer", key.source)


def require_one_source(source: str, url: Value, address: str, name: str = "LEVER_BASE_URL") -> None:
    """Raise UsageError where a key would go to a stranger's address from another source than its own."""
    host = urlsplit(address).hostname or ""
    if url.source and url.source != source and not is_safe_host(host) and host != AUTH0:
        raise UsageError(
            f"{name} from {url.source} names {host}, and the key comes from {source}: "
            "the key was not sent there. If that is intended, set both in one place"
        )


def require_named(account: Account, entry: AccountEntry) -> None:
    """Raise Refused unless a key opens the account that its entry in accounts.toml stands for.

    That is the account whose id stands there, or else the one that had the name in the workspace until now.
    """
    here = account.registered()
    if entry.account in (account.id, account.fingerprint(), *(here.also if here else ())):
        return
    if not (why := _is_another(account, entry, here)):
        return
    raise Refused(
        f"the key of {entry.name} opens account {account.id} at {account.host}, {why}; nothing was done. "
        f'Check the key; if it is right, write account = "{account.id}" under [{entry.name}] in accounts.toml'
    )


def _is_another(account: Account, entry: AccountEntry, here: KnownAccount | None) -> str:
    """Return why an account is not the one that its entry stands for; empty where nothing says so."""
    if entry.account:
        return f"and accounts.toml expects {entry.account}"
    named = [known for known in read_accounts(account.label.workspace) if known.name == entry.name]
    own = {here.id if here else "", account.id}  # another process may have written it since `here` was read
    if named and own.isdisjoint(known.id for known in named):
        return f"and {entry.name} was account {named[0].id} at {named[0].host} until now"
    return f"which is known as {here.name}" if here and here.name not in ("", entry.name) else ""


def find_notify(value: Value) -> Secret | None:
    """Return the address that is told how a job ended; None where nobody is."""
    return value.secret if value.text and value.text.lower() not in NO else None


def _refreshed(values: Variables) -> RefreshedToken:
    client, secret, token = (
        values[f"LEVER_{name}"] for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
    )
    if not client.text or not secret.text:
        raise UsageError(
            "LEVER_REFRESH_TOKEN needs LEVER_CLIENT_ID and LEVER_CLIENT_SECRET of the application"
        )
    named, sandbox = values["LEVER_TOKEN_URL"], SANDBOX in values["LEVER_BASE_URL"].text
    url = checked_url(named.text or (SANDBOX_TOKEN_URL if sandbox else TOKEN_URL), "LEVER_TOKEN_URL")
    require_one_source(secret.source, named, url, "LEVER_TOKEN_URL")
    return RefreshedToken(
        client_id=client.text,
        client_secret=secret.secret,
        refresh_token=token.secret,
        file=_token_file(values["LEVERKIT_TOKEN_FILE"].text, [client.text, url, token.text]),
        url=url,
    )


def _token_file(named: str, consent: list[str]) -> Path:
    """Return the file of a consent's tokens; not in the cache: who loses it has to ask for consent again."""
    if named:
        return expanded(named)
    try:
        return Path(user_data_dir("leverkit")) / "oauth" / f"{digest(consent)[:16]}.json"
    except RuntimeError:
        raise UsageError(
            "this user has no home folder to keep refreshed tokens in: set LEVERKIT_TOKEN_FILE"
        ) from None


def _looks_like_a_key(secret: Secret) -> bool:
    text = secret.reveal()
    return text.isascii() and text.isprintable() and " " not in text
