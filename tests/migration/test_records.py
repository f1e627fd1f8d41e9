"""Where files of a run know more than its journal, that is said, nothing is lost, and it can be undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.plan_factory import AT_ONCE, account, carried_out, migration, resumed, tags_of

from leverkit.errors import Refused
from leverkit.migration.journal import Journal, SessionEnded, write_anew
from leverkit.migration.records import spans
from leverkit.migration.result import Result, status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.verification.replay import replay
from leverkit.verification.verify import verify


def _without_journal(run: Path) -> None:
    (run / "journal.sqlite").unlink()


def _emptied(run: Path) -> None:
    (run / "journal.sqlite").write_bytes(b"")


def _older(run: Path) -> None:
    shutil.copy(run.parent / "older.sqlite", run / "journal.sqlite")


def _without_names_of_the_journal(run: Path) -> None:
    """Lose the journal of a run that an older leverkit carried out: its result.json has the counts alone."""
    document = json.loads((run / "result.json").read_text())
    for name in ("entries", "head", "effective"):
        del document[name]
    (run / "result.json").write_text(json.dumps(document))
    _without_journal(run)


LOSSES = (_without_journal, _emptied, _older, _without_names_of_the_journal)


@contextmanager
def lost(tmp_path: Path, lose: Callable[[Path], None]) -> Iterator[tuple[Any, Any, Path, Any, Any]]:
    """Carry out a run in two waves, then lose what its journal knew of the second."""
    run = tmp_path / "run"
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        carried_out(plan, run, lever, wave="canary")
        verify(run, lever=lever, wave="canary", reread_after=())
        shutil.copy(run / "journal.sqlite", tmp_path / "older.sqlite")
        resumed(plan, run, lever, times=AT_ONCE).require()
        lose(run)
        yield emulated, lever, run, plan, before


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_journal_is_noticed_and_what_the_run_changed_can_still_be_undone(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    with lost(tmp_path, lose) as (emulated, lever, run, plan, before):
        known = (run / "result.json").read_bytes()
        writes = len([entry for entry in emulated.log() if entry["method"] != "GET"])
        for reader in (Run.open, lambda folder: rollback(folder, tmp_path / "no")):
            with pytest.raises(Refused, match=r"result\.json knows of more than journal.*--from-result"):
                reader(run)
        with pytest.raises(Refused, match="knows of more"):
            resumed(plan, run, lever, times=AT_ONCE)
        assert (run / "result.json").read_bytes() == known
        assert len([entry for entry in emulated.log() if entry["method"] != "GET"]) == writes
        undo = tmp_path / "undo"
        made = rollback(run, undo, from_result=True)
        assert len(made.operations) == len(plan.operations)
        resumed(made, undo, lever, times=AT_ONCE).require()
        assert tags_of(emulated) == before


def test_what_was_undone_from_a_result_is_not_undone_twice(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with account() as (emulated, lever):
        plan = migration(emulated, lever, taken_at=1)
        carried_out(plan, run, lever).require()
        _without_journal(run)
        resumed(rollback(run, tmp_path / "undo", from_result=True), tmp_path / "undo", lever, times=AT_ONCE)
        theirs = plan.operations[0]
        emulated.add_tags(theirs.opportunity, [theirs.tag])
        assert rollback(run, tmp_path / "again", from_result=True).operations == ()


def test_verify_keeps_what_is_known_of_a_lost_journal(tmp_path: Path) -> None:
    with lost(tmp_path, _without_journal) as (_, lever, run, _, _):
        (run / "result.json").unlink()
        for _ in range(2):
            verify(run, lever=lever, reread_after=())
            with pytest.raises(Refused, match=r"verify\.json knows of more"):
                Run.open(run)


def test_only_what_the_run_changed_is_undone_from_its_result(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(run)
        theirs = plan.operations[2]
        emulated.add_tags(theirs.opportunity, [theirs.tag])
        resumed(plan, run, lever, times=AT_ONCE)
        _without_journal(run)
        made = rollback(run, tmp_path / "undo", from_result=True)
        assert len(made.operations) == len(plan.operations) - 1
        assert (theirs.opportunity, theirs.tag) not in {(op.opportunity, op.tag) for op in made.operations}
        carried_out(made, tmp_path / "undo", lever)
        assert theirs.tag in tags_of(emulated)[theirs.opportunity]
    document = json.loads((run / "result.json").read_text())
    del document["effective"]
    (run / "result.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match="does not tell which"):
        rollback(run, tmp_path / "more", from_result=True)


class Killed(BaseException):
    """Stands for a kill."""


def test_a_kill_between_the_end_of_the_journal_and_result_json_leaves_a_run_that_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(_: Result) -> None:
        raise Killed

    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        changed = plan.operations[0]
        emulated.anonymize(changed.opportunity)
        with monkeypatch.context() as patch:
            patch.setattr(Result, "write", kill)
            with pytest.raises(Killed):
                resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert not (tmp_path / "result.json").exists()
        assert status(Run.open(tmp_path)).state == "finished"
        assert replay(Run.open(tmp_path)).exit_code == 0
        (tmp_path / "result.json").unlink()  # as the kill left it
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == 3
    assert json.loads((tmp_path / "result.json").read_text())["counts"] == Run.open(tmp_path).counts


def test_a_kill_before_the_end_was_noted_leaves_outcomes_that_verify_goes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append

    def mortal(self: Journal, *bodies: Any) -> int:
        if isinstance(bodies[0], SessionEnded):
            raise Killed
        return append(self, *bodies)

    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        emulated.anonymize(plan.operations[0].opportunity)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", mortal)
            with pytest.raises(Killed):
                resumed(plan, tmp_path, lever, times=AT_ONCE)
        assert verify(tmp_path, lever=lever, reread_after=()).exit_code == 3


def test_a_result_of_an_earlier_end_is_made_again(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever, wave="canary")
        early = (tmp_path / "result.json").read_bytes()
        verify(tmp_path, lever=lever, wave="canary", reread_after=())
        resumed(plan, tmp_path, lever, times=AT_ONCE)
        (tmp_path / "result.json").write_bytes(early)
        assert replay(Run.open(tmp_path)).problems == ()
    assert json.loads((tmp_path / "result.json").read_text())["counts"]["pending"] == 0


@pytest.mark.parametrize("cut", ["no table", "no entry"])
def test_a_kill_before_the_first_entry_leaves_a_run_that_is_not_begun(tmp_path: Path, cut: str) -> None:
    run = tmp_path / "run"
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(run)
        (run / "journal.sqlite").touch() if cut == "no table" else write_anew(run / "journal.sqlite", [])
        assert status(Run.open(run)).state == "not begun"
        assert replay(Run.open(run)).exit_code == 0
        assert rollback(run, tmp_path / "undo").operations == ()
        assert resumed(plan, run, lever, times=AT_ONCE).exit_code == 0


def test_numbers_are_written_as_spans() -> None:
    assert spans([0, 1, 2, 5, 7, 8]) == [(0, 2), (5, 5), (7, 8)]
    assert spans([]) == []
