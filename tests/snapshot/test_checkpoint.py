"""The journal of a pull: a page and what it leaves to read go in together, once."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from leverkit.api.models import Application, Archived, Opportunity
from leverkit.errors import Locked, UsageError
from leverkit.snapshot.checkpoint import NAME, PullCheckpoint, row
from leverkit.snapshot.windows import Window


def opportunity(number: int, **fields: object) -> Opportunity:
    return Opportunity(id=f"o{number}", contact="c", **fields)  # type: ignore[arg-type]


def lines(spool: PullCheckpoint) -> list[dict[str, object]]:
    file = io.BytesIO()
    spool.write_rows(file)
    return [msgspec.json.decode(line) for line in file.getvalue().splitlines()]


def test_rows_are_flat_and_tags_a_set_in_their_order() -> None:
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
    with PullCheckpoint(tmp_path) as spool:
        (number,) = spool.store("created", None, [Window(0, 9)])
        left = [Window(0, 4, "c", 1, 1), Window(5, 9, None, 0, 1, 2)]
        numbers = spool.store("created", number, left, [opportunity(1), opportunity(2)])
        assert spool.windows("created") == list(zip(numbers, left, strict=True))
        assert spool.windows("updated") == []
        assert [line["id"] for line in lines(spool)] == ["o1", "o2"]


def test_what_is_stored_is_there_for_the_next_process(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as spool:
        spool.store("created", None, [Window(0, 9)], [opportunity(1)])
        spool.note(account="x")
        spool.forget(["o5", "o4"])
    with PullCheckpoint(tmp_path) as spool:
        assert (spool.pages, spool.facts(), spool.deleted()) == (1, {"account": "x"}, ["o4", "o5"])
        spool.store("created", None, [], [opportunity(1)])
        assert [line["seq"] for line in lines(spool)] == [1, 2]


def test_a_page_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as spool:
        (number,) = spool.store("created", None, [Window(0, 9)])
        with pytest.raises(OverflowError):
            spool.store("created", number, [Window(0, 2**80)], [opportunity(1)])
        assert [window for _, window in spool.windows("created")] == [Window(0, 9)]
        assert lines(spool) == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path), pytest.raises(Locked):
        PullCheckpoint(tmp_path)
    with PullCheckpoint(tmp_path) as spool:
        assert spool.pages == 0


def test_a_page_stored_is_on_the_disk(tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path) as spool:
        modes = [
            spool._db.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert modes == ["wal", 2]


def test_clearing_and_discarding_leave_nothing(tmp_path: Path) -> None:
    spool = PullCheckpoint(tmp_path)
    spool.store("created", None, [Window(0, 9)], [opportunity(1)])
    spool.note(account="x")
    spool.clear()
    assert (spool.pages, spool.facts(), spool.windows("created"), lines(spool)) == (0, {}, [], [])
    spool.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(UsageError, match=r"pull\.sqlite cannot be used"):
        PullCheckpoint(tmp_path)
