"""api.pagination."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a listing; `next` is the offset of the following one, None on the last."""

    items: list[T]
    next: str | None
