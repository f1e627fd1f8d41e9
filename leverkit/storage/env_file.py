"""The `.env` file of whoever runs this: one that others could have written is not read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from leverkit.errors import UsageError
from leverkit.storage.own_file import distrust, nearest

NAME = ".env"


@dataclass(frozen=True)
class EnvFile:
    """A file that was read, with its values; or one that was found and not read, with the reason."""

    path: Path | None = None
    values: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    refused: str = ""


def find_env_file(start: Path) -> EnvFile:
    """Read the nearest `.env` in a folder or above it, unless others could have written it.

    It is read only if the file, its folder and every folder between belong to this user and are writable by
    nobody else. Otherwise nothing is read: a `.env` further up is no replacement.
    """
    path, reason = nearest(start, NAME)
    if path is None:
        return EnvFile()
    return _refused(path, reason) if reason else _read_own(path)


def read_env_file(path: Path) -> EnvFile:
    """Read a file that a person named, whoever it belongs to. Raises UsageError if it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            return EnvFile(path, dotenv_values(stream=file, interpolate=False))
    except OSError as error:
        raise UsageError(f"LEVERKIT_ENV_FILE names {path}: {error.strerror}") from None


def _read_own(path: Path) -> EnvFile:
    """Read a `.env` if the file that was opened is a regular one of this user's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a FIFO would block for ever
    except OSError as error:
        return _refused(path, f"{path}: {error.strerror}")
    with os.fdopen(descriptor, encoding="utf-8-sig", errors="surrogateescape") as file:
        found = os.fstat(descriptor)
        reason = distrust(path, found) if stat.S_ISREG(found.st_mode) else f"{path} is no regular file"
        return (
            _refused(path, reason) if reason else EnvFile(path, dotenv_values(stream=file, interpolate=False))
        )


def _refused(path: Path, reason: str) -> EnvFile:
    return EnvFile(refused=f"{path} was not read: {reason}. To use it, set LEVERKIT_ENV_FILE={path}")
