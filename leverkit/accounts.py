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

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from leverkit.errors import UsageError, did_you_mean

KEYS: Mapping[str, str] = {
    "key_env": "LEVER_API_KEY",
    "access_token_env": "LEVER_ACCESS_TOKEN",
    "refresh_token_env": "LEVER_REFRESH_TOKEN",
}


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
        if not self.entries:
            raise UsageError(f"{self.path} names no account yet: begin one with [its-name]")
        named = [self.entry(name) for name in dict.fromkeys(names)] or self.entries
        found = [entry for entry in named if set(labels) <= set(entry.labels)]
        if not found:
            raise UsageError(f"{self.path}: no account that is asked for has all of {', '.join(labels)}")
        return found
