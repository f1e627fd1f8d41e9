"""What a person's opportunities lack of each other's tags: from a fresh reading to operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from leverkit.api.models import Application, Opportunity
from leverkit.planning.operation import Operation

Matching = Callable[[Opportunity], bool]


def every(_opportunity: Opportunity) -> bool:
    """Match all opportunities, archived ones too."""
    return True


def active(opportunity: Opportunity) -> bool:
    """Match opportunities that are not archived."""
    return opportunity.archived is None


def applied_to(*postings: str) -> Matching:
    """Make a predicate that matches opportunities with an application to one of these postings (ids)."""

    def matches(opportunity: Opportunity) -> bool:
        applications = (one for one in opportunity.applications if isinstance(one, Application))
        return any(application.posting in postings for application in applications)

    return matches


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
