"""accounts.toml: the accounts of somebody who has many, and where the key of each is; never a key.

    [alpha]                              # a name of your own
    key_env = "LEVER_KEY_ALPHA"          # the environment variable that holds the key; or one of
    access_token_env, refresh_token_env  # the same for OAuth tokens
    key_command = "op read op://…"       # prints the key; run only from a file of your own
    base_url = "https://api.lever.co/v1"
    perform_as = "…"                     # user id or e-mail in whose name tags are written
    policy = "alpha/policy.csv"          # paths begin at the folder of accounts.toml
    workspace = "alpha"
    labels = ["emea"]
    account = "3f2a9c1e77b0"             # the id that the key must open
    webhook_secrets_env = "…"            # the variable that holds the signature tokens, for the receiver
    brakes = { max_ops = 200 }

A table `[defaults]` holds what every account has that does not say otherwise.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from leverkit.api.auth import checked_url, may_be_key
from leverkit.errors import UsageError, did_you_mean
from leverkit.storage.files import open_for_reading
from leverkit.storage.own_file import distrust, nearest

NAME = "accounts.toml"
DEFAULTS = "defaults"
KEYS: Mapping[str, str] = {
    "key_env": "LEVER_API_KEY",
    "access_token_env": "LEVER_ACCESS_TOKEN",
    "refresh_token_env": "LEVER_REFRESH_TOKEN",
}
_OWN = (*KEYS, "key_command", "account", "webhook_secrets_env")  # not for `[defaults]`
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_USER = re.compile(r"[^\s@]+@[^\s@]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID = re.compile(r"[0-9a-f]{12}")
_HOLDS_KEY = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)


class NoAccounts(UsageError):
    """There is no accounts.toml where one is looked for."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The brakes of an account, by the names of their options."""

    max_ops: int | None = None
    max_pct: float | None = None
    max_tag_pct: float | None = None
    max_removals: int | None = None
    max_found_removals: int | None = None

    @property
    def given(self) -> dict[str, float]:
        """Return the limits that are set."""
        return {name: limit for name, limit in msgspec.structs.asdict(self).items() if limit is not None}


class AccountEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the file, whose folder relative paths begin at."""

    name: str
    folder: str
    key_env: str = ""
    access_token_env: str = ""
    refresh_token_env: str = ""
    key_command: str = ""
    webhook_secrets_env: str = ""
    base_url: str = ""
    perform_as: str = ""
    policy: str = ""
    workspace: str = ""
    labels: tuple[str, ...] = ()
    account: str = ""
    brakes: Limits = Limits()

    @property
    def key_kind(self) -> str:
        """Return the name of the one field that says where the key is."""
        return next(kind for kind in (*KEYS, "key_command") if getattr(self, kind))

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the environment variables that are this account's."""
        kinds = (*KEYS, "webhook_secrets_env")
        return tuple(filter(None, (getattr(self, kind) for kind in kinds)))

    @property
    def policy_file(self) -> Path | None:
        """Return the file with the decisions, if one is named."""
        return self._path(self.policy)

    @property
    def home(self) -> Path | None:
        """Return the workspace folder, if one is named."""
        return self._path(self.workspace)

    def _path(self, text: str) -> Path | None:
        return Path(self.folder, Path(text).expanduser()) if text else None


NO_ENTRY = AccountEntry(name="", folder="")  # of an account that accounts.toml does not name
_FIELDS = tuple(name for name in AccountEntry.__struct_fields__ if name not in ("name", "folder"))


@dataclass(frozen=True)
class AccountsFile:
    """accounts.toml, read and checked; `distrusted` says why others could have written it."""

    path: Path
    entries: tuple[AccountEntry, ...]
    distrusted: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the accounts, in the order of the file."""
        return tuple(entry.name for entry in self.entries)

    def entry(self, name: str) -> AccountEntry:
        """Return the account of a name. Raises UsageError."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise UsageError(f"{self.path} has no account {name!r}{did_you_mean(name, self.names)}")

    def chosen(self, names: Collection[str], labels: Collection[str]) -> list[AccountEntry]:
        """Return the accounts of these names, or all, that have all these labels. Raises UsageError."""
        known = {label for entry in self.entries for label in entry.labels}
        for label in labels:
            if label not in known:
                raise UsageError(
                    f"{self.path}: no account has the label {label!r}{did_you_mean(label, known)}"
                )
        named = [self.entry(name) for name in dict.fromkeys(names)] or self.entries
        found = [entry for entry in named if set(labels) <= set(entry.labels)]
        if not found:
            raise UsageError(f"{self.path}: no account has all of {', '.join(labels) or 'these names'}")
        return found


def find_accounts(named: str, start: Path) -> AccountsFile:
    """Read the file that is named, or the nearest accounts.toml in a folder or above it.

    Raises UsageError where there is none, it is wrong, or one that was only found could be of others.
    """
    if named:
        return read_accounts_file(Path(named).expanduser())
    path, reason = nearest(start, NAME)
    if path is None:
        raise NoAccounts(
            f"there is no {NAME} in this folder or above it: write one, or name it in LEVERKIT_ACCOUNTS_FILE"
        )
    found = None if reason else read_accounts_file(path)
    if reason := reason or (found.distrusted if found else ""):
        raise UsageError(f"{path} was not read: {reason}. To use it, set LEVERKIT_ACCOUNTS_FILE={path}")
    assert found is not None
    return found


def read_accounts_file(path: Path) -> AccountsFile:
    """Read and check a file. Raises UsageError, which shows no value of it."""
    path = path.absolute()
    try:
        with open_for_reading(path) as file:
            distrusted = distrust(path, os.fstat(file.fileno()))
            tables = tomllib.loads(file.read().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        what = error if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise UsageError(f"{path}: {what}") from None
    return AccountsFile(path, tuple(_entries(path, tables)), distrusted)


def _entries(path: Path, tables: Mapping[str, Any]) -> Iterator[AccountEntry]:
    defaults = _table(path, DEFAULTS, tables.get(DEFAULTS, {}))
    for name in tables:
        if name != DEFAULTS:
            table = _table(path, name, tables[name])
            brakes = {**defaults.get("brakes", {}), **table.get("brakes", {})}
            yield _entry(path, name, {**defaults, **table, "brakes": brakes})


def _table(path: Path, name: str, table: object) -> Mapping[str, Any]:
    """Return a table of which every name is known. Raises UsageError."""
    if may_be_key(name) or not _NAME.fullmatch(name):
        raise UsageError(
            f"{path}: a name of an account has letters, digits, '.', '_' and '-', at most 64, and is no key; "
            "one here does not fit and is not shown"
        )
    if not isinstance(table, Mapping):
        raise UsageError(
            f"{path}: {name} stands outside of a table: begin an account with [its-name]{_hint(name)}"
        )
    where = f"{path}, [{name}]"
    _require_known(where, table, [field for field in _FIELDS if name != DEFAULTS or field not in _OWN])
    brakes = table.get("brakes", {})
    if not isinstance(brakes, Mapping):
        raise UsageError(f"{where}: brakes is a table, such as {{ max_ops = 200 }}")
    _require_known(f"{where}, brakes", brakes, Limits.__struct_fields__)
    return table


def _require_known(where: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for name in table:
        if name not in known:
            if may_be_key(name):
                raise UsageError(f"{where}: a name that looks like a key, and is not shown. {_REPLACE}")
            near = did_you_mean(name, known)
            raise UsageError(
                f"{where}: unknown name {name!r}{near}; known are {', '.join(known)}{_hint(name)}"
            )


_REPLACE = "If it is a key, take it out of the file and make a new one in Lever"


def _hint(name: str) -> str:
    """Return what to do where a name suggests that a key follows."""
    if not _HOLDS_KEY.search(name):
        return ""
    return f". A key never stands in this file: key_env is the name of the variable that holds it. {_REPLACE}"


def _entry(path: Path, name: str, table: Mapping[str, Any]) -> AccountEntry:
    where = f"{path}, [{name}]"
    fields = {"name": name, "folder": str(path.parent)}
    try:
        entry = msgspec.convert({**table, **fields}, AccountEntry)
    except msgspec.ValidationError as error:  # it names the place and the kinds, not the value
        raise UsageError(f"{where}: {error}") from None
    _require_no_key(where, entry)
    kinds = [kind for kind in (*KEYS, "key_command") if getattr(entry, kind)]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none of them"
        raise UsageError(f"{where}: needs one of {', '.join((*KEYS, 'key_command'))}; it has {found}")
    if entry.base_url:
        checked_url(entry.base_url, f"{where}: base_url")
    for brake, limit in entry.brakes.given.items():
        if limit < 0 and limit != -1:
            raise UsageError(f"{where}: {brake} must be -1 (no limit), 0 (none) or more")
    return entry


def _require_no_key(where: str, entry: AccountEntry) -> None:
    """Raise UsageError for a value that may be a key itself, without showing it."""
    for kind in (*KEYS, "webhook_secrets_env"):
        text = getattr(entry, kind)
        if text and (not _VARIABLE.fullmatch(text) or may_be_key(text) or _is_unbroken(text)):
            raise UsageError(
                f"{where}: {kind} must be the name of an environment variable, such as LEVER_KEY_ALPHA, and "
                f"what stands there is none; it is not shown. {_REPLACE}"
            )
    if entry.perform_as and not _USER.fullmatch(entry.perform_as):
        raise UsageError(
            f"{where}: perform_as must be an e-mail address or the id of a user; it is not shown"
        )
    if entry.account and not _ID.fullmatch(entry.account):
        raise UsageError(
            f"{where}: account must be 12 digits (0-9, a-f), as `leverkit accounts check` prints"
        )
    for field, texts in (("key_command", (entry.key_command,)), ("labels", entry.labels)):
        if any(map(may_be_key, texts)):
            raise UsageError(f"{where}: {field} holds what looks like a key; it is not shown. {_REPLACE}")


def _is_unbroken(text: str) -> bool:
    """Return True for capitals and digits without any `_`, longer than a name of a variable is."""
    return "_" not in text and len(text) > 20 and any(map(str.isdigit, text))
