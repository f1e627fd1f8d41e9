"""A run folder is opened once by each command and handed on; only what writes reads again, under the lock."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.plan_factory import account, carried_out, migration, operation, plan_of

from leverkit.cli.main import main
from leverkit.errors import Refused
from leverkit.migration import run as run_module
from leverkit.migration.apply import apply_run
from leverkit.migration.journal import Journal, SessionStarted
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.verification.replay import replay


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often a plan is read, a journal opened and a wave resolved; each call goes through."""
    counts = Counter[str]()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **options: Any) -> Any:
            counts[name or Path(args[0]).stem] += 1  # of a database, the name of its file
            return function(*args, **options)

        return count

    monkeypatch.setattr(Plan, "read", counted("plan", Plan.read))
    monkeypatch.setattr(sqlite3, "connect", counted("", sqlite3.connect))
    monkeypatch.setattr(run_module, "wave_of", counted("wave", run_module.wave_of))
    return counts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a plan whose account the environment names."""
    with account() as (emulated, lever):
        monkeypatch.setenv("LEVER_BASE_URL", emulated.base_url)
        monkeypatch.setenv("LEVER_API_KEY", emulated.api_key)
        migration(emulated, lever).write(tmp_path / "run")
        yield tmp_path / "run"


def exit_code(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_a_command_opens_plan_and_journal_once(folder: Path, calls: Counter[str]) -> None:
    run, short = str(folder), Plan.read(folder).short
    commands = {
        ("status", run): {"plan": 1},
        ("apply", run, "--approve", short, "--rate", "1000"): {"plan": 1, "journal": 1, "wave": 1},
        ("verify", run, "--rate", "1000"): {"plan": 1, "journal": 1, "wave": 1},
        ("status", run, "--json"): {"plan": 1, "journal": 1, "wave": 1},
        ("replay", run): {"plan": 1, "journal": 1},
        ("rollback", run, "-o", f"{run} back"): {"plan": 1, "journal": 1},
    }
    for words, expected in commands.items():
        calls.clear()
        assert exit_code(*words) == 0
        assert (words[0], {name: calls[name] for name in calls if name != "ledger"}) == (words[0], expected)


def test_a_rollback_reads_no_run_that_ended_before_its_own_began(tmp_path: Path, calls: Counter[str]) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        parts = {"earlier": range(3), "run": range(3, 6), "later": range(6, 9)}
        for name, positions in parts.items():
            carried_out(plan.subset(positions), tmp_path / name, lever)
    calls.clear()
    rollback(tmp_path / "run", tmp_path / "undo")
    assert calls["plan"] == 2  # its own, and the later one's


def test_a_plan_that_was_replaced_before_the_lock_was_free_is_refused(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        waiting = Run.planned(tmp_path)
        migration(emulated, lever, operations=plan.operations[:1]).write(tmp_path)
        with pytest.raises(Refused, match="the plan was replaced"):
            apply_run(waiting, approve=plan.short, lever=lever)
        assert [entry for entry in emulated.log() if entry["method"] != "GET"] == []
    assert not waiting.journal_file.exists()


def test_no_command_takes_the_journal_of_another_plan_for_its_own(folder: Path) -> None:
    plan = Plan.read(folder)
    assert exit_code("apply", str(folder), "--approve", plan.short, "--rate", "1000") == 0
    other = msgspec.structs.replace(plan, operations=plan.operations[:6])
    other.write(folder.parent / "other")
    for file in (folder.parent / "other").glob("[!l]*"):
        shutil.copy(file, folder)
    for words in (["status"], ["replay"], ["rollback", "-o", "undo"], ["apply", "--approve", other.short]):
        assert exit_code(words[0], str(folder), *words[1:]) == 4, words
    assert exit_code("verify", str(folder), "--rate", "1000") == 4
    assert not (folder.parent / "undo").exists()
    with pytest.raises(Refused, match="another plan that was begun"):
        other.write(folder)


def test_what_verify_wrote_of_another_plan_is_not_held_against_this_one(folder: Path) -> None:
    plan = Plan.read(folder)
    assert exit_code("verify", str(folder), "--rate", "1000") == 6
    msgspec.structs.replace(plan, operations=plan.operations[:6]).write(folder)
    assert replay(Run.open(folder)).compared == 0


def test_a_journal_of_another_plan_is_refused_or_counts_as_none(tmp_path: Path) -> None:
    plan_of(operation()).write(tmp_path)
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        journal.bind("another plan", "acc")
        journal.append(SessionStarted("a test"))
    with pytest.raises(Refused, match="belongs to another plan"):
        Run.open(tmp_path)
    run = Run.open(tmp_path, require_journal=False)
    assert (run.entries, run.begun, run.state.state) == ((), (), "not begun")
    with pytest.raises(Refused, match="belongs to another plan"):
        run.require_journal()


def test_an_open_run_stays_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        before = Run.open(tmp_path)
        carried_out(plan, tmp_path, lever)
    after = Run.open(tmp_path)
    whole = after.wave("all")
    assert (before.entries, before.begun, before.is_settled(whole)) == ((), (), False)
    assert (after.begun, after.is_settled(whole), after.open_operations(whole)) == ((whole,), True, 0)
