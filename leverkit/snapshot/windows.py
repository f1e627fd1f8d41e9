"""Windows over `created_at` that are cut while they are read, so that many requests can read at once.

A window is the part of the listing created from `lo` to `hi` (both inclusive, as Lever's filters) that
comes after `cursor`. No input or output here. Nothing depends on the order of the listing, which Lever
does not document; the order only guides where to cut. What a cut may keep of the cursor:

* *portable* cursors: an offset continues after the same record under a narrower filter, so both halves
  keep it and no record is read twice. Offsets in recordings are sort keys, which makes this likely. It is
  undocumented, so `agree` judges a trial on the account itself before it is relied on;
* otherwise a window is cut only right after its first page, and its pieces start from their beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

EARLIEST = 1_262_304_000_000  # 2010, before Lever was founded: a cut by time makes no sense before it
FIRST_PIECES, PIECES, DEEPEST = 8, 4, 3


@dataclass(frozen=True)
class Window:
    """Records created from `lo` to `hi` (milliseconds since epoch), after `cursor`.

    It was cut `depth` times, `pages` of it were read since, and its cursor was refused `restarts` times.
    """

    lo: int
    hi: int
    cursor: str | None = None
    pages: int = 0
    depth: int = 0
    restarts: int = 0


def cut(window: Window, created: Sequence[int], pieces: int, *, keep_cursor: bool) -> tuple[Window, ...]:
    """Cut a window into disjoint ones that cover it; `created` are the times of its latest page."""
    edges = sorted({edge for edge in _edges(window, created, pieces) if window.lo <= edge < window.hi})
    starts = [window.lo] + [edge + 1 for edge in edges]
    ends = edges + [window.hi]
    cursor = window.cursor if keep_cursor else None
    return tuple(
        Window(lo, hi, cursor, depth=window.depth + 1, restarts=window.restarts)
        for lo, hi in zip(starts, ends, strict=True)
    )


def _edges(window: Window, created: Sequence[int], pieces: int) -> list[int]:
    """Return where to cut: the unread time in equal parts if the page is ordered by time, else quantiles."""
    ordered = sorted(created)
    floor = EARLIEST if ordered and ordered[0] > EARLIEST else window.lo
    lo, hi = max(window.lo, floor), window.hi
    if not ordered or ordered[0] == ordered[-1]:
        unread = (lo, hi)
    elif ordered == list(created):
        unread = (max(ordered[-1], lo), hi)
    elif ordered[::-1] == list(created):
        unread = (lo, min(ordered[0], hi))
    else:
        return [ordered[len(ordered) * part // pieces] for part in range(1, pieces)]
    start, span = unread[0], unread[1] - unread[0]
    return [start + span * part // pieces for part in range(1, pieces)]


def trial(window: Window, created: Sequence[int]) -> Window:
    """Return the half of a window, without cursor, that holds both read and unread records."""
    ordered = sorted(created)
    middle = ordered[len(ordered) // 2]
    ascending = ordered == list(created) and ordered[0] != ordered[-1]
    half = replace(window, lo=middle) if ascending else replace(window, hi=middle)
    return replace(half, cursor=None)


def agree(read: Sequence[str], afresh: Sequence[str], behind: Sequence[str]) -> bool:
    """Return True if a cursor continued after the same record under a narrower filter.

    `read` are the ids of the page that returned the cursor, `afresh` those of the narrower window's first
    page, `behind` those of its page at the cursor: `afresh` must be some of `read`, then `behind`.
    """
    known = set(read)
    new = [id for id in afresh if id not in known]
    old = [id for id in read if id in set(afresh)]
    return bool(old and new) and list(afresh) == old + new and list(behind[: len(new)]) == new


class WindowQueue:
    """The windows still to be read: gives them out, takes their pages, cuts them while requests are idle."""

    def __init__(self, windows: Sequence[Window], *, portable: bool, most: int = 16) -> None:
        self._free, self._busy = list(windows), 0
        self._portable, self._most = portable, most
        self._idle = False

    @property
    def done(self) -> bool:
        """True if every window was read to its end."""
        return not self._free and not self._busy

    @property
    def open(self) -> int:
        """Number of windows not yet read to their end."""
        return len(self._free) + self._busy

    def take(self) -> Window | None:
        """Return a window to read a page of; None while all are being read."""
        if not self._free:
            self._idle = True
            return None
        self._busy += 1
        return self._free.pop(0)

    def put(self, window: Window, created: Sequence[int], following: str | None) -> tuple[Window, ...]:
        """Take the times of a page of a window; return the windows that are left to read in its place."""
        left: tuple[Window, ...] = ()
        if following is not None:
            left = self._cut(replace(window, cursor=following, pages=window.pages + 1), created)
        return self.restore(left)

    def restore(self, left: tuple[Window, ...]) -> tuple[Window, ...]:
        """Take back the windows that are left of a window that was given out."""
        self._busy -= 1
        self._idle = False
        self._free += left
        return left

    def _cut(self, window: Window, created: Sequence[int]) -> tuple[Window, ...]:
        pieces = self._portable_pieces(window) if self._portable else self._bound_pieces(window)
        return cut(window, created, pieces, keep_cursor=self._portable) if pieces > 1 else (window,)

    def _portable_pieces(self, window: Window) -> int:
        if window.depth == 0:
            return PIECES
        wanted = self._idle and self.open < self._most and window.pages > 1  # or windows would get too small
        return 2 if wanted else 1

    def _bound_pieces(self, window: Window) -> int:
        """Return 1 after the first page: a later cut would read again all that was read of the window."""
        if window.pages > 1 or window.depth >= DEEPEST:
            return 1
        if window.depth == 0:
            return FIRST_PIECES
        return PIECES if self._idle or window.depth < DEEPEST - 1 else 1
