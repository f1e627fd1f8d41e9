"""A Bayesian comparison: is a tag about the person, or about one candidacy?

Three models explain on how many of their places people carry a tag. *Candidacy*: each opportunity gets the
tag independently, at a rate that may differ between persons. People with more opportunities then carry it
more often, and siblings agree by chance or, where candidacies of a person resemble each other, beyond chance
(a beta-binomial count). *Once*: people get the tag about once, so siblings hardly ever agree. *Person*: a
person has the tag or not, whatever the number of opportunities; how far siblings agree depends on the
integration. The prior of *person* equals that of the other two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import comb, exp, expm1, lgamma, log

Placements = Mapping[tuple[int, int], int]

# Prior of the log ratio by which people with several opportunities are tagged more or less than others:
# mostly within a third, sometimes far beyond. A normal density with a wide tail.
_SHIFTS = tuple(step / 10 for step in range(-40, 41))


def _weight(shift: float) -> float:
    return 0.85 * exp(-((shift / 0.35) ** 2) / 2) / 0.35 + 0.15 * exp(-((shift / 3) ** 2) / 2) / 3


_WEIGHTS = tuple(log(_weight(shift) / sum(map(_weight, _SHIFTS))) for shift in _SHIFTS)
_FACTORS = tuple(map(exp, _SHIFTS))

# Prior of the correlation between two candidacies of a person: often none, mostly little, seldom much. The
# steps are fine because the likelihood of a large account is narrow.
_STEPS = (0.01, 0.02, 0.035, 0.05, 0.075, *(step / 20 for step in range(2, 19)))


def _correlations() -> tuple[tuple[float, float], ...]:
    widths = [after - before for before, after in zip((0.0, *_STEPS[:-1]), (*_STEPS[1:], 0.95), strict=True)]
    little = [width * exp(-step / 0.12) for step, width in zip(_STEPS, widths, strict=True)]
    weights = [
        0.65 * part / sum(little) + 0.05 * width / sum(widths)
        for part, width in zip(little, widths, strict=True)
    ]
    return ((0.0, 0.3), *zip(_STEPS, weights, strict=True))


_CORRELATIONS = _correlations()


def log_odds_contact(placements: Placements, sizes: Mapping[int, int]) -> float:
    """Return the log odds of *person* against *candidacy* and *once*; 0 where nobody has several places.

    `placements` maps (n, k) to the number of contacts with n places that carry the tag on k of them, `sizes`
    maps n to the number of contacts with n places. A place is a posting, or an opportunity without one.
    """
    several = {(n, k): count for (n, k), count in placements.items() if n > 1}
    if not several:
        return 0.0
    held: dict[int, int] = {}
    for (n, _), count in placements.items():
        held[n] = held.get(n, 0) + count
    person = _spread(held, {n: float(count) for n, count in sizes.items()})
    once = _siblings(several, 0.5, 20)
    persons = person + _mean([once, _siblings(several, 1, 1), _one_or_all(several)])
    return persons - _mean([_candidacies(placements, held, sizes), person + once])


def _candidacies(placements: Placements, held: Mapping[int, int], sizes: Mapping[int, int]) -> float:
    """Return the log probability of the placements if each opportunity gets the tag independently."""
    places = sum(n * count for n, count in sizes.items())
    rate = min(sum(k * count for (_, k), count in placements.items()) / places, 0.98)
    terms = []
    for correlation, weight in _CORRELATIONS:
        some = {n: -expm1(_count(n, 0, rate, correlation)) for n in sizes}
        agree = sum(
            count * (_count(n, k, rate, correlation) - log(some[n]))
            for (n, k), count in placements.items()
            if n > 1
        )
        spread = _spread(held, {n: count * some[n] for n, count in sizes.items()})
        terms.append(log(weight) + agree + spread)
    return _log_sum(terms)


def _count(n: int, k: int, rate: float, correlation: float) -> float:
    """Return the log probability of k of n where the places of a person have this correlation."""
    if not correlation:
        return log(comb(n, k)) + k * log(rate) + (n - k) * log(1 - rate)
    a, b = rate * (1 - correlation) / correlation, (1 - rate) * (1 - correlation) / correlation
    return log(comb(n, k)) + _log_beta(a + k, b + n - k) - _log_beta(a, b)


def _spread(held: Mapping[int, int], expected: Mapping[int, float]) -> float:
    """Return the log probability of the numbers of places of the contacts that carry a tag."""
    single = expected.get(1, 0.0)
    several = sum(weight for n, weight in expected.items() if n > 1)
    among = sum(count * log(expected[n] / several) for n, count in held.items() if n > 1)
    alone, rest = held.get(1, 0), sum(count for n, count in held.items() if n > 1)
    if not single:
        return among
    terms = []
    for shift, weight, factor in zip(_SHIFTS, _WEIGHTS, _FACTORS, strict=True):
        total = log(single + several * factor)
        terms.append(weight + alone * (log(single) - total) + rest * (log(several) + shift - total))
    return among + _log_sum(terms)


def _siblings(placements: Placements, hits: float, misses: float) -> float:
    """Return the log probability of k of n where siblings of a tagged place are tagged at a random rate.

    The rate has a beta distribution with the parameters `hits` and `misses`.
    """
    ways = sum(count * log(comb(n - 1, k - 1)) for (n, k), count in placements.items())
    more = sum(count * (k - 1) for (_, k), count in placements.items())
    less = sum(count * (n - k) for (n, k), count in placements.items())
    return ways + _sequence(more, less, hits, misses)


def _one_or_all(placements: Placements) -> float:
    """Return the log probability of k of n where an integration tags all or one, and seldom some."""
    every = sum(count for (n, k), count in placements.items() if k == n)
    some = sum(count for (n, k), count in placements.items() if k < n)
    one = sum(count for (n, k), count in placements.items() if k == 1 < n - 1)
    between = sum(count for (n, k), count in placements.items() if 1 < k < n)
    inside = -sum(count * log(n - 2) for (n, k), count in placements.items() if 1 < k < n)
    return _sequence(every, some) + _sequence(one, between) + inside


def _sequence(hits: int, misses: int, a: float = 0.5, b: float = 0.5) -> float:
    """Return the log probability of a sequence of hits and misses; the rate has a beta distribution."""
    return _log_beta(hits + a, misses + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _mean(terms: list[float]) -> float:
    return _log_sum(terms) - log(len(terms))


def _log_sum(terms: Iterable[float]) -> float:
    terms = list(terms)
    top = max(terms)
    return top + log(sum(exp(term - top) for term in terms))
