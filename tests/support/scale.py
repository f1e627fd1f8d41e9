"""How much of the long proofs is run: all, or the share that `make soak SCALE=0.1` names."""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

SCALE = float(os.environ.get("SCALE", "1"))
FEW = 10  # a test with fewer cases runs all of them


def scaled(number: int) -> int:
    """Return a number of examples at this scale, at least one."""
    return max(1, round(number * SCALE))


def left_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases of long proofs that are not run: of each test with many, the share SCALE stays."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("soak"):
            cases[item.nodeid.split("[")[0]].append(item)
    many = [found for found in cases.values() if len(found) >= FEW]
    return [item for found in many for item in found if item not in _spread(found)]


def _spread(found: list[pytest.Item]) -> list[pytest.Item]:
    """Return the share SCALE of the cases of a test, spread over all of them."""
    number = min(len(found), scaled(len(found)))
    return [found[place * len(found) // number] for place in range(number)]
