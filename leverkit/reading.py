"""What a batch of contacts looks like at Lever right now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.planning.operation import Operation


@dataclass(frozen=True)
class Reading:
    """Opportunities by id, and when (on the run's clock, seconds) they were asked for and all there."""

    asked_at: float
    answered_at: float
    found: dict[str, Opportunity]

    def siblings(self, contact: str) -> list[Opportunity]:
        """Return the opportunities that the contact has now."""
        return [opportunity for opportunity in self.found.values() if opportunity.contact == contact]


def read(lever: ReadOnlyLever, operations: Sequence[Operation], clock: Callable[[], float]) -> Reading:
    """Read the contacts of these operations, in one request if they fit on a page.

    An opportunity that the listing lacks is asked for by its id: it may have moved to another
    contact in a merge, and an empty answer for a known contact deserves a second look.
    """
    asked_at = clock()
    contacts = list(dict.fromkeys(operation.contact for operation in operations))
    found = {opportunity.id: opportunity for opportunity in lever.opportunities_of(contacts)}
    for target in dict.fromkeys(operation.opportunity for operation in operations):
        if target not in found and (single := lever.find_opportunity(target)) is not None:
            found[target] = single
    return Reading(asked_at, clock(), found)
