"""Threads of a command: awaited at its end, left running if a person interrupts."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress

from leverkit.api.threads import thread_pool, threads_left

HANGING = """
import time
from leverkit import doctor
from leverkit.cli.main import main
from leverkit.api.threads import thread_pool

def examine(_):
    with thread_pool(1) as pool:
        pool.submit(time.sleep, 3600)
        raise KeyboardInterrupt

doctor.examine = examine
main(["doctor"])
"""


def test_running_work_is_awaited_and_waiting_work_is_cancelled() -> None:
    begun, release = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        release.wait()
        return "done"

    with thread_pool(1) as pool:
        first, second = pool.submit(work), pool.submit(work)
        begun.wait()
        threading.Timer(0.05, release.set).start()
    assert (first.result(), second.cancelled(), threads_left()) == ("done", True, False)


def test_an_interruption_does_not_wait_for_threads() -> None:
    release = threading.Event()

    def interrupted() -> Future[bool]:
        with suppress(KeyboardInterrupt), thread_pool(1) as pool:
            waiting = pool.submit(release.wait)
            raise KeyboardInterrupt
        return waiting

    waiting = interrupted()
    assert threads_left()
    release.set()
    assert waiting.result()


def test_an_interrupted_command_ends_while_a_request_is_open() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.splitlines()[1:] == ["leverkit: interrupted; the same command resumes"]
