"""Lever's API: a client, its pagination and its rate limit. It can be used alone.

The names are loaded on first use, as httpx takes longer to load than a command that sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.lazy_names import loader

if TYPE_CHECKING:
    from leverkit.api.asynchronous import AsyncLever, AsyncReadOnlyLever
    from leverkit.api.client import Lever, ReadOnlyLever
    from leverkit.api.listings.left_out import LeftOut, ListingWarning
    from leverkit.api.models import Opportunity, Posting
    from leverkit.api.pagination import Page
    from leverkit.api.rate_limit import Pace
    from leverkit.api.requests.items import AsyncItems, Items
    from leverkit.api.requests.whoami import Whoami
    from leverkit.api.responses import Response

__all__ = [
    "AsyncItems",
    "AsyncLever",
    "AsyncReadOnlyLever",
    "Items",
    "LeftOut",
    "Lever",
    "ListingWarning",
    "Opportunity",
    "Pace",
    "Page",
    "Posting",
    "ReadOnlyLever",
    "Response",
    "Whoami",
]
__getattr__ = loader(
    __name__,
    {
        "asynchronous": ("AsyncLever", "AsyncReadOnlyLever"),
        "client": ("Lever", "ReadOnlyLever"),
        "listings.left_out": ("LeftOut", "ListingWarning"),
        "models": ("Opportunity", "Posting"),
        "pagination": ("Page",),
        "rate_limit": ("Pace",),
        "requests.items": ("AsyncItems", "Items"),
        "requests.whoami": ("Whoami",),
        "responses": ("Response",),
    },
)
