"""Read one listing of opportunities to its end, many requests at once, into a spool.

Each page is stored with what it leaves of its window before the next is asked for, so a sweep that was
killed goes on where it was. A turn at the pace is taken first and then given to a window, so
that as many requests are in flight as the rate and the latency need, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Literal

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.pagination import Page
from leverkit.api.threads import hands
from leverkit.errors import ApiError
from leverkit.snapshot.checkpoint import Spool
from leverkit.snapshot.windows import Chart, Window, agree, trial

RESTARTS = 3  # how often a window may lose its cursor before we give up
Axis = Literal["created_at", "updated_at"]


@dataclass(frozen=True)
class Sweep:
    """A pass over `/opportunities` from `start` to `end` (ms) along `axis`; `name` tells it from others."""

    name: str
    axis: Axis
    start: int
    end: int

    def of(self, window: Window) -> dict[str, Any]:
        """Return the filters of a window."""
        return {f"{self.axis}_start": window.lo, f"{self.axis}_end": window.hi, "expand": "applications"}

    def times(self, page: Page[Opportunity]) -> list[int]:
        """Return when the records of a page were created, or updated."""
        created = self.axis == "created_at"
        return [record.created_at if created else record.updated_at or 0 for record in page.items]


def read(
    sweep: Sweep, lever: ReadOnlyLever, spool: Spool, *, workers: int, seen: Callable[[int], None]
) -> None:
    """Read a sweep to its end, or go on with it; `seen` is told how many records a page brought.

    Raises ApiError, Unreachable; the spool then holds what was read.
    """
    facts = spool.facts()
    if facts.get(f"{sweep.name} done"):
        return
    if not spool.windows(sweep.name):
        _begin(sweep, lever, spool, seen)
    portable = spool.facts()[f"{sweep.name} cursors"] == "portable"
    _Drain(sweep, lever, spool, seen, workers, portable).run()
    spool.note(**{f"{sweep.name} done": "yes"})


def _begin(sweep: Sweep, lever: ReadOnlyLever, spool: Spool, seen: Callable[[int], None]) -> None:
    """Read the first page, and find out whether cursors survive a cut."""
    window = Window(sweep.start, sweep.end)
    page = _fetch(lever, sweep, window)
    times = sweep.times(page)
    portable = page.next is not None and _is_portable(lever, sweep, replace(window, cursor=page.next), page)
    chart = Chart([window], portable=portable)
    chart.take()
    left = chart.put(window, times, page.next)
    spool.note(**{f"{sweep.name} cursors": "portable" if portable else "bound"})
    spool.store(sweep.name, None, left, page.items)
    seen(len(page.items))


def _is_portable(lever: ReadOnlyLever, sweep: Sweep, window: Window, page: Page[Opportunity]) -> bool:
    half = trial(window, sweep.times(page))
    try:
        afresh = _fetch(lever, sweep, half)
        behind = _fetch(lever, sweep, replace(half, cursor=window.cursor))
    except ApiError as error:
        if error.status != 400:
            raise
        return False
    ids = ([record.id for record in records] for records in (page.items, afresh.items, behind.items))
    return agree(*ids)


def _fetch(
    lever: ReadOnlyLever, sweep: Sweep, window: Window, *, turn_taken: bool = False
) -> Page[Opportunity]:
    filters = lever.slim(**sweep.of(window))
    return lever.page(
        "/opportunities", type=Opportunity, offset=window.cursor, turn_taken=turn_taken, **filters
    )


class _Drain:
    """The loop that gives turns to windows and takes their pages; only its own thread touches the spool."""

    def __init__(
        self,
        sweep: Sweep,
        lever: ReadOnlyLever,
        spool: Spool,
        seen: Callable[[int], None],
        workers: int,
        portable: bool,
    ) -> None:
        self._sweep, self._lever, self._spool, self._seen = sweep, lever, spool, seen
        self._numbers = {window: number for number, window in spool.windows(sweep.name)}
        self._chart = Chart(list(self._numbers), portable=portable, most=workers)
        self._workers = workers
        self._flying: dict[Future[Page[Opportunity]], Window] = {}

    def run(self) -> None:
        with hands(self._workers) as pool:
            while not self._chart.done:
                self._dispatch(pool)
                for future in [one for one in self._flying if one.done()]:
                    self._settle(future, self._flying.pop(future))

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        window = self._take() if len(self._flying) < self._workers else None
        if window is None:
            wait(self._flying, return_when=FIRST_COMPLETED)
        else:
            self._flying[pool.submit(_fetch, self._lever, self._sweep, window, turn_taken=True)] = window

    def _take(self) -> Window | None:
        self._lever.pace.wait()
        window = self._chart.take()
        if window is None:
            self._lever.pace.give_back()
        return window

    def _settle(self, future: Future[Page[Opportunity]], window: Window) -> None:
        try:
            page = future.result()
        except ApiError as error:
            if error.status != 400 or window.cursor is None or window.restarts >= RESTARTS:
                raise
            page = Page([], None)
            restarted = replace(window, cursor=None, pages=0, restarts=window.restarts + 1)
            left = self._chart.restore((restarted,))
        else:
            left = self._chart.put(window, self._sweep.times(page), page.next)
        numbers = self._spool.store(self._sweep.name, self._numbers.pop(window), left, page.items)
        self._numbers |= zip(left, numbers, strict=True)
        self._seen(len(page.items))
