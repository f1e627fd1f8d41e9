"""What a person's opportunities lack of each other's tags: from a fresh reading to operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from leverkit.api.models import Opportunity
from leverkit.matching import Matching, every
from leverkit.operations import Operation

REASON = "contact tag on another opportunity"


def lacking(
    opportunities: Iterable[Opportunity], tags: Collection[str], *, matching: Matching = every
) -> list[Operation]:
    """Give each matching opportunity those of `tags` that another one of the same contact carries.

    Anonymized opportunities neither give nor take.
    """
    households: dict[str, list[Opportunity]] = defaultdict(list)
    for opportunity in opportunities:
        if not opportunity.is_anonymized:
            households[opportunity.contact].append(opportunity)
    targets = [one for siblings in households.values() for one in siblings if matching(one)]
    shared = {contact: _carried(siblings) & set(tags) for contact, siblings in households.items()}
    return [
        Operation(one.contact, one.id, "add", tag, REASON)
        for one in targets
        for tag in shared[one.contact] - set(one.tags)
    ]


def _carried(siblings: Sequence[Opportunity]) -> set[str]:
    return {tag for sibling in siblings for tag in sibling.tags}
