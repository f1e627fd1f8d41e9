"""The event queue loses nothing that it stored, stores no token twice, and groups events by contact."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leverkit.errors import Locked, UsageError
from leverkit.webhook.event_queue import EventQueue, QueuedEvent

KILLED = """
import os, signal, sys
from pathlib import Path
from leverkit.webhook.event_queue import QueuedEvent, EventQueue
queue = EventQueue(Path(sys.argv[1]))
for number in range(5):
    queue.store([QueuedEvent(f"t{number}", "x", "c", None, number)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[EventQueue]:
    opened = EventQueue(tmp_path / "inbox.sqlite")
    yield opened
    opened.close()


def event(token: str, contact: str | None = "c", opportunity: str | None = "o", at: int = 10) -> QueuedEvent:
    return QueuedEvent(token, "candidateHired", contact, opportunity, at)


def test_a_token_is_stored_once_and_a_duplicate_changes_nothing(queue: EventQueue) -> None:
    assert queue.store([event("a"), event("b"), event("a", "other")]) == [True, True, False]
    assert queue.store([event("b")]) == [False]
    assert (queue.waiting, queue.claim(10, limit=9)[0].seqs) == (2, (1, 2))


def test_events_of_one_contact_are_claimed_together(queue: EventQueue) -> None:
    queue.store([event("1", "c", "o1"), event("2", "d", "o2"), event("3", "c", "o3"), event("4", "c", "o1")])
    first, second = queue.claim(10, limit=9)
    assert (first.contact, set(first.opportunities), first.seqs) == ("c", {"o1", "o3"}, (1, 3, 4))
    assert second.contact == "d"


def test_an_event_that_names_no_contact_is_grouped_by_its_opportunity(queue: EventQueue) -> None:
    queue.store([event("1", None, "o"), event("2", None, "o"), event("3", "c", None)])
    assert [(due.contact, due.opportunities) for due in queue.claim(10, limit=9)] == [
        (None, ("o",)),
        ("c", ()),
    ]


def test_an_event_is_due_when_it_has_settled_and_again_when_its_pause_is_over(queue: EventQueue) -> None:
    queue.store([event("1", at=10)], settle_ms=5)
    assert (queue.claim(14, limit=9), len(queue.claim(15, limit=9))) == ([], 1)
    queue.postpone([1], 30)
    assert (queue.claim(29, limit=9), queue.claim(30, limit=9)[0].attempts) == ([], 1)


def test_a_finished_event_leaves_and_its_token_stays_known_until_it_is_deleted(queue: EventQueue) -> None:
    queue.store([event("1")])
    queue.finish([1], "done", 20)
    assert (queue.waiting, queue.oldest_received_at(), queue.claim(99, limit=9)) == (0, None, [])
    assert queue.store([event("1")]) == [False]
    queue.delete_finished(21)
    assert queue.store([event("1")]) == [True]


def test_an_unfinished_event_is_never_deleted(queue: EventQueue) -> None:
    queue.store([event("1")])
    queue.delete_finished(10**15)
    assert (queue.waiting, queue.oldest_received_at()) == (1, 10)


def test_a_killed_process_leaves_all_that_it_stored(tmp_path: Path) -> None:
    path = tmp_path / "inbox.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    again = EventQueue(path)
    assert (ended.returncode, again.waiting, len(again.claim(99, limit=9)[0].seqs)) == (-9, 5, 5)
    again.close()


def test_open_runs_and_watermarks_are_found_again(queue: EventQueue) -> None:
    queue.begin_run("one")
    queue.begin_run("two")
    queue.end_run("one")
    queue.set_watermark("sweep", 7)
    assert (queue.open_runs(), queue.watermark("sweep"), queue.watermark("other")) == (["two"], 7, None)


def test_one_process_opens_a_queue(queue: EventQueue, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="one writer at a time"):
        EventQueue(tmp_path / "inbox.sqlite")
    queue.close()
    EventQueue(tmp_path / "inbox.sqlite").close()


def test_a_file_that_is_no_queue_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "inbox.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(UsageError, match="cannot keep events here"):
        EventQueue(tmp_path / "inbox.sqlite")


def test_a_folder_that_cannot_hold_the_queue_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot lock"):
        EventQueue(tmp_path / "file" / "inbox.sqlite")
