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
from leverkit.api.rate_limit import RateBudget, RateState
from leverkit.storage.lock import open_lock_file

_LAYOUT = struct.Struct("<7d")  # when the clock was 0 (seconds since epoch), then the state
SAME_START = 60.0  # seconds by which the start of one clock may differ between two readings
POLL = 0.001  # seconds between two attempts to lock the file, which is held for microseconds


class FileRateState:
    """A budget in a file, shared by all who name the file. Raises OSError if it cannot be kept there."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._clock, self._epoch = path, clock, epoch
        self.update(lambda state: state)

    def update(self, step: Callable[[RateState], RateState]) -> RateState:
        """Replace the state by `step` of it, and return the new one."""
        with open_lock_file(self._path) as file:  # opened each time, so that threads are excluded too
            lock_descriptor(file.fileno(), poll_interval=POLL)
            state = step(self._read(file))
            file.seek(0)
            file.write(_LAYOUT.pack(self._clock_start(), *state))
        return state

    def _clock_start(self) -> float:
        return self._epoch() - self._clock()

    def _read(self, file: FileIO) -> RateState:
        """Return the state in the file; a new one if the file is new, torn, or from before a restart."""
        content = file.read(_LAYOUT.size)
        if len(content) == _LAYOUT.size:
            start, *state = _LAYOUT.unpack(content)
            if abs(start - self._clock_start()) < SAME_START:
                return RateState(*state)
        return RateState(self._clock())


def shared_budget(base_url: str, key: Secret) -> RateBudget | None:
    """Return the budget that all users of a key share; None if this machine cannot keep one."""
    name = hashlib.blake2b(f"{base_url}\n{key.lasting}".encode(), digest_size=8, person=b"leverkit pace")
    try:
        return FileRateState(Path(user_cache_dir("leverkit")) / "pace" / name.hexdigest())
    except (OSError, RuntimeError):  # RuntimeError: this user has no home folder
        return None
