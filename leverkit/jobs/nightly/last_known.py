"""The number of the last reading that a job knew, kept outside of the workspace.

A workspace that was restored from a backup agrees with itself, and does not know what people removed since.
This tells: it is in the cache folder of whoever runs the job, so it helps on this machine alone.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_dir

from leverkit.storage import files


def last_known_reading(account_folder: Path) -> int:
    """Return the number of the last reading of which a job in an account's folder knew; 0 if not known."""
    try:
        return files.read_json(_place(account_folder), int) or 0
    except RuntimeError:  # no home folder
        return 0


def note_reading(account_folder: Path, number: int) -> None:
    """Note a reading, before anything is written that rests on it; without a cache folder, nothing is."""
    with suppress(OSError, RuntimeError):
        place = _place(account_folder)
        files.make_folder(place.parent)
        files.write_json(place, number)


def _place(account_folder: Path) -> Path:
    name = hashlib.sha256(str(account_folder.resolve()).encode()).hexdigest()
    return Path(user_cache_dir("leverkit")) / "readings" / name
