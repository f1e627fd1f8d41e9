"""Earlier versions of opportunities, for reads that lag behind writes (section 10, row 27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leverkit.emulator.account.opportunity import Row, read_row

Version = tuple[float, bytes | None, str | None]
KEPT_S = 120.0


class History:
    """Versions by opportunity id: valid until (monotonic seconds), JSON (None: did not exist), posting.

    `rows` and `ranks` are the live ones of the account.
    """

    def __init__(self, rows: Mapping[str, Row], ranks: Mapping[str, float]) -> None:
        self._rows, self._ranks = rows, ranks
        self._versions: dict[str, list[Version]] = {}

    def record(self, identifier: str, raw: bytes | None, posting: str | None, now: float) -> None:
        """Keep what an opportunity was until now."""
        recent = [version for version in self._versions.get(identifier, ()) if version[0] > now - KEPT_S]
        self._versions[identifier] = [*recent, (now, raw, posting)]

    def row(self, identifier: str, at: float) -> Row | None:
        """Return an opportunity as it was at a time, None if it did not exist."""
        for until, raw, posting in self._versions.get(identifier, ()):
            if until > at:
                return None if raw is None else read_row(raw, self._ranks, posting)
        return self._rows.get(identifier)

    def rows(self, at: float) -> Iterator[Row]:
        """Yield every opportunity as it was at a time."""
        for identifier in self._rows.keys() | self._versions.keys():
            row = self.row(identifier, at)
            if row is not None:
                yield row
