"""Words for what speaks for and against a scope: the strongest sign of each, with its numbers."""

from __future__ import annotations

from math import exp

from leverkit.policy.scope.evidence import Evidence
from leverkit.policy.scope.pooling import Opinion
from leverkit.report.text import count

_LEAST = 0.3  # log odds from which a sign is worth a word
_TOLD = 0.5  # log odds from which the family or a decision is
_SAME = {
    "month": "created in the same months",
    "outcome": "of the same stage and outcome",
    "channel": "of the same origin and source",
    "owner": "of the same owner",
}


def siblings(evidence: Evidence) -> str:
    """Return how far siblings agree, in a few words."""
    people = count(evidence.people, "person", "people")
    if evidence.parts > 1:
        people = f"about {people}, of whom 1 in {evidence.parts} was looked at"
    return f"{_share(evidence.agreement)} of siblings, {_share(evidence.chance)} by chance; {people}"


def signs(evidence: Evidence, opinion: Opinion, scope: str) -> str:
    """Return the strongest signs for a scope and against it; with none against it, the two strongest."""
    way = 1 if scope == "contact" else -1
    parts = {name: way * part for name, part in opinion.parts.items()}
    order = sorted(parts, key=lambda name: (-parts[name], name))
    first, last = order[0], order[-1]
    if parts[last] <= -_LEAST:
        other = "opportunity" if scope == "contact" else "contact"
        return f"for {scope}, {sign(first, evidence)}; for {other}, {sign(last, evidence)}"
    return f"{sign(first, evidence)}, and {sign(order[1], evidence)}"


def sign(name: str, evidence: Evidence) -> str:
    """Return one sign with its numbers."""
    if name in _SAME:
        carry = f"{_share(evidence.settings[name])} of others {_SAME[name]} carry it"
        return f"{carry}, {_share(evidence.rate)} of all"
    if name == "narrow":
        fall = "fall within" if evidence.signs["narrow"] else "are spread over"
        return f"80% of its uses {fall} {count(round(evidence.days), 'day')}"
    if name == "spread":
        return (
            f"people with several opportunities carry it {exp(evidence.spread):.1f} times as often as others"
        )
    if name == "replaced":
        return f"{_share(evidence.replaced)} of siblings have another tag of its family instead"
    if name == "posting":
        return f"it follows postings {_share(max(evidence.posting, 0.0))} beyond chance"
    return f"{_share(evidence.agreement)} of siblings have it, {_share(evidence.chance)} by chance"


def moved(opinion: Opinion) -> str:
    """Return how the family and decisions moved an opinion; empty where they did not."""
    said = []
    if abs(opinion.kin) >= _TOLD:
        known = count(opinion.judged + opinion.decided, "other")
        decided = f", {opinion.decided:,} of them decided" if opinion.decided else ""
        said.append(f"as its family {opinion.family!r} ({known}{decided}) says {_scope(opinion.kin)}")
    if abs(opinion.learned) >= _TOLD and opinion.similar:
        decisions = count(opinion.similar, "decision")
        said.append(f"moved towards {_scope(opinion.learned)} by {decisions} on similar tags")
    return "; ".join(said)


def _scope(log_odds: float) -> str:
    return "contact" if log_odds > 0 else "opportunity"


def _share(value: float) -> str:
    return f"{value:.0%}" if value >= 0.01 or not value else f"{value:.1%}"
