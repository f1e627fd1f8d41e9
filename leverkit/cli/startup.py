"""Before a command can answer for itself, while Python loads it: Ctrl-C is one line and no traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType

INTERRUPTED = 130


def begin(words: Sequence[str] | None = None) -> None:
    """Answer Ctrl-C and SIGTERM until `begun`, if this process is a `leverkit` command; else do nothing."""
    if not _is_command(sys.orig_argv if words is None else words):
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job may ignore it
        signal.signal(signal.SIGINT, _leave)
        signal.signal(signal.SIGTERM, _leave)


def begun() -> None:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt from here on."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _is_command(words: Sequence[str]) -> bool:
    """Say whether these words start `leverkit`, or `python -m leverkit`."""
    script = [Path(word).stem for word in words[1:2]]
    return "leverkit" in script or ("-m", "leverkit") in pairwise(words)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"leverkit: interrupted; nothing was begun\n")
    os._exit(INTERRUPTED)
