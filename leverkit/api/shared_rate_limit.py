"""One rate budget per key for all leverkit processes of this user on this machine.

The state of `rate_limit` is in a small file in the user's cache folder and changes under a lock of the
operating system, which ends with its process. The file's name is a hash of key and address.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from filelock import lock_descriptor
from platformdirs import user_cache_dir

from leverkit.api.auth import Secret
from leverkit.api.rate_limit import Ledger, Turns
from leverkit.storage.lock import open_lock_file

_LAYOUT = struct.Struct("<7d")  # when the clock began (s since the epoch), then the turns
SAME_START = 60.0  # seconds within which two beginnings of the clock are one
POLL = 0.001  # seconds between two attempts to lock the file, which is held for microseconds


class Shared:
    """Turns in a file, shared by all who name it. Raises OSError where that cannot be."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._clock, self._epoch = path, clock, epoch
        self.update(lambda turns: turns)

    def update(self, step: Callable[[Turns], Turns]) -> Turns:
        """Replace the state by `step` of it, and return the new one."""
        with open_lock_file(self._path, mode=0o600) as file:  # opened anew, so that threads are excluded too
            lock_descriptor(file.fileno(), poll_interval=POLL)
            turns = step(self._read(file))
            file.seek(0)
            file.write(_LAYOUT.pack(self._began(), *turns))
        return turns

    def _began(self) -> float:
        return self._epoch() - self._clock()

    def _read(self, file: FileIO) -> Turns:
        """Return the state in the file; a new one if the file is new, torn, or from before a restart."""
        content = file.read(_LAYOUT.size)
        if len(content) == _LAYOUT.size:
            began, *turns = _LAYOUT.unpack(content)
            if abs(began - self._began()) < SAME_START:
                return Turns(*turns)
        return Turns(self._clock())


def budget(base_url: str, key: Secret) -> Ledger | None:
    """Return the budget that all users of a key share; None where this machine cannot keep one."""
    told = hashlib.blake2b(f"{base_url}\n{key.reveal()}".encode(), digest_size=8, person=b"leverkit pace")
    try:
        return Shared(Path(user_cache_dir("leverkit")) / "pace" / told.hexdigest())
    except OSError:
        return None
