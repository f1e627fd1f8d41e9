"""Write files that survive kills and power cuts, and identify content by its sha256."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import msgspec

NO_SYNC = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)  # Windows opens no folder; some file systems sync none


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file, in a new folder if needed; a reader sees the old content or the new, never a part.

    It is on disk when this returns.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents where they are missing; they are on disk when this returns."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync(made.parent)


def sync(path: Path) -> None:
    """Write to the disk what is still in memory: a file's content, or the names in a folder."""
    is_folder = path.is_dir()
    try:
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in NO_SYNC:
            raise


def digest(value: object) -> str:
    """Return the sha256 (hex) of a value's canonical JSON: keys sorted, no spaces, UTF-8."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def fingerprint(file: Path) -> str:
    """Return the sha256 (hex) of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
