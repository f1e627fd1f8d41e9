"""Predicates over opportunities, and the operations that give a person's opportunities each other's tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from leverkit.api.models import Opportunity
from leverkit.api.tags import names, unwritable
from leverkit.planning.matching import gets
from leverkit.planning.operation import Operation
from leverkit.policy.matching import narrower
from leverkit.policy.policy import Policy

Matching = Callable[[Opportunity], bool]
REASON = "contact tag on another opportunity"


def every(_opportunity: Opportunity) -> bool:
    """Match all opportunities, archived ones too."""
    return True


def active(opportunity: Opportunity) -> bool:
    """Match opportunities that are not archived."""
    return opportunity.archived is None


def applied_to(*postings: str) -> Matching:
    """Return a predicate that matches opportunities with an application to one of these postings (ids).

    Raises UsageError for what is not an id.
    """
    names("postings", postings)

    def matches(opportunity: Opportunity) -> bool:
        return not set(postings).isdisjoint(opportunity.postings)

    return matches


def missing_shared_tags(
    opportunities: Iterable[Opportunity], tags: Collection[str], *, matching: Matching = every
) -> list[Operation]:
    """Return the operations that add to each matching opportunity those of `tags` that it lacks.

    A tag is lacked where another opportunity of the same contact carries it. One that cannot be written is
    left out. An anonymized opportunity gets no tag, and its tags are given to no other.
    """
    wanted = {tag for tag in names("tags", tags) if not unwritable(tag)}
    return [
        Operation(contact, opportunity.id, "add", tag, REASON)
        for contact, siblings in by_contact(opportunities).items()
        for shared in [_tags_of(siblings).intersection(wanted)]
        for opportunity in filter(matching, siblings)
        for tag in shared.difference(opportunity.tags)
    ]


def by_contact(opportunities: Iterable[Opportunity]) -> dict[str, list[Opportunity]]:
    """Return the opportunities of each contact, without anonymized ones."""
    found = defaultdict[str, list[Opportunity]](list)
    for opportunity in opportunities:
        if not opportunity.is_anonymized:
            found[opportunity.contact].append(opportunity)
    return found


def matching_tags(policy: Policy) -> dict[str, str]:
    """Return the contact tags of a policy, with the opportunities that get each."""
    return {row.tag: narrower(row.matching) for row in policy.decisions if row.standing == "contact"}


def gaps_of(found: Mapping[str, Opportunity], matching: Mapping[str, str]) -> list[Operation]:
    """Return the operations that give opportunities the tags which they lack and are decided to get.

    They were read with their applications if `matching` names a posting.
    """
    gaps = missing_shared_tags(found.values(), matching.keys())
    return [gap for gap in gaps if _is_matching(found[gap.opportunity], matching, gap.tag)]


def _is_matching(opportunity: Opportunity, matching: Mapping[str, str], tag: str) -> bool:
    return gets(matching, tag, archived=not active(opportunity), postings=opportunity.postings)


def _tags_of(opportunities: Iterable[Opportunity]) -> set[str]:
    return {tag for opportunity in opportunities for tag in opportunity.tags}
