"""The metrics and the log of a receiver."""

from __future__ import annotations

import io
import json
import logging

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from leverkit.webhook.logs import LOG, JsonLines, log_event
from leverkit.webhook.metrics import COUNTERS, Metrics


def samples(text: str) -> dict[str, float]:
    """Return what a Prometheus server reads: the value of each sample, by its name and its label."""
    families = text_string_to_metric_families(text)
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


def served(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_counts_gauges_and_durations_are_served_in_prometheus_text() -> None:
    metrics = Metrics()
    metrics.count("deliveries_total", "stored", 3)
    for seconds in (0.002, 0.004, 99.0):
        metrics.answer_seconds.observe(seconds)
    metrics.read_gauges({"events_waiting": lambda: 7.0})
    found = samples(served(metrics))
    assert metrics.counted("deliveries_total", "stored") == 3
    assert found["leverkit_deliveries_total stored"] == 3
    assert found["leverkit_events_waiting"] == 7
    assert found["leverkit_answer_seconds_bucket 0.005"] == 2
    assert found["leverkit_answer_seconds_bucket +Inf"] == 3
    assert found["leverkit_answer_seconds_count"] == 3


def test_the_label_is_still_called_what_and_its_value_is_escaped() -> None:
    metrics = Metrics()
    metrics.count("runs_total", 'stopped: "a\\b"\n')
    line = next(line for line in served(metrics).splitlines() if line.startswith("leverkit_runs_total{"))
    assert line.startswith('leverkit_runs_total{what="')
    assert samples(served(metrics))['leverkit_runs_total stopped: "a\\b"\n'] == 1


def test_each_name_is_declared_once_and_each_line_has_a_name_and_a_number() -> None:
    lines = served(Metrics()).splitlines()
    declared = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(lines) == len(set(lines))
    assert {f"leverkit_{name}" for name in COUNTERS} | {"leverkit_answer_seconds"} <= set(declared)
    assert all(line.startswith("#") or float(line.split()[-1]) >= 0 for line in lines)


def test_a_program_can_serve_the_metrics_with_its_own() -> None:
    metrics, own = Metrics(), CollectorRegistry()
    own.register(metrics.registry)
    metrics.count("events_total", "done", 2)
    assert own.get_sample_value("leverkit_events_total", {"what": "done"}) == 2


def test_a_log_line_is_one_json_object_with_its_fields() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    LOG.addHandler(handler)
    log_event("run", level=logging.WARNING, done=2)
    LOG.removeHandler(handler)
    line = json.loads(out.getvalue())
    assert (line["what"], line["level"], line["done"]) == ("run", "warning", 2)
