"""Threads of a command: awaited at its end, left running if a person interrupts.

A thread in an open request cannot be stopped, and Python would wait for it as long as the request lasts.
A thread left running has the effect of a kill: the journal or the pull's checkpoint allows to resume.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

NAME = "leverkit-thread"


@contextmanager
def thread_pool(number: int) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads; at its end cancel what has not begun, and wait for the rest.

    After a KeyboardInterrupt it does not wait, so threads may be left: see `threads_left`.
    """
    pool, wait = ThreadPoolExecutor(number, thread_name_prefix=NAME), True
    try:
        yield pool
    except KeyboardInterrupt:
        wait = False
        raise
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)


def threads_left() -> bool:
    """Return True if threads of a pool still work, so that Python would wait for them before it ends."""
    return any(thread.name.startswith(NAME) for thread in threading.enumerate())
