"""Counts and durations of a running receiver, as Prometheus reads them; no ids, no tags."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0)
HELP = {
    "deliveries_total": "Deliveries by what became of them.",
    "events_total": "Events taken off the list, by how.",
    "runs_total": "Runs with writes, by their state.",
    "operations_total": "Tags to add to an opportunity, by outcome.",
    "troubles_total": "What kept the worker from working, by kind of error.",
}


class Meter:
    """Counters and one histogram, of seconds to answer. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def count(self, name: str, what: str, number: int = 1) -> None:
        """Count something: a name of `HELP`, and what became of it."""
        with self._lock:
            self._counts[name, what] += number

    def counted(self, name: str, what: str) -> int:
        """Return a count."""
        with self._lock:
            return self._counts[name, what]

    def answered(self, seconds: float) -> None:
        """Note how long an answer took."""
        with self._lock:
            self._buckets[bisect_left(BUCKETS, seconds)] += 1
            self._seconds += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """Write all of it, and what `gauges` say now, in Prometheus' text format."""
        with self._lock:
            counts, buckets, seconds = sorted(self._counts.items()), list(self._buckets), self._seconds
        lines = [f"# TYPE leverkit_{name} gauge\nleverkit_{name} {value:g}" for name, value in gauges.items()]
        for name, words in HELP.items():
            lines += [f"# HELP leverkit_{name} {words}", f"# TYPE leverkit_{name} counter"]
            lines += [f'leverkit_{name}{{what="{what}"}} {n}' for (of, what), n in counts if of == name]
        return "\n".join([*lines, *_histogram(buckets, seconds)]) + "\n"


def _histogram(buckets: list[int], seconds: float) -> list[str]:
    lines = ["# TYPE leverkit_answer_seconds histogram"]
    total = 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
        total += number
        lines.append(f'leverkit_answer_seconds_bucket{{le="{bound}"}} {total}')
    return [*lines, f"leverkit_answer_seconds_sum {seconds:.6f}", f"leverkit_answer_seconds_count {total}"]
