"""Readiness is 0 at first and 100 when every tag is decided and copied; its history only grows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_snapshot

from leverkit.analysis.audit import Audit, audit
from leverkit.analysis.readiness import HISTORY, history, readiness, remember
from leverkit.errors import UsageError
from leverkit.policy.policy import Policy

BEFORE = [Row("a", ["vip", "no-show"]), Row("a", day=1), Row("a", day=2)]
AFTER = [Row("a", ["vip", "no-show"]), Row("a", ["vip"], day=1), Row("a", ["vip"], day=2)]
SCOPES = {"vip": "contact", "no-show": "opportunity"}


def facts(folder: Path, rows: list[Row]) -> Audit:
    return audit(write_snapshot(folder, rows))


def test_an_account_nobody_decided_on_is_not_ready(tmp_path: Path) -> None:
    found = facts(tmp_path, BEFORE)
    now = readiness(found, Policy.suggest(found).scopes)
    assert (now.decided, now.consistent, now.ready) == (0.0, 100.0, 0.0)
    assert now.headline == "0% ready: 4 gaps to decide, 0 to copy"


def test_decisions_make_it_half_ready_and_the_migration_makes_it_ready(tmp_path: Path) -> None:
    found = facts(tmp_path / "1", BEFORE)
    policy = Policy.suggest(found).decide(SCOPES, by="ada")
    now = readiness(found, policy.scopes)
    assert (now.decided, now.consistent, now.ready, now.to_copy) == (100.0, 33.3, 50.0, 2)
    then = readiness(facts(tmp_path / "2", AFTER), policy.scopes)
    assert (then.consistent, then.ready, then.to_copy) == (100.0, 100.0, 0)


def test_a_tag_without_a_row_is_undecided(tmp_path: Path) -> None:
    assert readiness(facts(tmp_path, BEFORE), Policy().scopes).to_decide == 4


def test_the_history_has_a_row_a_snapshot_and_the_later_state_holds(tmp_path: Path) -> None:
    found, later = facts(tmp_path / "1", BEFORE), facts(tmp_path / "2", AFTER)
    policy = Policy.suggest(found)
    remember(tmp_path / "history.csv", readiness(found, policy.scopes))
    remember(tmp_path / "history.csv", readiness(found, policy.decide(SCOPES, by="ada").scopes))
    history = remember(tmp_path / "history.csv", readiness(later, policy.decide(SCOPES, by="ada").scopes))
    assert sorted(history["ready"]) == [50.0, 100.0]


def test_the_history_only_grows(tmp_path: Path) -> None:
    found, file = facts(tmp_path / "1", BEFORE), tmp_path / "history.csv"
    policy = Policy.suggest(found)
    remember(file, readiness(found, policy.scopes))
    first = file.read_bytes()
    assert len(remember(file, readiness(found, policy.scopes))) == 1
    assert file.read_bytes() == first
    remember(file, readiness(found, policy.decide(SCOPES, by="ada").scopes))
    assert file.read_bytes().startswith(first)
    assert file.read_bytes().count(b"\n") == 3


def test_an_incomplete_line_of_the_history_is_skipped(tmp_path: Path) -> None:
    found, file = facts(tmp_path / "1", BEFORE), tmp_path / "history.csv"
    remember(file, readiness(found, Policy().scopes))
    file.write_text(file.read_text() + "2026-01-01T00:00:00+00:00,abc,5")
    assert history(file)["ready"].tolist() == [0.0]


def test_after_an_incomplete_line_the_next_state_is_kept(tmp_path: Path) -> None:
    found, file = facts(tmp_path / "1", BEFORE), tmp_path / "history.csv"
    remember(file, readiness(found, Policy().scopes))
    file.write_text(file.read_text() + "2026-01-01T00:00:00+00:00,abc,5")
    policy = Policy.suggest(found).decide(SCOPES, by="ada")
    assert remember(file, readiness(found, policy.scopes))["ready"].tolist() == [50.0]


def test_a_history_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the history cannot be kept"):
        remember(tmp_path / "nowhere" / "history.csv", readiness(facts(tmp_path, BEFORE), Policy().scopes))


def test_the_history_lies_beside_the_snapshot_and_names_nobody(tmp_path: Path) -> None:
    facts(tmp_path, BEFORE).remember()
    text = (tmp_path / HISTORY).read_text()
    assert text.startswith("taken_at,snapshot,decided,consistent,ready,to_decide,to_copy\n")
    assert "vip" not in text


def test_an_audit_tells_how_far_the_account_is_with_a_policy_file_or_none(tmp_path: Path) -> None:
    found, file = facts(tmp_path / "s", BEFORE), tmp_path / "policy.csv"
    assert found.readiness(Policy.at(file)).ready == 0.0
    Policy.suggest(found).decide(SCOPES, by="ada").write(file)
    assert found.readiness(Policy.at(file)).ready == 50.0


def test_the_report_draws_the_history_from_the_second_snapshot_on(tmp_path: Path) -> None:
    found, policy = facts(tmp_path, BEFORE), Policy()
    found.remember(policy)
    assert "need nothing more, in" not in found.to_html(tmp_path / "1.html").read_text()
    later = facts(tmp_path, AFTER)
    later.remember(Policy.suggest(later).decide(SCOPES, by="ada"))
    assert (
        "From 0% to 100% of the gaps need nothing more, in 2 snapshots"
        in later.to_html(tmp_path / "2.html").read_text()
    )
