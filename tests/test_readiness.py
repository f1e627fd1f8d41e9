"""How far an account is: nothing at first, all when every tag is decided and copied."""

from __future__ import annotations

from pathlib import Path

from snapshots import Row, write_snapshot

from leverkit.audit import Audit, audit
from leverkit.policy import Policy
from leverkit.readiness import readiness, remember

BEFORE = [Row("a", ["vip", "no-show"]), Row("a", day=1), Row("a", day=2)]
AFTER = [Row("a", ["vip", "no-show"]), Row("a", ["vip"], day=1), Row("a", ["vip"], day=2)]
SCOPES = {"vip": "contact", "no-show": "opportunity"}


def facts(folder: Path, rows: list[Row]) -> Audit:
    return audit(write_snapshot(folder, rows))


def test_an_account_nobody_decided_on_is_not_ready(tmp_path: Path) -> None:
    found = facts(tmp_path, BEFORE)
    now = readiness(found, Policy.suggest(found))
    assert (now.decided, now.consistent, now.ready) == (0.0, 100.0, 0.0)
    assert now.headline == "0 % ready: 4 to decide on, 0 to copy"


def test_decisions_make_it_half_ready_and_the_migration_wholly(tmp_path: Path) -> None:
    found = facts(tmp_path / "1", BEFORE)
    policy = Policy.suggest(found).decide(SCOPES, by="ada")
    now = readiness(found, policy)
    assert (now.decided, now.consistent, now.ready, now.to_copy) == (100.0, 33.3, 50.0, 2)
    then = readiness(facts(tmp_path / "2", AFTER), policy)
    assert (then.consistent, then.ready, then.to_copy) == (100.0, 100.0, 0)


def test_a_tag_without_a_row_is_undecided(tmp_path: Path) -> None:
    assert readiness(facts(tmp_path, BEFORE), Policy()).to_decide == 4


def test_the_history_has_a_row_a_snapshot_and_the_later_state_holds(tmp_path: Path) -> None:
    found, later = facts(tmp_path / "1", BEFORE), facts(tmp_path / "2", AFTER)
    policy = Policy.suggest(found)
    remember(tmp_path / "history.csv", readiness(found, policy))
    remember(tmp_path / "history.csv", readiness(found, policy.decide(SCOPES, by="ada")))
    history = remember(tmp_path / "history.csv", readiness(later, policy.decide(SCOPES, by="ada")))
    assert sorted(history["ready"]) == [50.0, 100.0]
