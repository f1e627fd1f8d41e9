"""Listings, for an event loop: the names of `listings`, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from leverkit.api.http import AsyncHttpSession
from leverkit.api.pagination import Offsets, Page
from leverkit.api.rate_limit import PAGE
from leverkit.api.requests.connection import Connection
from leverkit.api.requests.items import AsyncItems, Plain, T
from leverkit.api.requests.reading import Reading
from leverkit.api.requests.reads import Extra

if TYPE_CHECKING:
    import pandas as pd


class AsyncListings(Connection[AsyncHttpSession]):
    """The listings of an account; each method does what that of `Listings` does."""

    def each(
        self,
        path: str,
        *,
        type: type[T] | str = dict,  # type: ignore[assignment]
        limit: int | None = None,
        page_size: int = PAGE,
        personal: bool = False,
        extra: Extra = None,
        **filters: Any,
    ) -> AsyncItems[T]:
        """Return the items of any listing, for `async for`; see `Listings.each`."""
        reading: Reading[T] = Reading(
            self._reads,
            path,
            type,
            limit=limit,
            page_size=page_size,
            personal=personal,
            extra=extra,
            filters=filters,
        )
        return AsyncItems(reading, self._session.run)

    async def frame(self, path: str, *, times: bool = False, **given: Any) -> pd.DataFrame:
        """Return a listing, or one contact, as a frame; see `Listings.frame`."""
        return await self.each(path, **given).frame(times=times)

    async def page(
        self,
        path: str,
        *,
        type: type[T] | str = dict,  # type: ignore[assignment]
        offset: str | None = None,
        turn_taken: bool = False,
        extra: Extra = None,
        **params: Any,
    ) -> Page[T]:
        """Read one page of a listing as Lever has it; see `Listings.page`."""
        return await self._session.run(
            self._reads.checked_page(path, type, params, extra, offset=offset, turn_taken=turn_taken)
        )

    async def pages(
        self,
        path: str,
        *,
        type: type[T] | str = dict,  # type: ignore[assignment]
        offset: str | None = None,
        **params: Any,
    ) -> AsyncIterator[Page[T]]:
        """Read page after page, from `offset`."""
        offsets = Offsets(path, offset)
        while not offsets.are_over:
            page: Page[T] = await self.page(path, type=type, offset=offsets.current, **params)
            yield page
            offsets.follow(page)

    def tags(self, **given: Any) -> AsyncItems[Plain]:
        """Return all tags with their counts."""
        return self.each("/tags", **given)

    def sources(self, **given: Any) -> AsyncItems[Plain]:
        """Return all sources with their counts."""
        return self.each("/sources", **given)

    def stages(self, **given: Any) -> AsyncItems[Plain]:
        """Return the stages."""
        return self.each("/stages", **given)

    def archive_reasons(self, **given: Any) -> AsyncItems[Plain]:
        """Return the archive reasons."""
        return self.each("/archive_reasons", **given)

    def postings(self, **given: Any) -> AsyncItems[Plain]:
        """Return the postings."""
        return self.each("/postings", **given)

    def users(self, **given: Any) -> AsyncItems[Plain]:
        """Return the users."""
        return self.each("/users", **given)
