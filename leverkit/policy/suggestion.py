"""Suggest a scope for each tag, with a confidence and a reason, from the facts of an audit.

A tag of postings is about the opportunity. For the others `scope_model` compares its models: the confidence
is the probability of the better one, at most `_CAP`. Where the data cannot tell, the suggestion is undecided,
without a confidence. The same two minima hold for every suggestion: `DECIDED` and `FEWEST`.
A tag about the person that an integration always puts on one opportunity looks like a tag about one candidacy
that people get once: such a tag has a low confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import Any, NamedTuple

from leverkit.analysis.facts import AuditFacts
from leverkit.analysis.spelling import grouped
from leverkit.policy.scope_model import Placements, log_odds_contact
from leverkit.report.text import count
from leverkit.snapshot.warehouse.lacks import POSTINGS

DECIDED = 0.75  # below this confidence the suggestion is `undecided`
FEWEST = 3  # people who carry a tag and are considered for several postings, before it is judged
SETTLED = 0.99  # probability of *candidacy* that outweighs siblings who often share the tag
_CAP = 0.98
BECAUSE = " · "  # between the short reason and the long one


@dataclass(frozen=True)
class Suggestion:
    """A scope, its confidence (0 to 1; None if undecided), and the reason: in short, `BECAUSE`, in full."""

    scope: str
    confidence: float | None
    reason: str


class Siblings(NamedTuple):
    """What a suggestion rests on, over all spellings of a tag; an opportunity counts once per posting.

    `people` carry the tag and are considered for several postings. `agreement` is how often another
    opportunity of theirs has it too, `expected` what independence would give.
    """

    people: int
    agreement: float
    expected: float

    @property
    def short(self) -> str:
        """Return the figures in a few words."""
        number = count(self.people, "person", "people")
        return f"{self.agreement:.0%} of siblings, {self.expected:.0%} by chance; {number}"

    def __str__(self) -> str:
        return (
            f"where it is on one opportunity, it is on {self.agreement:.0%} of the same person's others, too "
            f"({self.expected:.0%} by chance)"
        )


def suggest(audit: AuditFacts) -> dict[str, Suggestion]:
    """Return a suggestion for each tag of an audit.

    Spellings of one tag (case, spacing, accents, slips) are judged together. A tag that is or may be of a
    posting is never suggested as contact. Out of a copy without postings nothing is suggested but for tags
    that look like a posting's: the others cannot be told from those.
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
    if POSTINGS in audit.snapshot.lacks:
        untold = _undecided(
            "no postings", "the copy has no postings, so a tag of one cannot be told from others"
        )
        return {tag: each if rows[tag]["posting_tag"] else untold for tag, each in suggestions.items()}
    return suggestions


def _of_spellings(
    group: list[dict[Any, Any]], placements: Placements, sizes: Mapping[int, int]
) -> dict[str, Suggestion]:
    """Return the suggestion for each spelling of one tag, from the evidence of all of them."""
    log_odds = log_odds_contact(placements, sizes)
    alike = max(group, key=lambda row: float(row["posting_strength"]))
    suggestion = _suggestion(group[0], alike, log_odds, _siblings(placements, sizes))
    return {row["tag"]: _for_spelling(row, group[0], alike, suggestion) for row in group}


def _siblings(placements: Placements, sizes: Mapping[int, int]) -> Siblings:
    several = {(n, k): count for (n, k), count in placements.items() if n > 1}
    agree = sum(count * k * (k - 1) for (_, k), count in several.items())
    pairs = sum(count * k * (n - 1) for (n, k), count in several.items())
    held = sum(count * k for (_, k), count in several.items())
    places = sum(n * count for n, count in sizes.items() if n > 1)
    return Siblings(sum(several.values()), agree / max(pairs, 1), held / max(places, 1))


def _for_spelling(
    row: Mapping[Any, Any], preferred: Mapping[Any, Any], alike: Mapping[Any, Any], suggestion: Suggestion
) -> Suggestion:
    """Return the suggestion for one spelling; the spelling of a posting has more confidence than others."""
    if row["posting_tag"]:
        return _of_posting(float(row["posting_strength"]), f"posting tag: {row['why']}")
    if alike["posting_tag"]:
        strength = min(0.8, float(alike["posting_strength"]))
        return _of_posting(strength, f"spelled like the posting tag {alike['tag']!r}")
    if row is preferred:
        return suggestion
    return replace(suggestion, reason=f"{suggestion.reason}; weighed together with {preferred['tag']!r}")


def _of_posting(strength: float, why: str) -> Suggestion:
    if strength < DECIDED:
        return _undecided("perhaps from a posting", why)
    return Suggestion("opportunity", strength, f"from a posting{BECAUSE}{why}")


def _undecided(short: str, why: str) -> Suggestion:
    return Suggestion("undecided", None, f"{short}{BECAUSE}{why}")


def _suggestion(
    row: Mapping[Any, Any], alike: Mapping[Any, Any], log_odds: float, siblings: Siblings
) -> Suggestion:
    """Return scope, confidence and reason; `alike` is the spelling that looks most like a posting tag."""
    if siblings.people < FEWEST:
        why = f"a tag is judged where {FEWEST} people carry it who are considered for several postings"
        return _undecided(f"too few to tell: {count(siblings.people, 'person', 'people')}", why)
    person = 1 / (1 + exp(-max(min(log_odds, 50), -50)))
    scope, confidence = ("contact", person) if person >= 0.5 else ("opportunity", 1 - person)
    if contradiction := _contradiction(row, alike, scope, confidence, siblings):
        return _undecided(siblings.short, contradiction)
    confidence = min(confidence, _CAP)
    if confidence < DECIDED:
        once = f"{_ONCE}: " if siblings.agreement <= max(0.1, siblings.expected) else ""
        return _undecided(siblings.short, f"too close to call: {once}{siblings}")
    grows = f"{_GROWS}, although " if scope == "opportunity" and _agree(row, siblings) else ""
    reason = f"{siblings.short}{BECAUSE}{_BEHAVIOUR[scope]}: {grows}{siblings}"
    return Suggestion(scope, confidence, reason)


def _contradiction(
    row: Mapping[Any, Any], alike: Mapping[Any, Any], scope: str, confidence: float, siblings: Siblings
) -> str:
    """Return what contradicts a scope; empty where nothing does."""
    if scope == "contact" and alike["posting_strength"] > 0:
        return f"it may be a posting tag: {alike['why']}"
    if scope == "contact" and row["goes_with"] == "stage":
        where = f"{row['goes_with_share']:.0%} of its opportunities are at {row['goes_with_what']!r}"
        return f"the signs contradict each other: {where}, but {siblings}"
    if scope == "opportunity" and _agree(row, siblings) and confidence < SETTLED:
        return f"the signs contradict each other: {siblings}, but {_GROWS}"
    return ""


def _agree(row: Mapping[Any, Any], siblings: Siblings) -> bool:
    """Return True if siblings agree far more often than by chance, by this spelling or by all."""
    figures = ((row["agreement"], row["expected"]), (siblings.agreement, siblings.expected))
    return any(agreement > max(0.2, 3 * expected) for agreement, expected in figures)


_BEHAVIOUR = {
    "contact": "behaves as a tag about the person",
    "opportunity": "behaves as a tag of one candidacy",
}
_ONCE = "people have it about once, as they may have tags of either kind"
_GROWS = "the more opportunities people have, the more of them carry it"
