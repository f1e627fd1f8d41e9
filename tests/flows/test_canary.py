"""The key and people's data appear in no file that the flow writes (R9): planted, then looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.personal_data import forms_of, people
from support.plan_factory import account, opened

import leverkit as lk
from leverkit.errors import LeverkitError
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.verification.replay import replay

KEY = "canary-key-5f1e"


def flow(folder: Path, lever: Any) -> None:
    """Run the whole flow, with an apply that is refused in between."""
    snapshot = lk.pull(folder / "snapshot", lever=lever)
    facts = lk.audit(snapshot)
    facts.to_html(folder / "audit.html")
    (folder / "audit.json").write_text(facts.to_json())
    policy = lk.Policy.suggest(facts, accept=0.5).write(folder / "policy.csv")
    made = lk.plan(snapshot, policy, folder / "run", max_pct=100.0)
    (folder / "plan.html").write_text(made._repr_html_())
    for approve in ("0123456789ab", made.plan_id):
        try:
            (folder / "result.txt").write_text(repr(lk.apply(folder / "run", approve=approve, lever=lever)))
        except LeverkitError as error:
            (folder / "error.txt").write_text(f"{error!r} {error}")
    (folder / "verify.html").write_text(lk.verify(folder / "run", lever=lever)._repr_html_())
    replay(Run.open(folder / "run"))
    (folder / "status.txt").write_text(repr(status(Run.open(folder / "run"))))
    lk.rollback(folder / "run", folder / "back")


def test_the_key_and_peoples_data_are_in_no_file_that_the_flow_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with account(contacts=60, seed=4, api_key=KEY) as (emulated, _), opened(emulated) as mine:
        planted = forms_of(KEY) | people(emulated)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        flow(tmp_path, mine)
    assert len(planted) > 100
    assert any(b"@" in text for text in planted)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"journal.sqlite", "plan.csv", "verify.json", "after.json", "holders.json"} <= {
        p.name for p in files
    }
    leaks = {(path.name, text) for path in files for text in planted if text in path.read_bytes()}
    assert leaks == set()
