"""How the last commands for an account of accounts.toml ended: a small file in its workspace for each.

It holds no message: those may name tags. An account whose key is refused has no folder of its own, so the
file bears the name of the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
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
        content = msgspec.json.format(msgspec.json.encode(self)) + b"\n"
        files.write_atomic(home / FOLDER / f"{self.account}.{self.command}.json", content)


def outcome(account: str, command: str, exit_code: int, seconds: float) -> CommandOutcome:
    """Return the outcome of a command that ends now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return CommandOutcome(
        account=account, command=command, exit_code=exit_code, ended_at=now, seconds=round(seconds, 1)
    )


def outcomes(home: Path, account: str) -> dict[str, CommandOutcome]:
    """Return the last outcome of each command for an account; one that cannot be read is left out."""
    found = {}
    for path in (home / FOLDER).glob(f"{account}.*.json"):
        with suppress(OSError, msgspec.MsgspecError):
            each = msgspec.json.decode(files.read(path), type=CommandOutcome)
            if each.account == account:  # "a.b" is an account, too, and not the command "b" of "a"
                found[each.command] = each
    return found


def worst(codes: Iterable[int]) -> int:
    """Return the worst of several exit codes; 0 without any."""
    return min(codes, key=severity, default=0)


def severity(code: int) -> int:
    """Return the place of an exit code among the worst; a code that is not known is an error like 1."""
    return WORST_FIRST.index(code if code in WORST_FIRST else 1)
