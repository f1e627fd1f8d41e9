"""Read and check accounts.toml: every name in it must be known, and no value may be a key.

No message shows a value of the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from leverkit.accounts import KEYS, AccountEntry, AccountsFile, Limits
from leverkit.api.auth import checked_url, may_be_key
from leverkit.errors import UsageError, did_you_mean
from leverkit.storage.files import open_for_reading
from leverkit.storage.own_file import distrust, nearest

NAME = "accounts.toml"
DEFAULTS = "defaults"
_OWN = (*KEYS, "key_command", "account", "webhook_secrets_env")  # not for `[defaults]`
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.", re.IGNORECASE)  # no file names on Windows
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_USER = re.compile(r"[^\s@]+@[^\s@]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID = re.compile(r"[0-9a-f]{12}")
_HOLDS_KEY = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
_FIELDS = tuple(name for name in AccountEntry.__struct_fields__ if name not in ("name", "folder"))


class NoAccounts(UsageError):
    """There is no accounts.toml where one is looked for."""


def find_accounts(named: str, start: Path) -> AccountsFile:
    """Read the file that is named, or the nearest accounts.toml in a folder or above it.

    Raises UsageError where there is none, it is wrong, or one that was only found could be of others.
    """
    if named:
        return read_accounts_file(Path(os.path.expanduser(named)))
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
    defaults, seen = _table(path, DEFAULTS, tables.get(DEFAULTS, {})), dict[str, str]()
    for name in tables:
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise UsageError(f"{path}: [{other}] and [{name}] differ by case alone, as their files would")
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
    if _DEVICE.fullmatch(name):
        raise UsageError(f"{path}: [{name}] cannot be the name of a file on Windows: choose another")
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
        if not limit >= 0 and (limit != -1 or brake == "max_found_removals"):  # NaN is neither
            least = "0" if brake == "max_found_removals" else "-1 (no limit), 0 (none)"
            raise UsageError(f"{where}: {brake} must be {least} or more")
    for field in ("policy", "workspace"):
        _require_path(f"{where}: {field}", getattr(entry, field))
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
    if entry.key_command and not entry.key_command.strip():
        raise UsageError(f"{where}: key_command is blank")
    texts = [(name, getattr(entry, name)) for name in ("key_command", "policy", "workspace")]
    for field, text in [*texts, *(("labels", label) for label in entry.labels)]:
        if may_be_key(text):
            raise UsageError(f"{where}: {field} holds what looks like a key; it is not shown. {_REPLACE}")


def _require_path(where: str, text: str) -> None:
    """Raise UsageError for a path that none can be, which would stop what is done for all accounts."""
    try:
        found = Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{where} begins with ~ and a user who has no home folder here") from None
    if not str(found).isprintable():
        raise UsageError(f"{where} holds signs that no path has")


def _is_unbroken(text: str) -> bool:
    """Return True for capitals and digits without any `_`, longer than a name of a variable is."""
    return "_" not in text and len(text) > 20 and any(map(str.isdigit, text))
