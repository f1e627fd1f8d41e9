"""One rate budget per key for all leverkit processes of this user on this machine.

The turns of `pacing` lie in a small file in the user's cache folder, changed under a lock of
the operating system, which a dying process drops. The file's name is a hash of key and address.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from leverkit.api.auth import Secret
from leverkit.api.rate_limit import Ledger, Turns

_LAYOUT = struct.Struct("<7d")  # when the clock began (s since the epoch), then the turns
SAME_START = 60.0  # seconds within which two beginnings of the clock are one


class Shared:
    """Turns in a file, shared by all who name it. Raises OSError or ImportError where that cannot be."""

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
        """Put `step` of the turns in their place, and return it."""
        with self._held() as file:
            turns = step(self._read(file))
            os.pwrite(file, _LAYOUT.pack(self._began(), *turns), 0)
        return turns

    @contextmanager
    def _held(self) -> Iterator[int]:
        """Open the file anew, as a lock belongs to an opening: threads exclude each other like processes."""
        import fcntl  # not on Windows, where each process has its own pace

        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _began(self) -> float:
        return self._epoch() - self._clock()

    def _read(self, file: int) -> Turns:
        """Return the turns in the file; new ones where it is new, torn, or from before a restart."""
        content = os.pread(file, _LAYOUT.size, 0)
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
    except (OSError, ImportError):
        return None
