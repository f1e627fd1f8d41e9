"""Windows over `created_at` that are cut while they are read, so that many requests can read at once.

A window is the part of the listing created from `lo` to `hi` (both inclusive, as Lever's filters) that
comes after `cursor`. No input or output here. Nothing depends on the order of the listing, which Lever
does not document; the order only guides where to cut. A cut costs half a request, as the last page of each
window is half empty; so there are no more windows than keep the requests in flight that the rate and the
latency need. What a cut may keep of the cursor:

* *portable* cursors: an offset continues after the same record under a narrower filter, so both halves
  keep it and no record is read twice. Offsets in recordings are sort keys, which makes this likely. It is
  undocumented, so `agree` judges a trial on the account itself before it is relied on;
* otherwise a window is cut only right after its first page, and its pieces start from their beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leverkit.snapshot.rows import LATEST

EARLIEST = 1_262_304_000_000  # 2010, before Lever was founded: a cut by time makes no sense before it
LOWEST, HIGHEST = -(2**62), 2**62  # ends of a window that is open there: no filter is sent for it
REACH = 1000  # times the span of what was read: how far away unread records are looked for
PIECES, SMALLEST = 4, 6  # of the first cut; and the pages of a window from which it may be cut again
EARLY = 2  # cuts after which a window is still large, however few of its pages were read
BOUND_PIECES, DEEPEST = 12, 3


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


def cut(
    window: Window, created: Sequence[int], pieces: int, *, keep_cursor: bool, seen: tuple[int, int]
) -> tuple[Window, ...]:
    """Cut a window into disjoint ones that cover it, by equal parts of the time that may hold unread records.

    `created` are the times of its latest page, `seen` the first and the last of all that was read.
    """
    lo, hi = _unread(window, created, seen)
    wanted = {lo + (hi - lo) * part // pieces for part in range(1, pieces)}
    edges = sorted(edge for edge in wanted if window.lo <= edge < window.hi)
    starts = [window.lo] + [edge + 1 for edge in edges]
    ends = edges + [window.hi]
    cursor = window.cursor if keep_cursor else None
    return tuple(
        Window(lo, hi, cursor, depth=window.depth + 1, restarts=window.restarts)
        for lo, hi in zip(starts, ends, strict=True)
    )


def _unread(window: Window, created: Sequence[int], seen: tuple[int, int]) -> tuple[int, int]:
    """Return from when to when records of a window may be unread; less if its pages are ordered by time.

    A listing by stage begins with people of the last days, so equal parts of the time are better than
    quantiles of a page.
    """
    first, last = seen
    reach = REACH * max(last - first, 1)
    lo = max(window.lo, first - reach, EARLIEST if first > EARLIEST else window.lo)
    hi = min(window.hi, last + reach)
    ordered = sorted(created)
    if not ordered or ordered[0] == ordered[-1]:
        return lo, hi
    if ordered == list(created):
        return max(lo, ordered[-1]), hi
    if ordered[::-1] == list(created):
        return lo, min(hi, ordered[0])
    return lo, hi


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
    """The windows still to be read: gives them out, takes their pages, cuts them while there are too few."""

    def __init__(self, windows: Sequence[Window], *, portable: bool) -> None:
        self._free, self._busy = list(windows), 0
        self._portable = portable
        self._seen: tuple[int, int] | None = None

    @property
    def done(self) -> bool:
        """Return True if every window was read to its end."""
        return not self._free and not self._busy

    @property
    def open(self) -> int:
        """Return the number of windows not yet read to their end."""
        return len(self._free) + self._busy

    def take(self) -> Window | None:
        """Return a window to read a page of; None while all are being read."""
        if not self._free:
            return None
        self._busy += 1
        return self._free.pop(0)

    def put(
        self, window: Window, created: Sequence[int], following: str | None, *, wanted: int
    ) -> tuple[Window, ...]:
        """Take the times of a page of a window; return the windows that are left to read in its place.

        It is cut if fewer than `wanted` windows are open.
        """
        left: tuple[Window, ...] = ()
        if following is not None:
            left = self._cut(replace(window, cursor=following, pages=window.pages + 1), created, wanted)
        return self.restore(left)

    def restore(self, left: tuple[Window, ...]) -> tuple[Window, ...]:
        """Take back the windows that are left of a window that was given out."""
        self._busy -= 1
        self._free += left
        return left

    def _cut(self, window: Window, created: Sequence[int], wanted: int) -> tuple[Window, ...]:
        times = [at for at in created if 0 < at < LATEST] or [EARLIEST]
        first, last = self._seen or (times[0], times[0])
        seen = self._seen = min(first, *times), max(last, *times)
        choose = _portable_pieces if self._portable else _bound_pieces
        pieces = choose(window, self.open < wanted)
        if pieces == 1:
            return (window,)
        return cut(window, times, pieces, keep_cursor=self._portable, seen=seen)


def _portable_pieces(window: Window, starving: bool) -> int:
    if window.depth == 0:
        return PIECES
    large = window.pages >= SMALLEST or window.depth <= EARLY
    return 2 if starving and large else 1


def _bound_pieces(window: Window, starving: bool) -> int:
    """Return 1 after the first page: a later cut would read again all that was read of the window."""
    if window.pages > 1 or window.depth >= DEEPEST:
        return 1
    if window.depth == 0:
        return BOUND_PIECES
    return PIECES if starving else 1
