"""Metrics of a running receiver, in a Prometheus registry of their own; no label holds an id or a tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0)
COUNTERS = {
    "deliveries_total": "Deliveries by what became of them.",
    "events_total": "Events that left the queue, by outcome.",
    "runs_total": "Runs with writes, by their state.",
    "operations_total": "Tags to add to an opportunity, by outcome.",
    "gaps_left_total": "Tags that were not added because people had removed or left them, by decision.",
    "troubles_total": "Errors that stopped the worker, by kind.",
}
GAUGES = {
    "events_waiting": "Events that are stored and not yet worked off.",
    "oldest_event_seconds": "Age of the oldest waiting event.",
    "worker_up": "1 while the worker's thread runs.",
    "worker_failures_in_a_row": "Failures of the worker since it last succeeded.",
}


class Metrics:
    """Counters with the label `what`, gauges, and a histogram of seconds to answer. Threads may share it.

    `registry` is a collector too: a program with metrics of its own can register it in its registry.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"leverkit_{name}", text, ["what"], registry=self.registry)
            for name, text in COUNTERS.items()
        }
        self.answer_seconds = Histogram(
            "leverkit_answer_seconds", "Seconds to answer.", buckets=BUCKETS, registry=self.registry
        )

    def count(self, name: str, what: str, number: int = 1) -> None:
        """Add to a counter of `COUNTERS`."""
        self._counters[name].labels(what).inc(number)

    def counted(self, name: str, what: str) -> int:
        """Return the value of a counter."""
        return int(self.registry.get_sample_value(f"leverkit_{name}", {"what": what}) or 0)

    def read_gauges(self, gauges: Mapping[str, Callable[[], float]]) -> None:
        """Serve gauges of `GAUGES`, read from these functions at each scrape."""
        for name, function in gauges.items():
            Gauge(f"leverkit_{name}", GAUGES[name], registry=self.registry).set_function(function)
