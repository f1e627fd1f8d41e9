"""Which of a person's opportunities a tag goes to: predicates to give to `propagate`, or to write alike."""

from __future__ import annotations

from collections.abc import Callable

from leverkit.api.models import Application, Opportunity

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
