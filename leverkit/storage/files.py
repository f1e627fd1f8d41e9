"""Write files that survive kills, and identify content by its sha256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file, in a new folder if needed; a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def digest(value: object) -> str:
    """Return the sha256 (hex) of a value's canonical JSON: keys sorted, no spaces, UTF-8."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def fingerprint(file: Path) -> str:
    """Return the sha256 (hex) of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
