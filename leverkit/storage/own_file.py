"""Files that only whoever runs this can have written: what others could write is not trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def nearest(start: Path, name: str) -> tuple[Path | None, str]:
    """Return the nearest file of a name in a folder or above it, and why others could have written it.

    The reason is empty if the file's folder and every folder between belong to this user and are writable by
    nobody else; whoever opens the file checks that too.
    """
    reason = ""
    for folder in (start, *start.parents):
        reason = reason or distrust(folder, folder.stat())
        path = folder / name
        if not path.is_dir() and os.path.lexists(path):  # a virtual environment may be named .env
            return path, reason
    return None, ""


def distrust(path: Path, found: os.stat_result) -> str:
    """Return why others could have written a file or folder; empty if only this user could."""
    if not hasattr(os, "geteuid"):  # Windows: access is not in these bits
        return ""
    if found.st_uid != os.geteuid():
        return f"{path} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by others (chmod go-w {path})"
    return ""
