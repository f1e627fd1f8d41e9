"""What opportunities were a moment ago, for reads that lag behind writes (section 10, row 27)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.emulator.account.opportunity import Row, index

if TYPE_CHECKING:
    from leverkit.emulator.account.account import Account

Version = tuple[float, bytes | None, str | None]
KEPT_S = 120.0


class Past:
    """Earlier versions: until when (monotonic seconds), JSON (None: did not exist), posting."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}

    def remember(self, identifier: str, raw: bytes | None, posting: str | None, now: float) -> None:
        """Keep what an opportunity was until now."""
        recent = [each for each in self._versions.get(identifier, ()) if each[0] > now - KEPT_S]
        self._versions[identifier] = [*recent, (now, raw, posting)]

    def row(self, account: Account, identifier: str, at: float) -> Row | None:
        """Return an opportunity as it was at a time, None where it did not exist."""
        for until, raw, posting in self._versions.get(identifier, ()):
            if until > at:
                return None if raw is None else index(raw, account.ranks, posting)
        return account.rows.get(identifier)

    def rows(self, account: Account, at: float) -> Iterator[Row]:
        """Yield every opportunity as it was at a time."""
        for identifier in account.rows.keys() | self._versions.keys():
            row = self.row(account, identifier, at)
            if row is not None:
                yield row
