"""The contract check on a Lever that shares no code with the emulator, nor with the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.contract_check import MARKER
from support.other_lever import USER, OtherLever, other_lever

from leverkit.api.rate_limit import Pace
from leverkit.doctor.contract.check import read_probes
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.outcome import Outcome
from leverkit.doctor.contract.writing.session import Target, write_probes
from leverkit.doctor.contract.writing.writer import ProbeWriter

OTHERWISE = ("order", "nulls", "ends", "contacts", "counts", "clamps", "trims", "bumps", "performer")
SWITCHES: dict[str, Any] = {
    "listing_order": "newest",
    "updated_filter_nulls": "kept",
    "range_ends": "start",
    "contact_ids": "last",
    "tag_counts": "active",
    "bad_limit": "clamp",
    "tag_normalisation": "trim",
    "repeated_add_bumps": True,
    "unknown_perform_as": 404,
}


def checked(lever: OtherLever, url: str, folder: Path) -> list[Outcome]:
    subject = next(row for row in lever.rows if row["archived"] is None and row["emails"])
    given = {"base_url": url, "key": "any", "pace": Pace(100_000, 100_000), "perform_as": USER}
    with ProbeWriter(ExchangeLog(260), **given, sleep=lambda seconds: None) as writer:
        found = read_probes(writer)
        return [*found, *write_probes(writer, Target(subject["id"], folder, MARKER))]


@pytest.mark.soak
def test_a_lever_that_does_as_we_believe_refutes_nothing(tmp_path: Path) -> None:
    with other_lever() as (lever, url):
        before = [list(row["tags"]) for row in lever.rows]
        outcomes = checked(lever, url, tmp_path)
        assert [row["tags"] for row in lever.rows] == before
        assert len({identifier for identifier, _ in lever.writes}) == 1
    assert [outcome for outcome in outcomes if outcome.verdict == "refuted"] == []
    assert sum(outcome.verdict == "confirmed" for outcome in outcomes) > 75


def test_a_lever_that_does_otherwise_is_described_by_the_switches(tmp_path: Path) -> None:
    with other_lever(*OTHERWISE) as (lever, url):
        outcomes = checked(lever, url, tmp_path)
    refuted = [outcome for outcome in outcomes if outcome.verdict == "refuted"]
    assert {name: value for outcome in refuted for name, value in outcome.switches.items()} == SWITCHES
    assert [outcome for outcome in refuted if not outcome.switches] == []
