"""How the last commands for an account of accounts.toml ended: a small file in its workspace for each.

It holds no message: those may name tags. An account whose key is refused has no folder of its own, so the
file bears the name of the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leverkit.storage import files

FOLDER = "commands"
# From worst to best: which exit code a command for many accounts ends with.
WORST_FIRST = (64, 12, 6, 4, 1, 5, 3, 11, 8, 130, 2, 0)


class CommandOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a command for an account ended, when (ISO 8601, UTC), and how many seconds it took."""

    format: int = 1
    account: str
    command: str
    exit_code: int
    ended_at: str
    seconds: float

    def write(self, home: Path) -> None:
        """Write it into a workspace, in place of the last of this command. Raises OSError."""
        files.write_json(home / FOLDER / f"{self.account}.{self.command}.json", self)


def outcome(account: str, command: str, exit_code: int, seconds: float) -> CommandOutcome:
    """Return the outcome of a command that ends now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return CommandOutcome(
        account=account, command=command, exit_code=exit_code, ended_at=now, seconds=round(seconds, 1)
    )


def outcomes(home: Path, account: str) -> dict[str, CommandOutcome]:
    """Return the last outcome of each command for an account; one that cannot be read is left out."""
    paths = (home / FOLDER).glob(f"{account}.*.json")
    found = (files.read_json(path, CommandOutcome) for path in paths)
    # "a.b" is an account, too, and not the command "b" of "a".
    return {each.command: each for each in found if each and each.account == account}


def worst(codes: Iterable[int]) -> int:
    """Return the worst of several exit codes; 0 without any."""
    return min(codes, key=severity, default=0)


def severity(code: int) -> int:
    """Return the place of an exit code among the worst; a code that is not known is an error like 1."""
    return WORST_FIRST.index(code if code in WORST_FIRST else 1)
