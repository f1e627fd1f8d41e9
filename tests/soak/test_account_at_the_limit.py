"""Long proofs, run by `make soak`: a large account at Lever's own limit and a real distance."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from leverkit.api.client import ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.emulator import Running, running
from leverkit.snapshot.pull import pull

pytestmark = pytest.mark.soak


def client(account: Running) -> ReadOnlyLever:
    return ReadOnlyLever(base_url=account.base_url, key=account.api_key, pace=Pace())


def test_a_pull_at_the_limit_sees_no_429_and_reads_what_a_single_cursor_does(tmp_path: Path) -> None:
    with running(contacts=20_000, seed=2, rate=10.0, burst=20, latency=300.0) as account:
        with client(account) as lever:
            began = monotonic()
            snapshot = pull(tmp_path / "snapshot", lever=lever)
            concurrent = monotonic() - began
        assert {entry["status"] for entry in account.log()} == {200}
        assert snapshot.meta["completeness"]["tags_agree"]
        with client(account) as lever:
            began = monotonic()
            single = sum(1 for _ in lever.opportunities())
            cursor = monotonic() - began
    print(f"\n{single:,} opportunities: {concurrent:.0f} s, by a single cursor {cursor:.0f} s")
    assert snapshot.meta["counts"]["opportunities"] == single
