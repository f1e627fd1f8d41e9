"""The checkpoint of a pull: a page and what it leaves to read are stored together, once."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import msgspec
import pytest

from leverkit.api.models import Application, Archived, Opportunity
from leverkit.errors import Locked, UsageError
from leverkit.snapshot.checkpoint import NAME, PullCheckpoint
from leverkit.snapshot.rows import row
from leverkit.snapshot.windows import Window


def opportunity(number: int, **fields: object) -> Opportunity:
    return Opportunity(id=f"o{number}", contact="c", **fields)  # type: ignore[arg-type]


def lines(checkpoint: PullCheckpoint) -> list[dict[str, object]]:
    file = io.BytesIO()
    checkpoint.write_rows(file)
    return [msgspec.json.decode(line) for line in file.getvalue().splitlines()]


def test_rows_are_flat_and_tags_are_an_ordered_set() -> None:
    record = opportunity(
        1,
        tags=("b", "a", "b"),
        archived=Archived(archived_at=5, reason="r"),
        applications=(Application(id="a", posting="p"), "unexpanded", Application(id="b")),
    )
    flat = row(record, 7)
    assert (flat.tags, flat.postings, flat.archived_at, flat.archive_reason) == (["b", "a"], ["p"], 5, "r")
    assert flat.seq == 7


def test_a_page_replaces_its_window_by_what_is_left(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        (number,) = checkpoint.store("created", None, [Window(0, 9)])
        left = [Window(0, 4, "c", 1, 1), Window(5, 9, None, 0, 1, 2)]
        numbers = checkpoint.store("created", number, left, [opportunity(1), opportunity(2)])
        assert checkpoint.windows("created") == list(zip(numbers, left, strict=True))
        assert checkpoint.windows("updated") == []
        assert [line["id"] for line in lines(checkpoint)] == ["o1", "o2"]


def test_what_is_stored_is_read_by_the_next_process(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        checkpoint.store("created", None, [Window(0, 9)], [opportunity(1)])
        checkpoint.note(account="x")
        checkpoint.forget(["o5", "o4"])
    with PullCheckpoint(tmp_path) as checkpoint:
        assert (checkpoint.pages, checkpoint.facts(), checkpoint.deleted()) == (
            1,
            {"account": "x"},
            ["o4", "o5"],
        )
        checkpoint.store("created", None, [], [opportunity(1)])
        assert [line["seq"] for line in lines(checkpoint)] == [1, 2]


def test_a_page_that_fails_is_not_stored_in_part(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        (number,) = checkpoint.store("created", None, [Window(0, 9)])
        with pytest.raises(OverflowError):
            checkpoint.store("created", number, [Window(0, 2**80)], [opportunity(1)])
        assert [window for _, window in checkpoint.windows("created")] == [Window(0, 9)]
        assert lines(checkpoint) == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path), pytest.raises(Locked):
        PullCheckpoint(tmp_path)
    with PullCheckpoint(tmp_path) as checkpoint:
        assert checkpoint.pages == 0


def test_a_stored_page_is_on_disk(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as checkpoint:
        modes = [
            checkpoint._db.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert modes == ["wal", 2]


def test_clearing_and_discarding_leave_nothing(tmp_path: Path) -> None:
    checkpoint = PullCheckpoint(tmp_path)
    checkpoint.store("created", None, [Window(0, 9)], [opportunity(1)])
    checkpoint.note(account="x")
    checkpoint.clear()
    assert (checkpoint.pages, checkpoint.facts(), checkpoint.windows("created"), lines(checkpoint)) == (
        0,
        {},
        [],
        [],
    )
    checkpoint.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(UsageError, match=r"pull\.sqlite cannot be used"):
        PullCheckpoint(tmp_path)


def test_what_a_pull_notes_it_notes_as_a_whole(tmp_path: Path) -> None:
    """A kill between two facts once left a checkpoint with which no pull could go on."""
    with PullCheckpoint(tmp_path) as checkpoint:
        with pytest.raises(sqlite3.Error):
            checkpoint.note(account="a", started=object())  # type: ignore[arg-type]
        assert checkpoint.facts() == {}
