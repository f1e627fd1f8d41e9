"""The two guarded writes, as one operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from leverkit.api.models import Opportunity, single
from leverkit.api.requests.exchange import Exchange, MayRetry
from leverkit.api.requests.reads import opportunity_path
from leverkit.api.requests.steps import Operation
from leverkit.api.tags import tag_names
from leverkit.errors import Unreachable

Verb = Literal["addTags", "removeTags"]


def write_tags(
    exchange: Exchange,
    opportunity: str,
    verb: Verb,
    tags: Sequence[str],
    *,
    performer: str | None,
    may_retry: MayRetry | None,
    turn_taken: bool,
) -> Operation[Opportunity | None]:
    """Add or remove tags of one opportunity, and return it as Lever shows it then; None if it does not."""
    named = tag_names("tags", tags)
    try:
        found = yield from exchange.steps(
            "POST",
            f"{opportunity_path(opportunity)}/{verb}",
            type=single(Opportunity),
            params={"perform_as": performer} if performer else {},
            body={"tags": named},
            turn_taken=turn_taken,
            may_retry=may_retry,
        )
    except Unreachable as error:
        if error.status is None or error.status >= 300:
            raise
        return None  # accepted, with an unreadable body: the caller has to read the effect
    return found.data
