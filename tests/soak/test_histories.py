"""Random histories: plan, apply, verify, rollback, with kills, faults and people, with and without the grant.

No wrong write, no change of ours left without being listed, no verification that fails without a reason, no
error that is not one of ours. A failure names its seed; `make soak REPLAY=<seed>` goes through it alone.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter

import pytest
from soak.history import a_history
from support.scale import scaled

HISTORIES, SEED, FEW = scaled(1000), 20261127, 4
SEEN = ("killed", "faults", "people", "written", "rolled back", "verified")
REPLAYED = os.environ.get("REPLAY")


def wrong_in(seed: int) -> tuple[list[str], Counter[str]]:
    """Go through the history of a seed; return what was wrong, and how often what happened."""
    with a_history(seed) as history:
        try:
            history.go()
        except Exception:
            history.wrong.append(traceback.format_exc())
        if REPLAYED:
            print("\n".join(history.story))
        return history.wrong, history.seen


def histories(seeds: list[int]) -> Counter[str]:
    """Return how often what happened in histories. Fails with every seed where something is wrong."""
    seen, wrong = Counter[str](), []
    for seed in seeds:
        found, happened = wrong_in(seed)
        seen += happened
        wrong += [f"make soak REPLAY={seed}: {each}" for each in found]
    print(f"{len(seeds)} histories: {dict(seen)}")
    assert not wrong, "\n".join(wrong)
    return seen


def test_some_histories_end_without_a_wrong_write() -> None:
    assert histories(list(range(SEED, SEED + FEW)))["written"] > 0


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("quarter", [1, 2, 3, 4])
def test_many_histories_end_without_a_wrong_write(quarter: int) -> None:
    if REPLAYED:
        histories([int(REPLAYED)] if quarter == 1 else [])
        return
    number = max(1, HISTORIES // 4)
    first = SEED + quarter * 10_000
    seen = histories(list(range(first, first + number)))
    assert [event for event in SEEN if seen[event] < number / 10] == []
