"""A page of a listing, with the cursor to go on from."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from leverkit.api.models import Listing
from leverkit.errors import ApiError

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a listing; `next` is the offset of the following page, None on the last."""

    items: list[T]
    next: str | None


class Offsets:
    """The offsets of one reading, which must not go round; `current` is that of the next page."""

    def __init__(self, path: str, first: str | None = None) -> None:
        self.current, self.are_over = first, False
        self._path, self._before = path, {first}

    def follow(self, page: Page[Any]) -> None:
        """Go on to the page after this one. Raises ApiError where it was there before."""
        if page.next is None:
            self.are_over = True
        elif page.next in self._before:
            raise endless(self._path)
        self._before.add(page.next)
        self.current = page.next


def page_of(found: Listing[T], *, path: str, offset: str | None) -> Page[T]:
    """Return the page at `offset`. Raises ApiError if Lever announces more and gives no new offset."""
    following = None if found.has_next is False else found.next or None
    if (found.has_next and not following) or (following is not None and following == offset):
        raise endless(path)
    return Page(found.data, following)


def endless(path: str) -> ApiError:
    """Return the error of a listing whose next page is one that was there before, or none at all."""
    return ApiError(
        "the listing cannot continue: Lever announces a next page but gives no new offset.",
        method="GET",
        path=path,
        status=200,
        advice="Run the same command again; if the error stays, report it to Lever.",
    )
