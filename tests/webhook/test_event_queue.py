"""The inbox loses nothing that it has taken, takes nothing twice, and gathers events by contact."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leverkit.errors import Locked, UsageError
from leverkit.webhook.event_queue import Entry, Inbox

KILLED = """
import os, signal, sys
from pathlib import Path
from leverkit.webhook.event_queue import Entry, Inbox
inbox = Inbox(Path(sys.argv[1]))
for number in range(5):
    inbox.store([Entry(f"t{number}", "x", "c", None, number)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox.sqlite")
    yield made
    made.close()


def entry(token: str, contact: str | None = "c", opportunity: str | None = "o", at: int = 10) -> Entry:
    return Entry(token, "candidateHired", contact, opportunity, at)


def test_a_token_is_taken_once_and_a_duplicate_changes_nothing(inbox: Inbox) -> None:
    assert inbox.store([entry("a"), entry("b"), entry("a", "other")]) == [True, True, False]
    assert inbox.store([entry("b")]) == [False]
    assert (inbox.waiting, inbox.due(10, limit=9)[0].seqs) == (2, (1, 2))


def test_events_of_one_contact_are_one_piece_of_work(inbox: Inbox) -> None:
    inbox.store([entry("1", "c", "o1"), entry("2", "d", "o2"), entry("3", "c", "o3"), entry("4", "c", "o1")])
    first, second = inbox.due(10, limit=9)
    assert (first.contact, set(first.opportunities), first.seqs) == ("c", {"o1", "o3"}, (1, 3, 4))
    assert second.contact == "d"


def test_an_event_that_names_no_contact_stands_under_its_opportunity(inbox: Inbox) -> None:
    inbox.store([entry("1", None, "o"), entry("2", None, "o"), entry("3", "c", None)])
    assert [(w.contact, w.opportunities) for w in inbox.due(10, limit=9)] == [(None, ("o",)), ("c", ())]


def test_an_event_is_due_when_it_has_settled_and_again_when_its_pause_is_over(inbox: Inbox) -> None:
    inbox.store([entry("1", at=10)], settle_ms=5)
    assert (inbox.due(14, limit=9), len(inbox.due(15, limit=9))) == ([], 1)
    inbox.postpone([1], 30)
    assert (inbox.due(29, limit=9), inbox.due(30, limit=9)[0].attempts) == ([], 1)


def test_what_has_ended_is_gone_and_its_token_stays_known_until_it_is_forgotten(inbox: Inbox) -> None:
    inbox.store([entry("1")])
    inbox.end([1], "done", 20)
    assert (inbox.waiting, inbox.oldest(), inbox.due(99, limit=9)) == (0, None, [])
    assert inbox.store([entry("1")]) == [False]
    inbox.forget(21)
    assert inbox.store([entry("1")]) == [True]


def test_what_waits_is_never_forgotten(inbox: Inbox) -> None:
    inbox.store([entry("1")])
    inbox.forget(10**15)
    assert (inbox.waiting, inbox.oldest()) == (1, 10)


def test_a_killed_process_leaves_all_that_it_stored(tmp_path: Path) -> None:
    path = tmp_path / "inbox.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    again = Inbox(path)
    assert (ended.returncode, again.waiting, len(again.due(99, limit=9)[0].seqs)) == (-9, 5, 5)
    again.close()


def test_open_runs_and_marks_are_found_again(inbox: Inbox) -> None:
    inbox.begin_run("one")
    inbox.begin_run("two")
    inbox.end_run("one")
    inbox.set_mark("sweep", 7)
    assert (inbox.open_runs(), inbox.mark("sweep"), inbox.mark("other")) == (["two"], 7, None)


def test_one_process_keeps_an_inbox(inbox: Inbox, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="one writer at a time"):
        Inbox(tmp_path / "inbox.sqlite")
    inbox.close()
    Inbox(tmp_path / "inbox.sqlite").close()


def test_a_file_that_is_no_inbox_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "inbox.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(UsageError, match="cannot keep events here"):
        Inbox(tmp_path / "inbox.sqlite")


def test_a_place_that_cannot_hold_it_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot lock"):
        Inbox(tmp_path / "file" / "inbox.sqlite")
