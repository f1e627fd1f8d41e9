"""R7: what the server counts while a flow runs at Lever's own limit of 10 requests a second, bursts to 20."""

from __future__ import annotations

from pathlib import Path

import pytest

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.migration.apply import apply
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.settings import connect
from leverkit.snapshot.pull import pull

RATE, BURST = 9.8, 10


def most_in_a_second(times: list[float]) -> int:
    return max(sum(start <= time < start + 1 for time in times) for start in times)


def test_a_flow_at_lever_s_own_limit_sees_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with running(contacts=600, seed=2, rate=10, burst=20, latency=20) as account:
        monkeypatch.setenv("LEVER_BASE_URL", account.base_url)
        monkeypatch.setenv("LEVER_API_KEY", account.api_key)
        with connect(write=True, rate=RATE, burst=BURST) as lever:
            snapshot = pull(tmp_path / "snapshot", lever=lever)
            made = plan(snapshot, Policy.suggest(audit(snapshot), accept=0.5), tmp_path / "run")
            ended = apply(tmp_path / "run", approve=made.plan_id, lever=lever)
        log = account.log()
    assert ended.exit_code == 0
    assert len(log) > 30
    assert {entry["status"] for entry in log} == {200}
    assert most_in_a_second([entry["at"] for entry in log]) <= RATE + BURST
