"""Keep equal texts of many records once in memory: an account has many records of few tags."""

from __future__ import annotations

from sys import intern

import msgspec


def keep_texts_once(record: msgspec.Struct, *fields: str) -> None:
    """Replace the texts in these fields, or in the tuples there, by those that are in memory already."""
    for name in fields:
        value = getattr(record, name)
        once = intern(value) if isinstance(value, str) else tuple(map(intern, value))
        msgspec.structs.force_setattr(record, name, once)
