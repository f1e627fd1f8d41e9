"""Pool the evidence of tags of one family, and learn from what people decided in the same account.

The tags of a family are of one kind with the probability `KINSHIP`; each tells the others what it is, and
none can say more than that allows, so that a member that differs can show it. A decision tells them for sure.
The evidence of several members is not independent: n of them count as the square root of n.

A decision that was not expected also moves tags of other families that resemble the decided one, by how near
their signs are. Nothing is kept: decisions are of the account that is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log, sqrt

KINSHIP = 0.93
_MOST = 4.0  # log odds: as much as a member without a decision can say
_CERTAIN = 30.0  # log odds of what a person decided
_PULL = 3.0  # log odds by which decisions on quite the same signs move a tag, at most
_DECISIONS = 200  # decisions that are looked at for tags of other families; of more, evenly chosen ones
_NEAR = 1.5  # distance of signs, in log odds, at which a decision counts 0.6


@dataclass(frozen=True)
class Opinion:
    """What is thought of a tag: the log odds of *person*, and what moved them.

    `parts` is what each sign adds; empty where the tag itself cannot be judged. So many `similar` decisions
    moved the log odds by `learned`. The family moved them by `kin`; of its other members, so many are
    `decided`, and so many more can be `judged`.
    """

    log_odds: float
    parts: Mapping[str, float]
    family: str = ""
    judged: int = 0
    decided: int = 0
    kin: float = 0.0
    similar: int = 0
    learned: float = 0.0

    @property
    def probability(self) -> float:
        """Return the probability of *person*."""
        return 1 / (1 + exp(-max(min(self.log_odds, 50), -50)))

    def moved(self, by: float) -> Opinion:
        """Return the opinion with other log odds."""
        return replace(self, log_odds=self.log_odds + by)


def pooled(
    opinions: Mapping[str, Opinion], families: Mapping[str, str], decided: Mapping[str, bool]
) -> dict[str, Opinion]:
    """Return the opinions after decisions (tag to True for *person*) and families have moved them."""
    surprises = [
        (families.get(tag) or tag, opinions[tag].parts, person - opinions[tag].probability)
        for tag, person in decided.items()
        if tag in opinions and opinions[tag].parts
    ]
    surprises = surprises[:: 1 + len(surprises) // _DECISIONS]
    moved = {
        tag: _learned(
            opinion, [(parts, by) for kin, parts, by in surprises if kin != (families.get(tag) or tag)]
        )
        for tag, opinion in opinions.items()
    }
    members: dict[str, list[str]] = {}
    for tag in moved:
        if name := families.get(tag):
            members.setdefault(name, []).append(tag)
    for name, tags in members.items():
        if len(tags) > 1:
            moved |= _of_family(name, {tag: moved[tag] for tag in tags}, decided)
    return moved


def _learned(opinion: Opinion, surprises: list[tuple[Mapping[str, float], float]]) -> Opinion:
    """Return an opinion, moved by the decisions on tags with nearly the same signs.

    A surprise has the parts of a decided tag, and by how much the decision differs from its probability.
    """
    if not opinion.parts or not surprises:
        return opinion
    near = [(_nearness(opinion.parts, parts), surprise) for parts, surprise in surprises]
    weight = sum(nearness for nearness, _ in near)
    learned = _PULL * sum(nearness * surprise for nearness, surprise in near) / (1 + weight)
    similar = sum(nearness > 0.5 for nearness, _ in near)
    return replace(opinion, log_odds=opinion.log_odds + learned, learned=learned, similar=similar)


def _nearness(parts: Mapping[str, float], others: Mapping[str, float]) -> float:
    return exp(-sum((part - others[name]) ** 2 for name, part in parts.items()) / (2 * _NEAR**2))


def _of_family(name: str, opinions: Mapping[str, Opinion], decided: Mapping[str, bool]) -> dict[str, Opinion]:
    """Return the opinions on the members of a family, each moved by the others."""
    told = {tag: _message(_CERTAIN if decided[tag] else -_CERTAIN) for tag in opinions if tag in decided}
    said = {
        tag: _message(max(min(opinion.log_odds, _MOST), -_MOST))
        for tag, opinion in opinions.items()
        if opinion.parts and tag not in told
    }
    every, certain = sum(said.values()), sum(told.values())
    moved = {}
    for tag, opinion in opinions.items():
        judged, known = len(said) - (tag in said), len(told) - (tag in told)
        others = (every - said.get(tag, 0.0)) / sqrt(max(judged, 1))
        kin = _message(max(min(others + certain - told.get(tag, 0.0), _CERTAIN), -_CERTAIN))
        log_odds = opinion.log_odds + kin
        moved[tag] = replace(opinion, log_odds=log_odds, family=name, judged=judged, decided=known, kin=kin)
    return moved


def _message(log_odds: float) -> float:
    """Return the log odds that a tag of the family is about the person, if one thing of it has these."""
    odds = exp(log_odds)
    return log((KINSHIP * odds + 1 - KINSHIP) / ((1 - KINSHIP) * odds + KINSHIP))
