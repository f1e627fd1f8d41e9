"""Listings, for threads: any of them item by item, as a frame, or page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leverkit.api.http import HttpSession
from leverkit.api.pagination import Offsets, Page
from leverkit.api.rate_limit import PAGE
from leverkit.api.requests.connection import Connection
from leverkit.api.requests.items import Items, Plain, T
from leverkit.api.requests.reading import Reading
from leverkit.api.requests.reads import Extra

if TYPE_CHECKING:
    import pandas as pd


class Listings(Connection[HttpSession]):
    """The listings of an account."""

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
    ) -> Items[T]:
        """Return the items of any listing, as dicts or as `type`; pages are read as they are needed.

        `limit` is how many items you get, `page_size` how many a request carries. Without `personal`, fields
        about candidates are not asked for, or dropped on arrival. `extra` sends parameters that leverkit does
        not know. Confidential items are among them where the key may see them. A `type` that is a text is
        Lever's filter of that name. `left_out` of the result says what is missing.
        Raises UsageError, before anything is sent, for a filter that Lever does not document, for an empty
        one, and for a time without a zone. Reading raises ApiError, AccessDenied, Unreachable.
        """
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
        return Items(reading, self._session.run)

    def frame(self, path: str, *, times: bool = False, **given: Any) -> pd.DataFrame:
        """Return a listing, or one contact, as a frame; `given` are the parameters of `each`.

        Nested objects are dotted columns, lists stay lists; `times`: UTC timestamps in place of milliseconds.
        `attrs["left_out"]` says what is not in it. Raises as `each`.
        """
        return self.each(path, **given).frame(times=times)

    def page(
        self,
        path: str,
        *,
        type: type[T] | str = dict,  # type: ignore[assignment]
        offset: str | None = None,
        turn_taken: bool = False,
        extra: Extra = None,
        **params: Any,
    ) -> Page[T]:
        """Read one page of a listing as Lever has it, from `offset`, sent exactly as it was returned.

        `limit` among `params` is Lever's: items of a page. Names of people come along in dicts.
        Lever answers 400 "Invalid offset token" to an offset of another listing; then start without one.
        `turn_taken`: the caller has waited at `pace` already.
        Raises UsageError for a filter that Lever does not document, ApiError, Unreachable.
        """
        return self._session.run(
            self._reads.checked_page(path, type, params, extra, offset=offset, turn_taken=turn_taken)
        )

    def pages(
        self,
        path: str,
        *,
        type: type[T] | str = dict,  # type: ignore[assignment]
        offset: str | None = None,
        **params: Any,
    ) -> Iterator[Page[T]]:
        """Read page after page, from `offset`; every page carries the cursor to resume after it."""
        offsets = Offsets(path, offset)
        while not offsets.are_over:
            page: Page[T] = self.page(path, type=type, offset=offsets.current, **params)
            yield page
            offsets.follow(page)

    def tags(self, **given: Any) -> Items[Plain]:
        """Return all tags with how many opportunities carry each; `given` are the parameters of `each`."""
        return self.each("/tags", **given)

    def sources(self, **given: Any) -> Items[Plain]:
        """Return all sources with how many opportunities have each."""
        return self.each("/sources", **given)

    def stages(self, **given: Any) -> Items[Plain]:
        """Return the stages, in the order of the pipeline."""
        return self.each("/stages", **given)

    def archive_reasons(self, **given: Any) -> Items[Plain]:
        """Return the archive reasons."""
        return self.each("/archive_reasons", **given)

    def postings(self, **given: Any) -> Items[Plain]:
        """Return the postings, newest first."""
        return self.each("/postings", **given)

    def users(self, **given: Any) -> Items[Plain]:
        """Return the users that are active; with `includeDeactivated=True` all."""
        return self.each("/users", **given)
