"""From evidence about a tag to a suggested scope, with a confidence and the reason in words.

A tag of postings is of the opportunity. For the others `weighing` compares the stories: the confidence is the
probability of the better side, with room for what real accounts do. Where the data cannot tell: undecided.
An integration that put a tag about the person on one opportunity only, always, cannot be told from a tag of
one candidacy that people are given once: that is never sure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING, Any

from leverkit.analysis.spelling import grouped
from leverkit.policy.scope_model import Placements, evidence

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts

DECIDED = 0.75  # below this confidence the suggestion is `undecided`
FEWEST = 3  # people with several opportunities who have to carry a tag before it is judged
SETTLED = 0.99  # probability of *candidacy* from which it stands against siblings that often share the tag
_CAP = 0.98


@dataclass(frozen=True)
class Suggestion:
    """A scope, how sure (0 to 1; for undecided: of what it leans to), and why in a sentence."""

    scope: str
    confidence: float
    reason: str


def suggest(audit: AuditFacts) -> dict[str, Suggestion]:
    """Return a suggestion for each tag of an audit.

    Spellings of one tag (case, spacing, accents, slips) are weighed together. A posting tag is never
    suggested as contact, nor is a tag that might be one.
    """
    frame = audit.placements
    sizes = {int(n): int(total) for n, total in zip(frame["n"], frame["total"], strict=True)}
    placements: dict[str, dict[tuple[int, int], int]] = {}
    for tag, n, k, contacts in zip(frame["tag"], frame["n"], frame["k"], frame["contacts"], strict=True):
        placements.setdefault(tag, {})[int(n), int(k)] = int(contacts)
    rows = {row["tag"]: row for row in audit.tags.to_dict("records")}
    weighed: dict[str, Suggestion] = {}
    for group in grouped(audit.spellings):
        spellings = [rows[tag] for tag, _ in group]
        weighed |= _weigh(spellings, placements.get(spellings[0]["tag"], {}), sizes)
    return weighed


def _weigh(
    group: list[dict[Any, Any]], placements: Placements, sizes: Mapping[int, int]
) -> dict[str, Suggestion]:
    """Weigh the spellings of one tag together: the evidence of one is that of all, and so is the doubt."""
    weight = evidence(placements, sizes)
    people = sum(count for (n, _), count in placements.items() if n > 1)
    alike = max(group, key=lambda row: float(row["posting_strength"]))
    said = _suggestion(group[0], alike, weight, people)
    return {row["tag"]: _spelt(row, group[0], alike, said) for row in group}


def _spelt(
    row: Mapping[Any, Any], head: Mapping[Any, Any], alike: Mapping[Any, Any], said: Suggestion
) -> Suggestion:
    """Say of each spelling what is said of all; a posting's own spelling is surer than those like it."""
    if row["posting_tag"]:
        return Suggestion("opportunity", float(row["posting_strength"]), f"posting tag: {row['why']}")
    if alike["posting_tag"]:
        return Suggestion("opportunity", 0.8, f"spelt like the posting tag {alike['tag']!r}")
    return said if row is head else replace(said, reason=f"weighed with {head['tag']!r}: {said.reason}")


def _suggestion(row: Mapping[Any, Any], alike: Mapping[Any, Any], weight: float, people: int) -> Suggestion:
    """Put evidence into words; `alike` is the spelling of the tag that looks most like a posting's."""
    if people < FEWEST:
        return Suggestion("undecided", 0.5, f"too few to tell: {_people(row)}")
    person = 1 / (1 + exp(-max(min(weight, 50), -50)))
    scope, sure = ("contact", person) if person >= 0.5 else ("opportunity", 1 - person)
    together = row["agreement"] > max(0.2, 3 * row["expected"])
    if scope == "contact" and alike["posting_strength"] > 0:
        return Suggestion("undecided", 0.5, f"it may be a posting tag: {alike['why']}")
    if scope == "contact" and row["goes_with"] == "stage":
        where = f"{row['goes_with_share']:.0%} of its opportunities are at {row['goes_with_what']!r}"
        return Suggestion(
            "undecided",
            0.5,
            f"the signs contradict each other: {where}, but {_together(row)}; {_people(row)}",
        )
    if scope == "opportunity" and together and sure < SETTLED:
        return Suggestion(
            "undecided",
            0.5,
            f"the signs contradict each other: {_together(row)}, but {_GROWS}; {_people(row)}",
        )
    sure = min(sure, _CAP)
    if sure < DECIDED:
        once = f"{_ONCE}: " if row["agreement"] <= max(0.1, row["expected"]) else ""
        return Suggestion("undecided", sure, f"too close to call: {once}{_together(row)}; {_people(row)}")
    grows = f"{_GROWS}, although " if together and scope == "opportunity" else ""
    return Suggestion(scope, sure, f"{_STORIES[scope]}: {grows}{_together(row)}; {_people(row)}")


_STORIES = {
    "contact": "behaves as a tag about the person",
    "opportunity": "behaves as a tag of one candidacy",
}
_ONCE = "people have it about once, as they may have tags of either kind"
_GROWS = "the more opportunities people have, the more of them carry it"


def _people(row: Mapping[Any, Any]) -> str:
    return f"{row['split_contacts']:,} of the {row['contacts']:,} people with it have several opportunities"


def _together(row: Mapping[Any, Any]) -> str:
    return (
        f"where it is on one opportunity, it is on {row['agreement']:.0%} of the same person's others, too "
        f"({row['expected']:.0%} by chance)"
    )
