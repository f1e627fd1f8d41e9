"""Read one listing of opportunities to its end, with many requests at once, into a checkpoint.

Every page is stored with what it leaves of its window before the window's next page is read. So a pass that
was killed resumes where it was. A turn at the pace is taken first and then given to a window: as many
requests are in flight as the rate and the latency need, and no more.

A pass sends no filter for an end that is open, so it finds what was created at impossible times too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from leverkit.api.pagination import Page
from leverkit.api.threads import thread_pool
from leverkit.errors import ApiError
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.rows import Listed
from leverkit.snapshot.windows import HIGHEST, LOWEST, PIECES, Window, WindowQueue, agree, trial

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

RESTARTS = 3  # how often a window may lose its cursor before the pass fails
SPARE = 1.1  # times what rate and latency need: some requests take longer than others
Axis = Literal["created_at", "updated_at"]


@dataclass(frozen=True)
class ListingPass:
    """A pass over `/opportunities` from `start` to `end` (ms since epoch) along `axis`; `name` is its key."""

    name: str
    axis: Axis
    start: int
    end: int

    def filters(self, window: Window) -> dict[str, Any]:
        """Return the filters of a window."""
        lo, hi = None if window.lo == LOWEST else window.lo, None if window.hi == HIGHEST else window.hi
        return {f"{self.axis}_start": lo, f"{self.axis}_end": hi, "expand": "applications"}

    def times(self, page: Page[Listed]) -> list[int]:
        """Return when the opportunities of a page were created, or updated, by the axis."""
        created = self.axis == "created_at"
        return [record.created_at if created else record.updated_at or 0 for record in page.items]


def read(
    listing: ListingPass,
    lever: ReadOnlyLever,
    checkpoint: PullCheckpoint,
    *,
    workers: int,
    seen: Callable[[int], None],
) -> None:
    """Read a pass to its end, or resume it; `seen` is called with the number of records of every page.

    Raises ApiError, Unreachable; the checkpoint then holds what was read.
    """
    if checkpoint.facts().get(f"{listing.name} done"):
        return
    if not checkpoint.windows(listing.name):
        _begin(listing, lever, checkpoint, seen)
    portable = checkpoint.facts()[f"{listing.name} cursors"] == "portable"
    ListingReader(listing, lever, checkpoint, workers=workers, portable=portable, seen=seen).run()
    checkpoint.note(**{f"{listing.name} done": "yes"})


def _begin(
    listing: ListingPass, lever: ReadOnlyLever, checkpoint: PullCheckpoint, seen: Callable[[int], None]
) -> None:
    """Read the first page, and find out whether cursors survive a cut."""
    window = Window(listing.start, listing.end)
    page = _fetch(lever, listing, window)
    times = listing.times(page)
    portable = page.next is not None and _is_portable(lever, listing, replace(window, cursor=page.next), page)
    queue = WindowQueue([window], portable=portable)
    queue.take()
    left = queue.put(window, times, page.next, wanted=PIECES)
    checkpoint.note(**{f"{listing.name} cursors": "portable" if portable else "bound"})
    checkpoint.store(listing.name, None, left, page.items)
    seen(len(page.items))


def _is_portable(lever: ReadOnlyLever, listing: ListingPass, window: Window, page: Page[Listed]) -> bool:
    half = trial(window, listing.times(page))
    try:
        afresh = _fetch(lever, listing, half)
        behind = _fetch(lever, listing, replace(half, cursor=window.cursor))
    except ApiError as error:
        if error.status != 400:
            raise
        return False
    ids = ([record.id for record in records] for records in (page.items, afresh.items, behind.items))
    return agree(*ids)


def _fetch(
    lever: ReadOnlyLever, listing: ListingPass, window: Window, *, turn_taken: bool = False
) -> Page[Listed]:
    params = lever.default_params(**listing.filters(window))
    return lever.page("/opportunities", type=Listed, offset=window.cursor, turn_taken=turn_taken, **params)


class ListingReader:
    """The loop that gives turns to windows and stores their pages; only its thread uses the checkpoint."""

    def __init__(
        self,
        listing: ListingPass,
        lever: ReadOnlyLever,
        checkpoint: PullCheckpoint,
        *,
        workers: int,
        portable: bool,
        seen: Callable[[int], None],
    ) -> None:
        self._listing, self._lever, self._checkpoint, self._seen = listing, lever, checkpoint, seen
        self._numbers = {window: number for number, window in checkpoint.windows(listing.name)}
        self._queue = WindowQueue(list(self._numbers), portable=portable)
        self._workers = workers
        self._in_flight: dict[Future[Page[Listed]], tuple[Window, float]] = {}
        self._latencies: deque[float] = deque(maxlen=15)  # seconds from a request until its page is stored

    def run(self) -> None:
        """Read all windows to their end."""
        with thread_pool(self._workers) as pool:
            while not self._queue.done:
                self._dispatch(pool)
                for future in [future for future in self._in_flight if future.done()]:
                    window, began = self._in_flight.pop(future)
                    self._store(future, window)
                    self._latencies.append(time.monotonic() - began)

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        """Start a request, or wait for one to end if none may start now."""
        window = self._take() if len(self._in_flight) < self._workers else None
        if window is None:
            wait(self._in_flight, return_when=FIRST_COMPLETED)
        else:
            future = pool.submit(_fetch, self._lever, self._listing, window, turn_taken=True)
            self._in_flight[future] = window, time.monotonic()

    @property
    def _wanted(self) -> int:
        """Return how many requests in flight use up the rate at the present latency."""
        needed = self._lever.pace.rate * median(self._latencies or [1.0]) * SPARE
        return min(self._workers, int(needed) + 1)

    def _take(self) -> Window | None:
        self._lever.pace.wait()
        window = self._queue.take()
        if window is None:
            self._lever.pace.give_back()
        return window

    def _store(self, future: Future[Page[Listed]], window: Window) -> None:
        try:
            page = future.result()
        except ApiError as error:
            if error.status != 400 or window.cursor is None or window.restarts >= RESTARTS:
                raise
            page = Page([], None)
            restarted = replace(window, cursor=None, pages=0, restarts=window.restarts + 1)
            left = self._queue.restore((restarted,))
        else:
            times = self._listing.times(page)
            left = self._queue.put(window, times, page.next, wanted=self._wanted)
        numbers = self._checkpoint.store(self._listing.name, self._numbers.pop(window), left, page.items)
        self._numbers |= zip(left, numbers, strict=True)
        self._seen(len(page.items))
