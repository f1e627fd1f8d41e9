"""Make a type known to msgspec before threads decode by it.

Where two threads are the first to decode by a type at the same time, msgspec (0.22) follows a null pointer
and takes the process with it: one pull in some thousand. Once a type is known, any number may.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TypeVar

import msgspec

T = TypeVar("T")
_one_at_a_time = threading.Lock()


def known(type: type[T]) -> type[T]:
    """Return a type, ready to decode or convert by in any thread."""
    with _one_at_a_time:
        return _met(type)  # type: ignore[arg-type]


@cache
def _met(type: type[T]) -> type[T]:
    msgspec.json.Decoder(type)  # writes down on the type what decoding needs
    return type  # the one that was written on: an equal `Listing[User]` may be another object
