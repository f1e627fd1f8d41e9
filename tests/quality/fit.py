"""Fit the weights of the suggestions on generated accounts: `PYTHONPATH=tests python -m quality.fit`.

Writes leverkit/policy/scope/weights.json. A logistic regression with a small penalty; a sign that would speak
against its direction is left out. Seeds below 1000: `quality.measure` measures on others.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from quality.settings import SETTINGS

from leverkit.analysis.audit import audit
from leverkit.analysis.tag_families import tag_families
from leverkit.policy.scope.evidence import evidence_of
from leverkit.policy.scope.weights import DIRECTIONS, FILE, Weights
from leverkit.policy.suggestion import FEWEST

PENALTY = 3.0
SEEDS = 4
Array = Any


class Example(NamedTuple):
    """A tag of known truth: the kind of its account, its signs, and whether it is about persons."""

    kind: str
    signs: dict[str, float]
    person: bool


def examples(kind: str, seed: int) -> list[Example]:
    """Make an account and return its tags that can be judged."""
    with tempfile.TemporaryDirectory() as folder:
        truth = SETTINGS[kind](Path(folder) / "s", seed=seed)
        facts = audit(Path(folder) / "s")
        found = evidence_of(facts, tag_families(facts))
    return [
        Example(kind, known.signs, truth[tag] == "contact")
        for tag, known in found.items()
        if known.people >= FEWEST
    ]


def every_example(seeds: Iterable[int]) -> list[Example]:
    """Return the examples of all kinds of account."""
    jobs = [(kind, seed) for kind in SETTINGS for seed in seeds]
    with Pool(2) as pool:
        return [example for some in pool.starmap(examples, jobs, 1) for example in some]


def fit(found: list[Example], *, without: str = "") -> Weights:
    """Return the weights that fit the examples best, without those of one kind of account."""
    used = [example for example in found if example.kind != without]
    person = np.array([example.person for example in used], dtype=float)
    names = list(DIRECTIONS)
    while True:
        signs = np.array([[example.signs[name] for name in names] for example in used])
        intercept, weights = _logistic(signs, person)
        wrong = [name for name, weight in zip(names, weights, strict=True) if weight * DIRECTIONS[name] < 0]
        if not wrong:
            return _weights(names, intercept, weights, signs, person)
        names.remove(max(wrong, key=lambda name: abs(weights[names.index(name)])))


def _logistic(signs: Array, person: Array) -> tuple[float, Array]:
    """Return intercept and weights, by Newton's method on signs of equal width."""
    mean, width = signs.mean(axis=0), signs.std(axis=0) + 1e-9
    rows = np.column_stack([np.ones(len(signs)), (signs - mean) / width])
    penalty = np.diag([1e-6] + [PENALTY] * signs.shape[1])
    found = np.zeros(rows.shape[1])
    for _ in range(40):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        weight = chance * (1 - chance) + 1e-9
        slope = rows.T @ (person - chance) - penalty @ found
        found = found + np.linalg.solve(rows.T @ (rows * weight[:, None]) + penalty, slope)
    return float(found[0] - (found[1:] * mean / width).sum()), found[1:] / width


def _weights(names: list[str], intercept: float, weights: Array, signs: Array, person: Array) -> Weights:
    """Return the weights, with the neutral values half way between the means of the two kinds of tag."""
    means = (signs[person == 1].mean(axis=0) + signs[person == 0].mean(axis=0)) / 2
    return Weights(
        round(intercept + float((weights * means).sum()), 3),
        {name: round(float(weight), 3) for name, weight in zip(names, weights, strict=True)},
        {name: round(float(mean), 3) for name, mean in zip(names, means, strict=True)},
    )


def main(seeds: int = SEEDS) -> None:
    """Fit on the first seeds and write the file."""
    found = every_example(range(seeds))
    weights = fit(found)
    document = {"intercept": weights.intercept, "weights": weights.weights, "neutral": weights.neutral}
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found):,} tags of {len(SETTINGS)} kinds of account: {FILE.name} is written")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
