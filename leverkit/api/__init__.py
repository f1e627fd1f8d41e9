"""Lever's API: a client, its pagination and its rate limit. It can be used alone."""

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.models import Opportunity, Posting
from leverkit.api.pagination import Page
from leverkit.api.rate_limit import Pace

__all__ = ["Lever", "Opportunity", "Pace", "Page", "Posting", "ReadOnlyLever"]
