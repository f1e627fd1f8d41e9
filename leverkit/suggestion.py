"""From evidence about a tag to a suggested scope, with a confidence and the reason in words.

Three stories compete for each tag that is no posting's. *Candidacy*: each opportunity gets it by itself, so
that people with more opportunities carry it more often, and siblings agree by chance or resemble each other.
*Once*: a tag of one candidacy that people are given about once, so that siblings hardly ever agree.
*Person*: a person has it or not, however many opportunities there are; siblings agree as far as the
integration cared. Person is as likely beforehand as the other two together. The confidence is the
probability of the better side, with room for what real accounts do: people who come back are tagged
somewhat more or less than others. Where the data cannot tell: undecided. An integration that put a tag
about the person on one opportunity only, always, cannot be told from *once*: that is never sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb, exp, lgamma, log, pi
from typing import TYPE_CHECKING, Any

from leverkit.spelling import families

if TYPE_CHECKING:
    from leverkit.audit import Audit

DECIDED = 0.75  # below this confidence the suggestion is `undecided`
FEWEST = 3  # people with several opportunities who have to carry a tag before it is judged
_CAP = 0.98
# How much more or less people with several opportunities may be tagged, as a log ratio: mostly within
# a third, sometimes far beyond. The weights are a normal density with a wide tail.
_SHIFTS = tuple(step / 10 for step in range(-40, 41))


def _weight(shift: float) -> float:
    return 0.85 * exp(-((shift / 0.35) ** 2) / 2) / 0.35 + 0.15 * exp(-((shift / 3) ** 2) / 2) / 3


_WEIGHTS = tuple(_weight(shift) / sum(map(_weight, _SHIFTS)) for shift in _SHIFTS)

# How much more often than by chance a sibling has it too where candidacies of one person resemble each
# other, and how likely that is beforehand.
_ALIKE = (
    (0, 0.3),
    (0.02, 0.15),
    (0.05, 0.15),
    (0.1, 0.15),
    (0.2, 0.1),
    (0.35, 0.05),
    (0.5, 0.05),
    (0.7, 0.05),
)
# How often a sibling has it too where people are given a tag about once, whatever it is about.
_RARELY = (0.001, 0.005, 0.02, 0.05, 0.1)

Placements = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Suggestion:
    """A scope, how sure (0 to 1; for undecided: of what it leans to), and why in a sentence."""

    scope: str
    confidence: float
    reason: str


def suggest(audit: Audit) -> dict[str, Suggestion]:
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
    groups = families({tag: int(row["opportunities"]) for tag, row in rows.items()})
    weighed = (_weigh([rows[tag] for tag in group], placements, sizes) for group in groups)
    return {row["tag"]: said for group in weighed for row, said in group}


def _weigh(
    group: list[dict[Any, Any]], placements: Mapping[str, Placements], sizes: Mapping[int, int]
) -> Iterable[tuple[dict[Any, Any], Suggestion]]:
    """Weigh the spellings of one tag together: the evidence adds up, the doubt of one is the doubt of all."""
    weight = sum(evidence(placements[row["tag"]], sizes) for row in group)
    people = sum(count for row in group for (n, _), count in placements[row["tag"]].items() if n > 1)
    alike = max(group, key=lambda row: float(row["posting_strength"]))
    return [(row, _suggestion(row, alike, weight, people)) for row in group]


def evidence(placements: Placements, sizes: Mapping[int, int]) -> float:
    """Return the log of how much better *person* explains a tag than *candidacy* does.

    `placements`: (n, k) to the number of contacts with n places that carry it on k of them;
    `sizes`: n to the number of contacts with n places. A place is a posting, or an opportunity without one.
    """
    held: dict[int, int] = {}
    for (n, _), count in placements.items():
        held[n] = held.get(n, 0) + count
    several = {(n, k): count for (n, k), count in placements.items() if n > 1}
    if not several:
        return 0.0
    rate = sum(k * count for (_, k), count in placements.items()) / sum(
        n * count for n, count in sizes.items()
    )
    person = _spread(held, {n: float(count) for n, count in sizes.items()})
    candidacy = _spread(held, {n: count * (1 - (1 - rate) ** n) / rate for n, count in sizes.items()})
    each = candidacy + _agreement_of_candidacies(several, rate)
    once = person + _mean([_siblings(several, alike) for alike in _RARELY])
    return person + _agreement_of_persons(several) - _mean([each, once])


def _spread(held: Mapping[int, int], expected: Mapping[int, float]) -> float:
    """Return the log probability of how contacts that carry a tag spread over numbers of places."""
    single = expected.get(1, 0.0)
    several = sum(weight for n, weight in expected.items() if n > 1)
    among = sum(count * log(expected[n] / several) for n, count in held.items() if n > 1)
    alone, rest = held.get(1, 0), sum(count for n, count in held.items() if n > 1)
    if not single:
        return among
    terms = []
    for shift, weight in zip(_SHIFTS, _WEIGHTS, strict=True):
        total = single + several * exp(shift)
        terms.append(log(weight) + alone * log(single / total) + rest * (log(several / total) + shift))
    return among + _log_sum(terms)


def _agreement_of_persons(placements: Placements) -> float:
    """Return the log probability of k of n where an integration tags one, a share, or now one now all."""
    one = _mean([_siblings(placements, rate) for rate in _RARELY])
    share = _mean([_siblings(placements, rate / 10) for rate in range(1, 10)] + [_siblings(placements, 0.98)])
    return _mean([one, share, _one_or_all(placements)])


def _agreement_of_candidacies(placements: Placements, rate: float) -> float:
    """Return the log probability of k of n where siblings agree by chance or resemble each other a little."""
    return _log_sum(log(weight) + _siblings(placements, min(rate + alike, 0.99)) for alike, weight in _ALIKE)


def _siblings(placements: Placements, rate: float) -> float:
    """Return the log probability of k of n where each sibling of an opportunity has its tag at a rate."""
    return sum(
        count * (log(comb(n - 1, k - 1)) + (k - 1) * log(rate) + (n - k) * log(1 - rate))
        for (n, k), count in placements.items()
    )


def _one_or_all(placements: Placements) -> float:
    every = sum(count for (n, k), count in placements.items() if k == n)
    some = sum(count for (n, k), count in placements.items() if k < n)
    one = sum(count for (n, k), count in placements.items() if k == 1 < n - 1)
    between = sum(count for (n, k), count in placements.items() if 1 < k < n)
    inside = -sum(count * log(n - 2) for (n, k), count in placements.items() if 1 < k < n)
    return _beta(every, some) + _beta(one, between) + inside


def _mean(terms: list[float]) -> float:
    return _log_sum(terms) - log(len(terms))


def _beta(hits: int, misses: int) -> float:
    """Return the log probability of a sequence of hits and misses at an unknown rate (Jeffreys' prior)."""
    return lgamma(hits + 0.5) + lgamma(misses + 0.5) - lgamma(hits + misses + 1) - log(pi)


def _log_sum(terms: Iterable[float]) -> float:
    terms = list(terms)
    top = max(terms)
    return top + log(sum(exp(term - top) for term in terms))


def _suggestion(row: Mapping[Any, Any], alike: Mapping[Any, Any], weight: float, people: int) -> Suggestion:
    """Put evidence into words; `alike` is the spelling of the tag that looks most like a posting's."""
    if row["posting_tag"]:
        return Suggestion("opportunity", float(row["posting_strength"]), f"posting tag: {row['why']}")
    if alike["posting_tag"]:
        return Suggestion("opportunity", 0.8, f"spelt like the posting tag {alike['tag']!r}")
    if people < FEWEST:
        return Suggestion("undecided", 0.5, f"too few to tell: {_words(row)}")
    person = 1 / (1 + exp(-max(min(weight, 50), -50)))
    scope, sure = ("contact", person) if person >= 0.5 else ("opportunity", 1 - person)
    sure = min(sure, _CAP)
    if scope == "contact" and row["posting_strength"] > 0:
        return Suggestion("undecided", 0.5, f"it may be a posting tag: {row['why']}")
    if scope == "contact" and row["goes_with"] == "stage":
        where = f"{row['goes_with_share']:.0%} of its opportunities are at {row['goes_with_what']!r}"
        return Suggestion("undecided", 0.5, f"the signs contradict each other: {where}; {_words(row)}")
    if scope == "opportunity" and row["agreement"] > max(0.2, 3 * row["expected"]):
        return Suggestion("undecided", 0.5, f"the signs contradict each other: {_words(row)}")
    if sure < DECIDED:
        return Suggestion("undecided", sure, f"too little to tell; {_words(row)}")
    return Suggestion(scope, sure, f"{_STORIES[scope]}: {_words(row)}")


_STORIES = {
    "contact": "behaves as a tag about the person",
    "opportunity": "behaves as a tag of one candidacy",
}


def _words(row: Mapping[Any, Any]) -> str:
    people = (
        f"{row['split_contacts']:,} of {row['contacts']:,} people who carry it have several opportunities"
    )
    if row["split_contacts"] < FEWEST:
        return people
    return (
        f"{people}, and where one is tagged so are {row['agreement']:.0%} of its siblings "
        f"({row['expected']:.0%} by chance)"
    )
