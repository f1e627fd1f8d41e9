"""The journal: append-only, chained, bound; and where a run stands by it."""

from __future__ import annotations

import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from leverkit.errors import Refused, UsageError
from leverkit.migration.journal import (
    Intent,
    Journal,
    NewOpportunity,
    Outcome,
    SessionEnded,
    SessionStarted,
    WriteResponse,
    read,
)
from leverkit.migration.run_state import RunState, replay_entries

INTENT = Intent((0, 1), "o1", "add", ("vip", "lang"), ("seed",), 5)


def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal.sqlite", now=lambda: 1.5)
    made.bind("plan", "account")
    return made


def state_after(*bodies: object) -> RunState:
    """Where a run stands after these entries, through a real file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = journal(Path(folder))
        made.append(*bodies)  # type: ignore[arg-type]
        made.close()
        return replay_entries(read(Path(folder) / "journal.sqlite"))


def vandalise(path: Path, statement: str, *, triggers: bool = True) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        if not triggers:
            db.executescript("DROP TRIGGER never_updated; DROP TRIGGER never_deleted")
        db.execute(statement)


def test_what_was_appended_is_read_back_with_time_and_order(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append(
        SessionStarted("me"), INTENT, WriteResponse(3, "ok", 12), Outcome(0, "done", True, "read back")
    )
    made.append(NewOpportunity("c1", "o9"), SessionEnded("finished"))
    made.close()
    entries = read(tmp_path / "journal.sqlite")
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert entries[2].body == INTENT
    assert {entry.at_ms for entry in entries} == {1500}


def test_an_entry_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append(INTENT)
    assert read(tmp_path / "journal.sqlite")[-1].body == INTENT
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()
    assert made._db.execute("PRAGMA synchronous").fetchone() == (2,)
    made.close()


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    journal(tmp_path).close()
    again = journal(tmp_path)
    again.append(SessionStarted("me"))
    again.close()
    assert [entry.seq for entry in read(tmp_path / "journal.sqlite")] == [1, 2]


def test_a_missing_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "none.sqlite") == []
    assert replay_entries([]).state == "not begun"


def test_a_journal_whose_table_a_kill_prevented_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.touch()
    assert read(path) == []
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    assert read(path) == []
    again = journal(tmp_path)
    again.append(SessionStarted("me"))
    again.close()
    assert [entry.seq for entry in read(path)] == [1, 2]


@pytest.mark.parametrize("other", [("plan", "other"), ("other", "account")])
def test_a_journal_of_another_plan_or_account_is_refused(tmp_path: Path, other: tuple[str, str]) -> None:
    journal(tmp_path).close()
    again = Journal(tmp_path / "journal.sqlite")
    with pytest.raises(Refused, match="another plan or account"):
        again.bind(*other)
    again.close()


@pytest.mark.parametrize("statement", ["UPDATE entries SET body = '{}'", "DELETE FROM entries"])
def test_the_file_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    journal(tmp_path).close()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        vandalise(tmp_path / "journal.sqlite", statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = replace(body, 'vip', 'VIP') WHERE seq = 2",
        "UPDATE entries SET at_ms = at_ms + 1 WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 1",
        "UPDATE entries SET seq = 99 WHERE seq = 3",
        "UPDATE entries SET chain = 'x' WHERE seq = 3",
    ],
)
def test_an_edited_journal_is_refused(tmp_path: Path, statement: str) -> None:
    made = journal(tmp_path)
    made.append(INTENT, SessionStarted("me"))
    made.close()
    vandalise(tmp_path / "journal.sqlite", statement, triggers=False)
    with pytest.raises(Refused, match="damaged or was edited"):
        read(tmp_path / "journal.sqlite")
    with pytest.raises(Refused, match="damaged or was edited"):
        Journal(tmp_path / "journal.sqlite")


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look like one" * 99, b"\0" * 8192]
)
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    with pytest.raises(Refused, match="damaged"):
        read(tmp_path / "journal.sqlite")
    with pytest.raises(Refused, match="damaged"):
        Journal(tmp_path / "journal.sqlite")


def test_an_entry_of_a_kind_unknown_here_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(msgspec.Struct, frozen=True, tag="later"):
        """What a newer leverkit may write."""

    made = journal(tmp_path)
    made.append(Later())  # type: ignore[arg-type]
    made.close()
    with pytest.raises(Refused, match="later"):
        read(tmp_path / "journal.sqlite")


def test_a_journal_with_a_torn_page_is_refused(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append(*[SessionStarted(f"process {n}") for n in range(500)])
    made.close()
    content = (tmp_path / "journal.sqlite").read_bytes()
    (tmp_path / "journal.sqlite").write_bytes(content[: len(content) // 2])
    with pytest.raises(Refused, match="damaged"):
        read(tmp_path / "journal.sqlite")


def test_a_torn_tail_of_the_write_ahead_log_costs_only_what_was_never_confirmed(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append(SessionStarted("me"))
    whole = [(tmp_path / name).read_bytes() for name in ("journal.sqlite", "journal.sqlite-wal")]
    made.append(INTENT)
    longer = (tmp_path / "journal.sqlite-wal").read_bytes()
    made.close()
    for cut in range(len(whole[1]), len(longer), 97):
        torn = tmp_path / f"cut{cut}"
        torn.mkdir()
        (torn / "journal.sqlite").write_bytes(whole[0])
        (torn / "journal.sqlite-wal").write_bytes(longer[:cut])
        assert [entry.seq for entry in read(torn / "journal.sqlite")][:2] == [1, 2]


def test_threads_share_one_chain(tmp_path: Path) -> None:
    made = journal(tmp_path)
    threads = [
        threading.Thread(target=lambda: [made.append(SessionStarted("x")) for _ in range(25)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert len(read(tmp_path / "journal.sqlite")) == 201


def test_an_operation_is_pending_then_unknown_then_settled() -> None:
    assert state_after(SessionStarted("me")).outcome_name(0) == "pending"
    assert state_after(INTENT).outcome_name(0) == "unknown"
    assert state_after(INTENT, WriteResponse(2, "ok", 7)).outcome_name(1) == "unknown"
    done = state_after(INTENT, WriteResponse(2, "ok", 7), Outcome(0, "done", True))
    assert (done.outcome_name(0), done.outcome_name(1), done.windows_ms) == ("done", "unknown", (7,))


@pytest.mark.parametrize("said", ["refused", "denied"])
def test_a_refused_request_leaves_nothing_unknown(said: str) -> None:
    refused = state_after(INTENT, WriteResponse(2, said, 7))  # type: ignore[arg-type]
    assert (refused.outcome_name(0), refused.open_intent(0)) == ("pending", None)


def test_a_failed_operation_is_tried_again_and_then_counted_once() -> None:
    failed = state_after(INTENT, WriteResponse(2, "lost", 7), Outcome(0, "failed"))
    assert not failed.is_settled(0)
    again = state_after(INTENT, WriteResponse(2, "lost", 7), Outcome(0, "failed"), INTENT)
    assert again.outcome_name(0) == "unknown"
    done = state_after(
        INTENT, WriteResponse(2, "lost", 7), Outcome(0, "failed"), INTENT, Outcome(0, "done", True)
    )
    assert (done.outcome_name(0), done.is_settled(0)) == ("done", True)


def test_the_state_says_how_the_last_process_ended() -> None:
    assert state_after().state == "broken off"
    assert state_after(SessionStarted("a"), SessionEnded("interrupted")).state == "interrupted"
    assert (
        state_after(SessionStarted("a"), SessionEnded("interrupted"), SessionStarted("b")).state
        == "broken off"
    )
    assert [
        late.opportunity
        for late in state_after(NewOpportunity("c", "o9"), NewOpportunity("c", "o9")).new_opportunities
    ] == ["o9"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the way in which a file cannot be opened")
def test_a_journal_that_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    for use in (Journal, read):
        with pytest.raises(UsageError, match="cannot be used"):
            use(tmp_path / "journal.sqlite")
