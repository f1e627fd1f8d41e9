"""Who a key is: the account that it opens, and what it may read, as far as that can be tried."""

from __future__ import annotations

from typing import Any

import msgspec

from leverkit.api.account import PATHS
from leverkit.api.listings.catalogue import LISTINGS
from leverkit.api.models import Identified
from leverkit.api.requests.reads import OPPORTUNITIES, Reads
from leverkit.api.requests.steps import Operation
from leverkit.errors import ApiError

TRIED = tuple(each for each in LISTINGS if each.path.count("/") == 1 and each.path != "/candidates")


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a key, and which listings it may read.

    `account` is the id by which it is known here (12 hex digits), `name` what people call it. `reads` tells
    of each listing whether the key may read it. Whether it may write tags cannot be tried without writing.
    """

    account: str
    name: str
    host: str
    confidential: bool
    reads: dict[str, bool]
    perform_as: str | None = None


def permissions(reads: Reads) -> Operation[dict[str, Any]]:
    """Return what a key may read, and in whose name it writes: one request for each listing, of one item."""
    granted = {}
    for listing in TRIED:
        only_ids = {"include": "id"} if listing.subtractive else {}  # no name leaves Lever for this
        one = {"limit": 1, **only_ids} if listing.pages else {}
        granted[listing.path] = yield from _is_granted(reads, listing.path, one)
    sees = granted[OPPORTUNITIES] and (yield from reads.sees_confidential())
    return {"reads": granted, "confidential": sees, "perform_as": reads.perform_as}


def account_ids(reads: Reads) -> Operation[dict[str, list[str]]]:
    """Return by path the ids by which an account is recognised; none of a kind that the key may not read."""
    found: dict[str, list[str]] = {}
    for kind, path in PATHS.items():
        try:
            found[path] = [each.id for each in (yield from reads.all(path, Identified, {}))]
        except ApiError as error:
            if kind == "reason" or not error.means_no_access:
                raise
            found[path] = []
    return found


def _is_granted(reads: Reads, path: str, params: dict[str, Any]) -> Operation[bool]:
    try:
        yield from reads.page(path, msgspec.Raw, params)
    except ApiError as error:
        if not error.means_no_access:
            raise
        return False
    return True
