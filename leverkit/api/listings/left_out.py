"""What a reading of a listing left out, or may have."""

from __future__ import annotations

from typing import Any

import msgspec


class ListingWarning(UserWarning):
    """Rows of a listing may be missing: people changed it while it was read, or Lever cut it."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is not among the items of a reading so far; `str` says it in words.

    `confidential`: the listing has confidential items and this key may not see them, or they were not asked
    for. `personal`: fields about candidates that were dropped or not asked for. `repeated`: rows that came
    again and were given once. `skipped`: pages that did not begin with the row that the page before had
    announced. `cut`: pages shorter than asked for though more followed. `more`: `limit` left rows behind.
    """

    confidential: bool = False
    personal: tuple[str, ...] = ()
    repeated: int = 0
    skipped: int = 0
    cut: int = 0
    more: bool = False

    @property
    def complete(self) -> bool:
        """Return True if no row that the filters want is known or suspected to be missing."""
        return not (self.confidential or self.skipped or self.cut or self.more)

    @property
    def trouble(self) -> str:
        """Return what went wrong while reading, in words; empty where nothing did."""
        parts = []
        if self.repeated:
            parts.append(f"rows that came again, given once: {self.repeated}")
        if self.skipped:
            parts.append(f"pages that did not begin with the announced row: {self.skipped}")
        if self.cut:
            parts.append(f"pages cut short: {self.cut}")
        missing = ["rows may be missing"] if self.skipped or self.cut else []
        return "; ".join(parts + missing)

    def plain(self) -> dict[str, Any]:
        """Return the values as JSON has them, for `DataFrame.attrs`."""
        return {**msgspec.structs.asdict(self), "personal": list(self.personal), "complete": self.complete}

    def __str__(self) -> str:
        parts = [self.trouble] if self.trouble else []
        if self.confidential:
            parts.append("confidential items are not among them")
        if self.more:
            parts.append("there are more, beyond the limit")
        if self.personal:
            parts.append(f"without personal fields ({', '.join(self.personal)}): personal=True asks for them")
        return "; ".join(parts) or "nothing was left out"
