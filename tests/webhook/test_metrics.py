"""What a receiver tells a monitor, and what it logs."""

from __future__ import annotations

import io
import json
import logging

from leverkit.webhook.logs import LOG, Lines, note
from leverkit.webhook.metrics import Meter


def test_counts_gauges_and_durations_are_told_in_prometheus_text() -> None:
    meter = Meter()
    meter.count("deliveries_total", "stored", 3)
    for seconds in (0.002, 0.004, 99.0):
        meter.answered(seconds)
    text = meter.text({"events_waiting": 7.0})
    assert meter.counted("deliveries_total", "stored") == 3
    assert 'leverkit_deliveries_total{what="stored"} 3\n' in text
    assert "leverkit_events_waiting 7\n" in text
    assert 'leverkit_answer_seconds_bucket{le="0.005"} 2\n' in text
    assert 'leverkit_answer_seconds_bucket{le="+Inf"} 3\n' in text
    assert text.endswith("leverkit_answer_seconds_count 3\n")


def test_each_name_is_declared_once_and_each_line_has_a_name_and_a_number() -> None:
    lines = Meter().text({}).splitlines()
    assert len(lines) == len(set(lines))
    assert all(line.startswith("#") or float(line.split()[-1]) >= 0 for line in lines)


def test_a_log_line_is_one_json_object_with_its_fields() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines())
    LOG.addHandler(handler)
    note("run", level=logging.WARNING, done=2)
    LOG.removeHandler(handler)
    line = json.loads(out.getvalue())
    assert (line["what"], line["level"], line["done"]) == ("run", "warning", 2)
