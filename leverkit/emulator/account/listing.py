"""Sorted views of opportunities, updated as rows change, and paged by keyset (section 2.2).

Default order: stage rank, then lastAdvancedAt descending, then id. With `updated_at_*`: updatedAt, id.
A page starts at the first item whose key is not below the token's. There is no snapshot, so an opportunity
that moves between two reads can appear twice or be missed, as at Lever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from leverkit.emulator.account import offset_tokens
from leverkit.emulator.account.filters import Predicate
from leverkit.emulator.account.opportunity import Row

SortKey = Callable[[Row], Any]


class Order:
    """A sort order and the types in its token; `descending` is the place of a time that its key negates."""

    def __init__(
        self,
        name: str,
        key: SortKey,
        types: tuple[type | tuple[type, ...], ...],
        *,
        descending: int | None = None,
    ) -> None:
        self.name, self.key, self.types, self._descending = name, key, types, descending

    def mirrored(self, key: offset_tokens.Key) -> offset_tokens.Key:
        """Turn a key into its token's values, and back."""
        if self._descending is None:
            return key
        return tuple(-part if place == self._descending else part for place, part in enumerate(key))


def order_by(field: str) -> Order:
    """Return the order by a time field, ascending, then id."""
    return Order(field, lambda row: (getattr(row, field) or 0, row.id), (int, str))


DEFAULT = Order("default", attrgetter("order"), ((int, float), int, str), descending=1)
NEWEST = Order("newest", lambda row: (-row.created, row.id), (int, str), descending=0)


class Listing:
    """The rows that pass some predicates, in order."""

    def __init__(self, rows: Iterable[Row], predicates: list[Predicate], order: Order) -> None:
        self.predicates, self.order = predicates, order
        for predicate in predicates:
            rows = filter(predicate, rows)
        self.rows = sorted(rows, key=order.key)

    def _place(self, row: Row) -> int:
        return bisect_left(self.rows, self.order.key(row), key=self.order.key)

    def discard(self, row: Row) -> None:
        """Remove a row before it changes, if it is in."""
        at = self._place(row)
        if at < len(self.rows) and self.rows[at] is row:
            del self.rows[at]

    def add(self, row: Row) -> None:
        """Insert a changed row at its new place, if it passes the predicates."""
        if all(predicate(row) for predicate in self.predicates):
            self.rows.insert(self._place(row), row)

    def page(self, offset: str | None, limit: int, *, shift: int = 0) -> tuple[list[Row], str | None]:
        """Return a page of rows and the token of the next, None on the last page.

        `shift` lets the next page start so many rows late (below zero: early): a fault.
        Raises RequestError 400 for another sort's token.
        """
        at = 0
        if offset is not None:
            key = self.order.mirrored(offset_tokens.read(offset, self.order.types))
            at = bisect_left(self.rows, key, key=self.order.key)
        after = at + limit
        page = self.rows[at:after]
        after += shift if after < len(self.rows) else 0
        following = self.rows[after : after + 1]
        if not following:
            return page, None
        return page, offset_tokens.write(self.order.mirrored(self.order.key(following[0])))
