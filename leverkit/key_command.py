"""A key that a command prints, such as `op read …`, so that it stands in no file and in no environment."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from functools import cache

from leverkit.api.auth import Secret
from leverkit.errors import KeyMissing

TIMEOUT = 60.0  # seconds: a person may have to allow it


class CommandKey(Secret):
    """The key that a command prints; it runs once in a process, when the key is needed first."""

    __slots__ = ()

    def __init__(self, command: str, whose: str, environ: Mapping[str, str]) -> None:
        self.reveal = lambda: _printed(command, whose, tuple(sorted(environ.items())))


@cache
def _printed(command: str, whose: str, environ: tuple[tuple[str, str], ...]) -> str:
    """Return what a command prints, without a shell. Raises KeyMissing, without what it printed."""
    try:
        ended = subprocess.run(
            shlex.split(command),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except (OSError, ValueError) as error:
        raise KeyMissing(f"{whose}: its key_command cannot be run: {_why(error)}") from None
    except subprocess.TimeoutExpired:
        raise KeyMissing(f"{whose}: its key_command printed no key within {TIMEOUT:.0f} s") from None
    key = ended.stdout.strip()
    if ended.returncode or not key:
        raise KeyMissing(
            f"{whose}: its key_command ended with {ended.returncode} and "
            f"{'a text that was not used' if key else 'no key'}; run it yourself to see why"
        )
    return key


def _why(error: OSError | ValueError) -> str:
    return error.strerror or "no such program" if isinstance(error, OSError) else "its quotes do not match"
