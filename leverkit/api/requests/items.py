"""The items of a listing, as `each` gives them: one after the other, from a thread or an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic

from leverkit.api.listings.frame import frame_of
from leverkit.api.listings.left_out import LeftOut
from leverkit.api.requests.reading import Reading
from leverkit.api.requests.steps import Operation

Plain = dict[str, Any]
if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Plain)  # what an item is where no `type` is given
else:
    from typing import TypeVar

    T = TypeVar("T")


class _Items(Generic[T]):
    """A reading and what of its last page nobody has asked for yet."""

    def __init__(self, reading: Reading[T]) -> None:
        self._reading = reading
        self._page: Iterator[T] = iter(())

    @property
    def left_out(self) -> LeftOut:
        """Return what is not among the items that came so far."""
        return self._reading.left_out

    def __repr__(self) -> str:
        return f"<items of {self._reading.path}: {self.left_out}>"

    def _frame(self, items: list[T], times: bool) -> pd.DataFrame:
        frame = frame_of(items, self._reading.listing, times=times, narrowed=self._reading.is_narrowed)
        frame.attrs["left_out"] = self.left_out.plain()
        return frame


class Items(_Items[T]):
    """The items of a listing, read page by page as they are asked for; `left_out` says what is missing."""

    def __init__(
        self, reading: Reading[T], run: Callable[[Operation[list[T] | None]], list[T] | None]
    ) -> None:
        super().__init__(reading)
        self._run = run

    def __iter__(self) -> Iterator[T]:
        """Yield the items that are left. Raises ApiError, AccessDenied, Unreachable."""
        found: list[T] | None = []
        while found is not None:
            yield from self._page
            found = self._run(self._reading.items())
            self._page = iter(found or ())

    def __next__(self) -> T:
        return next(iter(self))

    def frame(self, *, times: bool = False) -> pd.DataFrame:
        """Return the items that are left as a frame; `times`: UTC timestamps in place of milliseconds.

        `attrs["left_out"]` of the frame says what is not in it. Raises as `next`.
        """
        return self._frame(list(self), times)


class AsyncItems(_Items[T]):
    """`Items` for an event loop: `async for`, and `await items.frame()`."""

    def __init__(
        self, reading: Reading[T], run: Callable[[Operation[list[T] | None]], Awaitable[list[T] | None]]
    ) -> None:
        super().__init__(reading)
        self._run = run

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._page:
                return item
            if (found := await self._run(self._reading.items())) is None:
                raise StopAsyncIteration
            self._page = iter(found)

    async def frame(self, *, times: bool = False) -> pd.DataFrame:
        """Return the items that are left as a frame, as `Items.frame` does."""
        return self._frame([item async for item in self], times)
