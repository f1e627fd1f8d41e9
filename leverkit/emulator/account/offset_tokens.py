"""Offset tokens: the sort key of the next page's first item as JSON, percent-encoded once (section 2.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import msgspec

from leverkit.emulator.response import RequestError, bad_request, decode, encode

Key = tuple[Any, ...]


def write(key: Key) -> str:
    """Return the token for a key. Whole ranks are written as integers, as Lever does."""
    parts = [int(part) if isinstance(part, float) and part.is_integer() else part for part in key]
    return quote(encode(parts), safe="!'()*~")


def _parse(text: str) -> Any:
    try:
        return decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def read(token: str, types: tuple[type | tuple[type, ...], ...]) -> Key:
    """Return the key in a token, whether it was sent verbatim (so still encoded) or as plain JSON.

    `types` are those of the present sort's key. Raises RequestError 400 with Lever's words
    "Invalid offset token" (section 2.3) for another sort's token and for anything else.
    """
    value = _parse(decoded(token))
    if not isinstance(value, list) or not value:
        raise invalid_offset("Offset token is malformed")
    fits = len(value) == len(types) and all(map(_has_type, value, types))
    if not fits:
        raise invalid_offset("Offset token is invalid for sort")
    return tuple(value)


def decoded(token: str) -> str:
    """Return a token as JSON text, whether it was sent verbatim (so still encoded) or decoded."""
    return unquote(token) if token.startswith("%") else token


def _has_type(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def invalid_offset(why: str) -> RequestError:
    """Return the 400 for an offset token."""
    return bad_request(f"Invalid offset token: {why}")
