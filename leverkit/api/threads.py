"""Threads that work for a command: waited for at its end, left alone where a person interrupts.

A thread in an open request cannot be stopped, and Python would wait for it for as long as the request may
take. What it leaves behind is what a kill leaves: the journal, or the spool, knows how to go on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

NAME = "leverkit-hand"


@contextmanager
def hands(number: int) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads; at its end what has not begun is cancelled, and the rest waited for.

    Not after a KeyboardInterrupt: then threads may be left, see `left`.
    """
    pool, patient = ThreadPoolExecutor(number, thread_name_prefix=NAME), True
    try:
        yield pool
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        pool.shutdown(wait=patient, cancel_futures=True)


def left() -> bool:
    """Say whether hands still work, so that Python would wait for them before it ends."""
    return any(thread.name.startswith(NAME) for thread in threading.enumerate())
