"""A key that a command prints, such as `op read …`, so that it stands in no file and in no environment."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from functools import cache

from leverkit.api.auth import Secret
from leverkit.errors import KeyMissing

_ONE_WORD = re.compile(rb"[!-~]{1,4096}")  # an access token is long
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
            timeout=TIMEOUT,
        )
    except (OSError, ValueError) as error:
        raise KeyMissing(f"{whose}: its key_command cannot be run: {_why(error)}") from None
    except subprocess.TimeoutExpired:
        raise KeyMissing(f"{whose}: its key_command printed no key within {TIMEOUT:.0f} s") from None
    printed = ended.stdout.strip()
    if ended.returncode or not printed:
        raise KeyMissing(
            f"{whose}: its key_command ended with {ended.returncode} and "
            f"{'a text that was not used' if printed else 'no key'}; run it yourself to see why"
        )
    if not _ONE_WORD.fullmatch(printed):
        raise KeyMissing(
            f"{whose}: its key_command printed more than a key, which is not shown: it must print the key, "
            "in one line, and nothing else"
        )
    return printed.decode()


def _why(error: OSError | ValueError) -> str:
    return error.strerror or "no such program" if isinstance(error, OSError) else "its quotes do not match"
