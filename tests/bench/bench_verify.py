"""How the bookkeeping of verify grows: tag counts of a plan with many tags and opportunities, without Lever.

PYTHONPATH=tests python tests/bench/bench_verify.py [TAGS] [OPPORTUNITIES]
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

from leverkit.api.models import Opportunity
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.verification.tag_counts import check_tag_counts

PER_OPPORTUNITY = 4  # operations; two opportunities per contact, one more tag that is not planned


class Counting:
    """A Lever whose tag counts are given."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def tag_counts(self) -> dict[str, int]:
        """Return the counts of `GET /tags`."""
        return self._counts


def measured(tags: int, opportunities: int) -> None:
    """Print operations, seconds and megabytes of one check that finds all counts as predicted."""
    names = [f"tag {number}" for number in range(tags)]
    numbers = range(PER_OPPORTUNITY)
    wanted = {f"o{n}": [names[(n * 7 + k * 13) % tags] for k in numbers] for n in range(opportunities)}
    ops = [
        Operation(f"c{int(o[1:]) // 2}", o, "add", tag)
        for o, added in wanted.items()
        for tag in dict.fromkeys(added)
    ]
    before = {o: OpportunityState(f"c{int(o[1:]) // 2}", ("kept",)) for o in wanted}
    counts = dict.fromkeys(names, 0)
    for op in ops:
        counts[op.tag] += 1
    plan = Plan(kind="migrate", account="a", operations=tuple(ops), before=before, tag_counts=counts)
    now = {o: Opportunity(id=o, contact=before[o].contact, tags=("kept", *wanted[o])) for o in wanted}
    lever: Any = Counting(counts)
    began = time.perf_counter()
    found = check_tag_counts(plan, now, lever)
    took = time.perf_counter() - began
    assert not any(count.unexplained for count in found)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(ops):,} operations, {tags:,} tags: {took:.2f} s, {megabytes:.0f} MB")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]] or [2000, 100_981]
    measured(*given)
