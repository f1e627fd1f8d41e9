"""Threads of a command: waited for in peace, threads_left alone where a person interrupts."""

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

def examine():
    with thread_pool(1) as pool:
        pool.submit(time.sleep, 3600)
        raise KeyboardInterrupt

doctor.examine = examine
main(["doctor"])
"""


def test_what_was_begun_is_waited_for_and_what_was_not_is_cancelled() -> None:
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


def test_an_interruption_waits_for_nobody() -> None:
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


def test_a_command_that_is_interrupted_ends_though_a_request_is_open() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "leverkit: interrupted; the same command resumes\n"
