"""Lever's API: a client, its pagination and its rate limit. It can be used alone."""

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
