"""Read contacts as they are now, whoever their opportunities belong to by now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.errors import ApiError


def read_contacts(
    lever: ReadOnlyLever,
    contacts: Sequence[str],
    *,
    opportunities: Iterable[str] = (),
    skip_malformed: bool = False,
    seen: Callable[[int], None] | None = None,
    **params: Any,
) -> dict[str, Opportunity]:
    """Return by id all opportunities of these contacts, and those of `opportunities` that are not theirs.

    An opportunity may have moved to another contact in a merge, and an empty listing for a known contact
    deserves a second look. One that is gone or hidden is left out; with `skip_malformed`, so is one whose
    id Lever refuses as malformed. `seen` is called with the number of contacts read so far, `params` are
    those of the listing.
    Raises ApiError, AccessDenied, Unreachable.
    """
    found = {
        opportunity.id: opportunity for opportunity in lever.opportunities_of(contacts, seen=seen, **params)
    }
    for missing in [id for id in dict.fromkeys(opportunities) if id not in found]:
        if (opportunity := _find(lever, missing, skip_malformed)) is not None:
            found[missing] = opportunity
    return found


def _find(lever: ReadOnlyLever, opportunity: str, skip_malformed: bool) -> Opportunity | None:
    try:
        return lever.find_opportunity(opportunity)
    except ApiError as error:
        if error.status == 400 and skip_malformed:
            return None
        raise
