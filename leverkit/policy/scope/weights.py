"""An additive model of few signs: is a tag about the person, or about one candidacy?

The log odds of *person* are the sum of (sign - neutral) × weight, and an intercept. weights.json has the
weight of each sign, and the neutral value, which says neither. `quality.fit`, with the tests, fits them on
generated accounts; which way a sign points stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("weights.json")
DIRECTIONS = {
    "agree": 1,
    "month": -1,
    "outcome": -1,
    "channel": -1,
    "owner": -1,
    "narrow": -1,
    "spread": -1,
    "posting": -1,
    "replaced": -1,
}


@dataclass(frozen=True)
class Weights:
    """The weights of the signs and their neutral values."""

    intercept: float
    weights: Mapping[str, float]
    neutral: Mapping[str, float]

    def parts(self, signs: Mapping[str, float]) -> dict[str, float]:
        """Return what each sign adds to the log odds of *person*."""
        return {name: weight * (signs[name] - self.neutral[name]) for name, weight in self.weights.items()}

    def log_odds(self, signs: Mapping[str, float]) -> float:
        """Return the log odds of *person* against *candidacy*."""
        return self.intercept + sum(self.parts(signs).values())


@cache
def fitted() -> Weights:
    """Return the weights that come with leverkit."""
    return Weights(**json.loads(FILE.read_text(encoding="utf-8")))
