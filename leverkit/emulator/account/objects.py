"""New objects of Lever's API: all their keys in Lever's order, with empty values, from objects.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

_OBJECTS = msgspec.json.decode(
    Path(__file__).with_name("objects.json").read_bytes(), type=dict[str, msgspec.Raw]
)


def blank_object(kind: str, **fields: Any) -> dict[str, Any]:
    """Return an object of a kind with these fields set; the other values are empty, the keys in order."""
    value: dict[str, Any] = msgspec.json.decode(_OBJECTS[kind])
    return value | fields
