"""Suggest a scope for each tag, with a confidence and a reason, from the facts of an audit.

A tag of postings is about the opportunity. For the others `scope` weighs the signs, and `scope.pooling` moves
the result by the tag's family and by what people decided. The confidence is the probability of the better
scope, at most `_CAP`. Where the data cannot tell, the suggestion is undecided, without a confidence: below
`DECIDED`, and where fewer than `FEWEST` people carry the tag and no family tells. A tag is suggested
`contact` only where siblings agree beyond chance, its own or those of its family: a tag about the person that
an integration always puts on one opportunity looks like a tag about one candidacy that people get once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leverkit.analysis.facts import AuditFacts
from leverkit.analysis.spelling import grouped
from leverkit.analysis.tag_families import tag_families
from leverkit.policy.scope import reasons
from leverkit.policy.scope.evidence import REPLACED, Evidence, evidence_of
from leverkit.policy.scope.pooling import Opinion, pooled
from leverkit.policy.scope.weights import Weights, fitted
from leverkit.report.text import count
from leverkit.snapshot.warehouse.lacks import POSTINGS

DECIDED = 0.75  # below this confidence the suggestion is `undecided`
FEWEST = 3  # people who carry a tag and are considered for several postings, before it is judged by itself
BECAUSE = " · "  # between the short reason and the long one
_CAP, _POSTING_CAP = 0.99, 0.998  # most confidence; that of a tag of postings
_ALMOST = 0.88  # most confidence of `contact` of what may be an answer, or is known by like tags alone
# How many people's siblings must agree beyond chance, and by how many standard deviations: see `_most`.
_HINT, _HELD, _FOR_SURE = (0.25, 0.25), (0.5, 0.5), (1.0, 1.25)
_GROWS, _SELDOM, _MOSTLY = 0.26, 0.3, 0.5  # log ratio and agreement: see `_most`
_TOLD = 0.45  # log odds by which `contact` is likelier than the signs say where siblings agree for sure
_TELLS = 1.5  # log odds by which a family, or decisions on similar tags, say that a tag is the person's
_SCOPE = {True: "contact", False: "opportunity"}
_BEHAVIOUR = {
    "contact": "behaves as a tag about the person",
    "opportunity": "behaves as a tag of one candidacy",
}


@dataclass(frozen=True)
class Suggestion:
    """A scope, its confidence (0 to 1; None if undecided), and the reason: in short, `BECAUSE`, in full."""

    scope: str
    confidence: float | None
    reason: str


def suggest(
    audit: AuditFacts,
    *,
    families: Mapping[str, str] | None = None,
    decided: Mapping[str, str] | None = None,
    weights: Weights | None = None,
) -> dict[str, Suggestion]:
    """Return a suggestion for each tag of an audit.

    Spellings of one tag (case, spacing, accents, slips) are judged together. A tag that is or may be of a
    posting is never suggested as contact. `decided` is what people decided in this account (tag to scope); it
    moves the suggestions of similar tags. Out of a copy without postings nothing is suggested but for tags
    that look like a posting's: the others cannot be told from those. `weights` are fitted ones by default.
    """
    rows = {row["tag"]: row for row in audit.tags.to_dict("records")}
    families = tag_families(audit) if families is None else families
    known = evidence_of(audit, families)
    groups = [[tag for tag, _ in group] for group in grouped(audit.spellings)]
    opinions = pooled(
        {tag: _opinion(found, weights or fitted()) for tag, found in known.items()},
        families,
        _decisions(groups, decided or {}),
    )
    suggestions: dict[str, Suggestion] = {}
    for group in groups:
        suggestions |= _of_spellings([rows[tag] for tag in group], known, opinions)
    if POSTINGS in audit.snapshot.lacks:
        untold = _undecided(
            "no postings", "the copy tells no tags of postings, so one cannot be told from others"
        )
        return {tag: each if rows[tag]["posting_tag"] else untold for tag, each in suggestions.items()}
    return suggestions


def _opinion(found: Evidence, weights: Weights) -> Opinion:
    """Return what is thought of a tag by its own evidence; without parts where too few people have it."""
    if found.people < FEWEST:
        return Opinion(weights.intercept, {})
    return Opinion(weights.log_odds(found.signs), weights.parts(found.signs))


def _decisions(groups: list[list[str]], decided: Mapping[str, str]) -> dict[str, bool]:
    """Return the decisions by preferred spelling: True for contact, False for opportunity."""
    found = {}
    for group in groups:
        scopes = {decided[tag] for tag in group if decided.get(tag) in _BEHAVIOUR}
        if len(scopes) == 1:
            found[group[0]] = scopes == {"contact"}
    return found


def _of_spellings(
    group: list[dict[Any, Any]], known: Mapping[str, Evidence], opinions: Mapping[str, Opinion]
) -> dict[str, Suggestion]:
    """Return the suggestion for each spelling of one tag, from the evidence of all of them."""
    alike = max(group, key=lambda row: float(row["posting_strength"]))
    preferred = group[0]["tag"]
    suggestion = (
        _suggestion(group[0], alike, known[preferred], opinions[preferred])
        if preferred in known
        else _undecided("too few to tell: 0 people", "it is only on opportunities that are left out")
    )
    return {row["tag"]: _for_spelling(row, group[0], alike, suggestion) for row in group}


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
    # A tag that people put on the opportunities of one posting is about the opportunity, too.
    return Suggestion(
        "opportunity", min(1 - (1 - strength) / 10, _POSTING_CAP), f"from a posting{BECAUSE}{why}"
    )


def _undecided(short: str, why: str) -> Suggestion:
    return Suggestion("undecided", None, f"{short}{BECAUSE}{why}")


def _suggestion(
    row: Mapping[Any, Any], alike: Mapping[Any, Any], found: Evidence, opinion: Opinion
) -> Suggestion:
    """Return scope, confidence and reason; `alike` is the spelling that looks most like a posting tag."""
    scope = _SCOPE[opinion.probability >= 0.5]
    confidence = min(max(opinion.probability, 1 - opinion.probability), _CAP)
    short, why = reasons.siblings(found), _why(found, opinion, scope)
    if not opinion.parts:
        people = count(found.people, "person", "people")
        if not opinion.decided and opinion.judged < 2:
            rule = f"a tag is judged where {FEWEST} people carry it who are considered for several postings"
            return _undecided(f"too few to tell: {people}", rule)
        short = f"too few to tell by itself: {people}"
    if scope == "contact":
        if contradiction := _contradiction(row, alike, found):
            return _undecided(short, contradiction)
        most, likelier = _most(found, opinion)
        if not most:
            return _undecided(short, f"siblings do not agree beyond chance: {why}")
        surer = opinion.moved(likelier) if opinion.parts else opinion
        confidence = min(surer.probability, _CAP, most)
    if confidence < DECIDED:
        return _undecided(short, f"too close to call: {why}")
    return Suggestion(scope, confidence, f"{short}{BECAUSE}{_BEHAVIOUR[scope]}: {why}")


def _why(found: Evidence, opinion: Opinion, scope: str) -> str:
    own = reasons.signs(found, opinion, scope) if opinion.parts else ""
    return "; ".join(filter(None, (own, reasons.moved(opinion))))


def _contradiction(row: Mapping[Any, Any], alike: Mapping[Any, Any], found: Evidence) -> str:
    """Return what contradicts the scope contact; empty where nothing does."""
    if alike["posting_strength"] > 0:
        return f"it may be a posting tag: {alike['why']}"
    if row["goes_with"] == "stage":
        where = f"{row['goes_with_share']:.0%} of its opportunities are at {row['goes_with_what']!r}"
        return f"the signs contradict each other: {where}, but {reasons.sign('agree', found)}"
    return ""


def _most(found: Evidence, opinion: Opinion) -> tuple[float, float]:
    """Return the most confidence of `contact`, and log odds by which it is likelier than the signs say.

    The most is 0 where nothing but the tag's spread says so. Answers that people often repeat agree, too:
    people with more opportunities carry them more often, and where the answer is another one, that tag is
    there instead. These are never sure. Siblings alone are not enough where the family says otherwise.
    """
    learned = _ALMOST if opinion.learned >= _TELLS else 0.0
    changes = found.replaced >= REPLACED and not opinion.decided
    repeated = found.spread >= _GROWS and _SELDOM <= found.agreement < _MOSTLY
    if changes or (opinion.kin < _TELLS and (repeated or opinion.kin <= -_TELLS)):
        return (_ALMOST if found.agrees(*_HELD) else learned), 0.0
    if found.agrees(*_FOR_SURE) or opinion.kin >= _TELLS:
        return 1.0, _TOLD
    return (1.0 if found.agrees(*_HINT) else learned), 0.0
