"""What a nightly job is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from leverkit.errors import Refused, UsageError

KEEP = 90  # days


class SyncOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a nightly job is asked for.

    `out` is the folder for snapshot, runs and report, else the account's own. `rebase` begins a new ledger
    where the old one is lost or foreign. `keep_days` is after how many days run folders are packed,
    `max_seconds` how long it may write, `wait` how many seconds another writer is waited for, `rate` requests
    per second.
    """

    policy: Path
    out: Path | None = None
    matching: str = ""
    dry_run: bool = False
    rebase: bool = False
    keep_days: int = KEEP
    max_found_removals: int | None = None
    max_seconds: float | None = None
    wait: float = 30.0
    rate: float = 9.8

    def __post_init__(self) -> None:
        """Raise UsageError for a dry run that would change the ledger."""
        if self.dry_run and self.rebase:
            raise UsageError("--rebase begins the ledger anew, which is no dry run: give one of the two")

    @property
    def command(self) -> str:
        """Return the command that gives this order, as far as it matters to repeat it."""
        words = ["leverkit", "sync", "--policy", str(self.policy)]
        words += ["-o", str(self.out)] if self.out else []
        return shlex.join(words + (["--matching", self.matching] if self.matching else []))

    @contextmanager
    def naming_rebase(self, ledger: Path) -> Iterator[None]:
        """Add to the error of a damaged ledger the command that makes it again."""
        try:
            yield
        except Refused as error:
            if not str(error).startswith(str(ledger)):
                raise
            raise Refused(f"{error}; `{self.command} --rebase` makes it again") from None
