"""Commands of leverkit, run in this process: a process of its own costs a second of imports."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from leverkit.cli.main import main


@dataclass(frozen=True)
class Ended:
    """The exit code of a command and what it printed, child processes included."""

    code: int
    out: str
    err: str


def run_command(words: Sequence[str], capfd: pytest.CaptureFixture[str]) -> Ended:
    """Run a command and return how it ended; the handler of SIGTERM stays what it was."""
    handler = signal.getsignal(signal.SIGTERM)
    capfd.readouterr()
    try:
        with pytest.raises(SystemExit) as exit_info:
            main(list(words))
    finally:
        signal.signal(signal.SIGTERM, handler)
    out, err = capfd.readouterr()
    return Ended(int(exit_info.value.code or 0), out, err)
