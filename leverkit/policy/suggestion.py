"""Suggest a scope for each tag, with a confidence and a reason, from the facts of an audit.

A tag of postings is about the opportunity. For the others `scope_model` compares its models: the confidence
is the probability of the better one, at most `_CAP`. Where the data cannot tell, the suggestion is undecided.
A tag about the person that an integration always puts on one opportunity looks like a tag about one candidacy
that people get once: such a tag has a low confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import Any

from leverkit.analysis.facts import AuditFacts
from leverkit.analysis.spelling import grouped
from leverkit.policy.scope_model import Placements, log_odds_contact

DECIDED = 0.75  # below this confidence the suggestion is `undecided`
FEWEST = 3  # people with several opportunities who have to carry a tag before it is judged
SETTLED = 0.99  # probability of *candidacy* that outweighs siblings who often share the tag
_CAP = 0.98


@dataclass(frozen=True)
class Suggestion:
    """A scope, its confidence (0 to 1; if undecided, of the likelier scope), and the reason in a sentence."""

    scope: str
    confidence: float
    reason: str


def suggest(audit: AuditFacts) -> dict[str, Suggestion]:
    """Return a suggestion for each tag of an audit.

    Spellings of one tag (case, spacing, accents, slips) are judged together. A tag that is or may be of a
    posting is never suggested as contact.
    """
    frame = audit.placements
    sizes = {int(n): int(total) for n, total in zip(frame["n"], frame["total"], strict=True)}
    placements: dict[str, dict[tuple[int, int], int]] = {}
    for tag, n, k, contacts in zip(frame["tag"], frame["n"], frame["k"], frame["contacts"], strict=True):
        placements.setdefault(tag, {})[int(n), int(k)] = int(contacts)
    rows = {row["tag"]: row for row in audit.tags.to_dict("records")}
    suggestions: dict[str, Suggestion] = {}
    for group in grouped(audit.spellings):
        spellings = [rows[tag] for tag, _ in group]
        suggestions |= _of_spellings(spellings, placements.get(spellings[0]["tag"], {}), sizes)
    return suggestions


def _of_spellings(
    group: list[dict[Any, Any]], placements: Placements, sizes: Mapping[int, int]
) -> dict[str, Suggestion]:
    """Return the suggestion for each spelling of one tag, from the evidence of all of them."""
    log_odds = log_odds_contact(placements, sizes)
    people = sum(count for (n, _), count in placements.items() if n > 1)
    alike = max(group, key=lambda row: float(row["posting_strength"]))
    suggestion = _suggestion(group[0], alike, log_odds, people)
    return {row["tag"]: _for_spelling(row, group[0], alike, suggestion) for row in group}


def _for_spelling(
    row: Mapping[Any, Any], preferred: Mapping[Any, Any], alike: Mapping[Any, Any], suggestion: Suggestion
) -> Suggestion:
    """Return the suggestion for one spelling; the spelling of a posting has more confidence than others."""
    if row["posting_tag"]:
        return Suggestion("opportunity", float(row["posting_strength"]), f"posting tag: {row['why']}")
    if alike["posting_tag"]:
        return Suggestion("opportunity", 0.8, f"spelt like the posting tag {alike['tag']!r}")
    if row is preferred:
        return suggestion
    return replace(suggestion, reason=f"weighed with {preferred['tag']!r}: {suggestion.reason}")


def _suggestion(row: Mapping[Any, Any], alike: Mapping[Any, Any], log_odds: float, people: int) -> Suggestion:
    """Return scope, confidence and reason; `alike` is the spelling that looks most like a posting tag."""
    if people < FEWEST:
        return Suggestion("undecided", 0.5, f"too few to tell: {_people(row)}")
    person = 1 / (1 + exp(-max(min(log_odds, 50), -50)))
    scope, confidence = ("contact", person) if person >= 0.5 else ("opportunity", 1 - person)
    if contradiction := _contradiction(row, alike, scope, confidence):
        return Suggestion("undecided", 0.5, contradiction)
    confidence = min(confidence, _CAP)
    if confidence < DECIDED:
        once = f"{_ONCE}: " if row["agreement"] <= max(0.1, row["expected"]) else ""
        reason = f"too close to call: {once}{_together(row)}; {_people(row)}"
        return Suggestion("undecided", confidence, reason)
    grows = f"{_GROWS}, although " if scope == "opportunity" and _agrees(row) else ""
    return Suggestion(scope, confidence, f"{_BEHAVIOUR[scope]}: {grows}{_together(row)}; {_people(row)}")


def _contradiction(row: Mapping[Any, Any], alike: Mapping[Any, Any], scope: str, confidence: float) -> str:
    """Return what contradicts a scope; empty where nothing does."""
    if scope == "contact" and alike["posting_strength"] > 0:
        return f"it may be a posting tag: {alike['why']}"
    if scope == "contact" and row["goes_with"] == "stage":
        where = f"{row['goes_with_share']:.0%} of its opportunities are at {row['goes_with_what']!r}"
        return f"the signs contradict each other: {where}, but {_together(row)}; {_people(row)}"
    if scope == "opportunity" and _agrees(row) and confidence < SETTLED:
        return f"the signs contradict each other: {_together(row)}, but {_GROWS}; {_people(row)}"
    return ""


def _agrees(row: Mapping[Any, Any]) -> bool:
    """Return True if siblings agree on a tag far more often than by chance."""
    return bool(row["agreement"] > max(0.2, 3 * row["expected"]))


_BEHAVIOUR = {
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
