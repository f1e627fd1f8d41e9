"""One reading of a listing: complete, without personal fields, and with a word on what is missing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import msgspec

from leverkit.api.account import UUID
from leverkit.api.listings.catalogue import LISTINGS, PERSON, Listing, find
from leverkit.api.listings.filters import checked, path_of
from leverkit.api.listings.left_out import LeftOut, ListingWarning
from leverkit.api.listings.personal import is_plain, require_none, without
from leverkit.api.models import field_names
from leverkit.api.pagination import Offsets, Page
from leverkit.api.rate_limit import PAGE
from leverkit.api.requests.reads import Reads, kind_and_filters
from leverkit.api.requests.steps import Operation
from leverkit.errors import UsageError, did_you_mean

T = TypeVar("T")


class Reading(Generic[T]):
    """A listing from its first page to its last, or to `limit` items. Nothing is sent before `items`.

    A row that comes again is given once. Lever's offset names the row that the next page begins with
    (reference 2.1): where another one is first, rows moved meanwhile, and some may have been missed.
    """

    def __init__(
        self,
        reads: Reads,
        path: str,
        type: type[T] | str,
        *,
        limit: int | None,
        page_size: int,
        personal: bool,
        extra: Mapping[str, Any] | None,
        filters: Mapping[str, Any],
    ) -> None:
        """Check what is asked for. Raises UsageError."""
        self._type, filters = kind_and_filters(type, filters)
        self._reads, self._left = reads, limit
        self.path, self.listing = path_of(path), _found(path, personal)
        self._check_size(page_size)
        self.is_narrowed = "include" in filters or not is_plain(self._type)
        self._dropped = frozenset(() if personal else self.listing.personal)
        self._query: dict[str, Any] = {**checked(self.listing, filters), **(extra or {})}
        if not personal:
            self._leave_out_personal(filters.get("include", ()))
        self._ask_for_key()
        self._page_size = min(page_size, PAGE if limit is None else max(limit, 1))
        self._offsets = Offsets(self.path)
        self._announced, self._has_begun, self._is_over = "", False, limit == 0
        self._offsets_name_rows = False
        self._keys: set[str] = set()
        self.left_out = LeftOut(personal=PERSON if self.listing.subtractive and not personal else ())

    def _check_size(self, page_size: int) -> None:
        if self._left is not None and self._left < 0:
            raise UsageError("limit is how many items you get: 0 or more")
        if not 1 <= page_size <= PAGE:
            raise UsageError(f"page_size is how many items a request carries: 1 to {PAGE}")

    def _leave_out_personal(self, include: Any) -> None:
        require_none(self.listing, self._type, include)
        if "include" not in self._query and self.listing.fields:
            self._query["include"] = field_names(self._type) or self.listing.fields

    def _ask_for_key(self) -> None:
        """Let the field come along by which a row is told from others."""
        if (include := self._query.get("include")) and self.listing.key not in include:
            self._query["include"] = [*([include] if isinstance(include, str) else include), self.listing.key]

    def items(self) -> Operation[list[T] | None]:
        """Read the next page and return what is new of it; None at the end."""
        if self._is_over:
            return None
        if not self._has_begun:
            yield from self._ask_for_confidential()
            self._has_begun = True
        page = yield from self._page()
        found = self._new(page)
        self._watch(page)
        self._offsets.follow(page)
        self._is_over = self._offsets.are_over
        if self._left is not None:
            found = self._within_limit(found, page.next is not None)
        if self._is_over and (trouble := self.left_out.trouble):
            warnings.warn(f"{self.path}: {trouble}", ListingWarning, stacklevel=4)
        return found

    def _page(self) -> Operation[Page[T]]:
        if self.listing.single:
            return Page([(yield from self._reads.get(self.path, self._type, self._query))], None)
        size = {"limit": self._page_size} if self.listing.pages else {}
        query = {**size, **self._query}
        return (yield from self._reads.page(self.path, self._type, query, offset=self._offsets.current))

    def _ask_for_confidential(self) -> Operation[None]:
        if not self.listing.has_confidential:
            return
        if "confidentiality" not in self._query:
            self._query |= yield from self._reads.confidentiality(self.listing)
        self._note(confidential=self._query.get("confidentiality") not in ("all", "confidential"))

    def _new(self, page: Page[T]) -> list[T]:
        """Return the items that did not come before, without personal fields."""
        items = page.items
        if self._dropped and is_plain(self._type):
            gone: set[str] = set()
            items = without(items, self._dropped, gone)
            if new := gone.difference(self.left_out.personal):
                self._note(personal=(*self.left_out.personal, *sorted(new)))
        fresh = []
        for item in items:
            key = self._key(item)
            if key and key in self._keys:
                self._note(repeated=self.left_out.repeated + 1)
                continue
            self._keys.add(key)
            fresh.append(item)
        return fresh

    def _watch(self, page: Page[T]) -> None:
        """Note where a page does not begin as announced, or is shorter than asked for."""
        first = self._key(page.items[0]) if page.items else "nothing"
        self._offsets_name_rows |= first == self._announced
        if self._announced and first not in ("", self._announced) and self._is_row(self._announced):
            self._note(skipped=self.left_out.skipped + 1)
        last = self._key(page.items[-1]) if page.items else ""
        announced = _announced(page.next)
        self._announced = announced if announced != last else ""  # an offset of the row before tells nothing
        if page.next is not None and len(page.items) < self._page_size:
            self._note(cut=self.left_out.cut + 1)

    def _is_row(self, announced: str) -> bool:
        """Return True if this can only name a row: other listings may have offsets of another kind."""
        return self._offsets_name_rows or UUID.fullmatch(announced) is not None

    def _within_limit(self, found: list[T], more: bool) -> list[T]:
        assert self._left is not None
        kept = found[: self._left]
        if len(kept) < len(found) or (more and len(kept) == self._left):
            self._note(more=True)
        self._left -= len(kept)
        self._is_over = self._is_over or not self._left
        return kept

    def _key(self, item: Any) -> str:
        name = self.listing.key
        return str((item.get(name) if isinstance(item, dict) else getattr(item, name, None)) or "")

    def _note(self, **changes: Any) -> None:
        self.left_out = msgspec.structs.replace(self.left_out, **changes)


def _found(path: str, personal: bool) -> Listing:
    """Return the listing at a path; one that Lever does not document is read only with all that it sends."""
    at = path_of(path)
    found = find(at)
    if found is None and not personal:
        hint = did_you_mean(at, [each.path for each in LISTINGS]) or "."
        raise UsageError(
            f"{at} is no listing that Lever documents{hint} get() reads one object; personal=True reads "
            "another listing with all fields, as nobody knows which are about candidates. Nothing was sent"
        )
    return found or Listing(at)


def _announced(offset: str | None) -> str:
    """Return the key of the row that the next page begins with, by the offset; empty where it names none."""
    try:
        parts = json.loads(unquote(offset or ""))
    except ValueError:
        return ""
    return parts[-1] if isinstance(parts, list) and parts and isinstance(parts[-1], str) else ""
