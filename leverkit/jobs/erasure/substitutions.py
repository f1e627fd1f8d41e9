"""What replaces the ids of erased people in files: random ids, and the hashes that follow from them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import TypeVar

import msgspec

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # of Lever: all of them are UUIDs
_WORD = re.compile(f"{ID}|[0-9a-f]{{64}}".encode())
T = TypeVar("T")


class Substitutions:
    """Ids and hashes that are replaced by others of the same length; the old do not follow from the new."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._instead = {id.encode(): str(uuid.uuid4()).encode() for id in ids}

    def put(self, old: str, new: str) -> None:
        """Replace a hash by another one from now on."""
        self._instead[old.encode()] = new.encode()

    def occur_in(self, content: bytes) -> bool:
        """Return True if a content holds any of them."""
        return any(found[0] in self._instead for found in _WORD.finditer(content))

    def replaced(self, content: bytes) -> bytes:
        """Return a content with all of them replaced."""
        return _WORD.sub(lambda found: self._instead.get(found[0], found[0]), content)

    def applied(self, value: T) -> T:
        """Return a value with all of them replaced in its texts."""
        return msgspec.json.decode(self.replaced(msgspec.json.encode(value)), type=type(value))
