"""One writer per run and account; a dead holder leaves nothing to clean up."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from leverkit.errors import Locked, UsageError
from leverkit.storage.lock import account_lock, hold, identity
from leverkit.storage.lock import holder as named_holder

HOLDER = """
import sys, time
from pathlib import Path
from leverkit.storage.lock import hold
with hold(Path(sys.argv[1]), purpose="apply plan 42"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Start another process that holds the lock until its stdin is closed."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_error_of_a_second_process_names_the_holder(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as other:
        with (
            pytest.raises(Locked, match=rf"process {other.pid} since .*apply plan 42"),
            hold(tmp_path / "lock", purpose="x"),
        ):
            pytest.fail("two writers")
        other.communicate()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    with hold(tmp_path / "lock", purpose="x"):
        assert identity() in (tmp_path / "lock").read_text()


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", purpose="x"), pytest.raises(Locked), hold(tmp_path / "lock", purpose="y"):
        pytest.fail("two writers")


def test_no_lock_is_kept_if_a_later_one_is_held_by_another(tmp_path: Path) -> None:
    with hold(tmp_path / "b", purpose="x"):
        with pytest.raises(Locked), hold(tmp_path / "a", tmp_path / "b", purpose="y"):
            pytest.fail("two writers")
        with hold(tmp_path / "a", purpose="z"):
            assert (tmp_path / "b").read_text()
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == ""


def test_a_waiting_process_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    held, free = threading.Event(), threading.Event()

    def first() -> None:
        with hold(tmp_path / "lock", purpose="x"):
            held.set()
            free.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        free.set()
        thread.join()

    with hold(tmp_path / "lock", purpose="y", wait=5, sleep=nap):
        assert naps


def test_waiting_for_a_lock_ends(tmp_path: Path) -> None:
    times = iter([0.0, 1.0, 4.0, 5.0])
    with (
        hold(tmp_path / "lock", purpose="x"),
        pytest.raises(Locked),
        hold(tmp_path / "lock", purpose="y", wait=5, clock=lambda: next(times), sleep=lambda _: None),
    ):
        pytest.fail("two writers")
    assert list(times) == []


def test_a_holder_without_a_readable_name_still_holds_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", purpose="x"):
        (tmp_path / "lock").write_text("torn {")
        with pytest.raises(Locked, match="held by another process"), hold(tmp_path / "lock", purpose="y"):
            pytest.fail("two writers")


def test_the_holder_is_named_only_while_it_runs(tmp_path: Path) -> None:
    assert named_holder(tmp_path / "lock") == ""
    with holder(tmp_path / "lock") as other:
        assert f"process {other.pid} since" in named_holder(tmp_path / "lock")
        other.kill()
        other.wait()
    assert (tmp_path / "lock").read_text()
    assert named_holder(tmp_path / "lock") == ""


def test_a_holder_on_another_host_counts_as_alive_and_here_the_lock_decides(tmp_path: Path) -> None:
    held = {"who": "ann", "since": "noon", "purpose": "x", "host": "elsewhere", "pid": 999_999_999}
    (tmp_path / "lock").write_text(json.dumps(held))
    assert named_holder(tmp_path / "lock") == "ann since noon (x)"
    here = json.dumps(held | {"host": socket.gethostname()})
    (tmp_path / "lock").write_text(here)
    assert named_holder(tmp_path / "lock") == ""
    with hold(tmp_path / "lock", purpose="y"):
        (tmp_path / "lock").write_text(here)
        assert named_holder(tmp_path / "lock") == "ann since noon (x)"


def test_looking_for_the_holder_does_not_keep_a_writer_out(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", purpose="x"):
        left_behind = (tmp_path / "lock").read_text()
    (tmp_path / "lock").write_text(left_behind)  # as after a kill, so that looking tries the lock
    over, written = threading.Event(), 0

    def watch() -> None:
        while not over.is_set():
            named_holder(tmp_path / "lock")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        for _ in range(100):
            with hold(tmp_path / "lock", purpose="y"):
                written += 1
            (tmp_path / "lock").write_text(left_behind)
    finally:
        over.set()
        thread.join()
    assert written == 100


def nameless(*_: int) -> str:
    raise KeyError("getpwuid(): uid not found")


def test_a_user_id_without_a_name_has_an_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", nameless)
    assert identity().startswith(f"user {os.getuid()}@")


def test_without_a_home_folder_the_accounts_lock_tells_which_variable_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pwd.getpwuid", nameless)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
    with pytest.raises(UsageError, match="set XDG_CACHE_HOME"):
        account_lock("abc")


def test_a_folder_that_cannot_hold_a_lock_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot lock"), hold(tmp_path / "file" / "lock", purpose="x"):
        pytest.fail("locked nothing")


def no_locks(*_: object, **__: object) -> bool:
    raise OSError(errno.ENOLCK, "No locks available")


def test_where_no_lock_can_be_tried_the_holder_that_the_file_names_is_taken_to_be_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hold(tmp_path / "lock", purpose="x"):
        monkeypatch.setattr("leverkit.storage.lock.lock_descriptor", no_locks)
        assert f"process {os.getpid()} since" in named_holder(tmp_path / "lock")


def test_a_file_system_without_locks_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leverkit.storage.lock.lock_descriptor", no_locks)
    with (
        pytest.raises(UsageError, match="cannot lock: No locks available"),
        hold(tmp_path / "lock", purpose="x"),
    ):
        pytest.fail("locked nothing")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="cannot lock"), hold(tmp_path / "lock", purpose="x"):
        pytest.fail("locked what the link names")
    assert not (tmp_path / "elsewhere").exists()


def test_an_account_has_one_lock_for_all_runs() -> None:
    assert account_lock("abc") == account_lock("abc") != account_lock("abd")


def test_a_running_holder_shows_signs_of_life_and_a_frozen_one_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, purpose="x", beat=0.01):
        os.utime(path, (1, 1))
        while path.stat().st_mtime == 1:
            assert "leverkit lock" in {thread.name for thread in threading.enumerate()}
        assert "no activity" not in named_holder(path)
    with hold(path, purpose="x", beat=3600):
        os.utime(path, (1, 1))
        assert "(x), no activity for 1" in named_holder(path)
        with pytest.raises(Locked, match="no activity"), hold(path, purpose="y"):
            pytest.fail("silence is no permission")
