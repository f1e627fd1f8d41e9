"""How a run stands, for people: what is not done and why, in words and as a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
from support.plan_factory import account, carried_out, migration, operation, plan_of

from leverkit.migration.journal import Intent, Journal, Outcome, SessionStarted
from leverkit.migration.result import OperationResult, Result, result, status
from leverkit.migration.run import Run
from leverkit.storage.lock import hold


def table(run: Path) -> list[list[str]]:
    return list(csv.reader((run / "exceptions.csv").read_text(encoding="utf-8").splitlines()))


def killed(run: Path) -> Result:
    """A run that was killed with a request in flight."""
    plan = plan_of(operation(0, contact="=0"), *(operation(n, contact="=1+1") for n in (1, 2, 3)))
    plan.write(run)
    journal = Journal(run / "journal.sqlite")
    journal.bind(plan.plan_id, plan.account)
    intents = [Intent((n,), f"o{n}", "add", ("vip",), ()) for n in (0, 1, 2)]
    journal.append(
        SessionStarted("a test"), *intents, Outcome(0, "done", True), Outcome(1, "gone", False, "=gone")
    )
    journal.close()
    return status(Run.open(run))


def test_what_was_in_flight_at_a_kill_is_not_called_unknown(tmp_path: Path) -> None:
    found = killed(tmp_path)
    assert found.counts["unknown"] == 1
    assert "1 in flight when it was interrupted (the next apply settles them)" in found.summary
    assert "unknown" not in found.summary
    with hold(tmp_path / "lock", purpose="apply"):
        assert "1 in flight, 1 pending" in status(Run.open(tmp_path)).summary


def test_the_table_has_a_reason_for_each_that_is_not_done(tmp_path: Path) -> None:
    killed(tmp_path).write()
    rows = table(tmp_path)
    assert rows[0] == ["contact", "opportunity", "action", "tag", "outcome", "reason"]
    assert {row[4]: row[5] for row in rows[1:]} == {
        "unknown": "sent, and interrupted before it was read back; the next apply settles it",
        "gone": "'=gone",
        "pending": "not tried yet",
    }
    assert "=1+1" not in {row[0] for row in rows}
    exceptions = json.loads((tmp_path / "result.json").read_text())["exceptions"]
    assert [each["evidence"] for each in exceptions] == [row[5].lstrip("'") for row in rows[1:]]


def test_reasons_are_counted_and_the_long_tail_is_in_the_table(tmp_path: Path) -> None:
    plan = plan_of(*(operation(n) for n in range(10)))
    ended = [OperationResult(op, "failed", f"reason {max(n, 3)}") for n, op in enumerate(plan.operations)]
    found = result(Run(tmp_path, plan))
    reasons = msgspec.structs.replace(found, results=tuple(ended)).reasons
    assert reasons[0] == "4 failed: reason 3"
    assert (len(reasons), reasons[-1]) == (6, "and more: exceptions.csv has all")
    assert found.reasons == []


def test_a_refusal_is_one_reason_whichever_opportunities_it_names(tmp_path: Path) -> None:
    plan = plan_of(operation(1), operation(2))
    ended = [
        OperationResult(op, "failed", f"refused: POST /opportunities/{op.opportunity}")
        for op in plan.operations
    ]
    found = msgspec.structs.replace(result(Run(tmp_path, plan)), results=tuple(ended))
    assert found.reasons == ["2 failed: refused: POST /opportunities/:id"]


def test_a_run_that_is_done_has_an_empty_table(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        assert carried_out(migration(emulated, lever), tmp_path, lever).reasons == []
    assert len(table(tmp_path)) == 1
