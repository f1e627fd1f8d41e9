"""Which opportunities get a contact tag: all, the active ones, those of a posting. Each may be its source.

A text of several words, as a plan makes it from a policy and an option, means that all of them must hold.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from leverkit.errors import UsageError

ALL, ACTIVE, POSTING = "all", "active", "posting:"


def matching_of(where: str, text: str) -> str:
    """Return which opportunities a person named; empty where nothing is. Raises UsageError."""
    words = [_word(where, text, word) for word in text.split()]
    return " ".join(dict.fromkeys(words))


def narrower(*texts: str) -> str:
    """Return what matches all of these; empty for all opportunities."""
    return " ".join(sorted({word for text in texts for word in text.split()} - {ALL}))


def matches(matching: str, *, archived: bool, postings: Collection[str]) -> bool:
    """Return True if an opportunity with these postings (ids) gets a tag."""
    words = narrower(matching).split()
    return all(not archived if word == ACTIVE else word.removeprefix(POSTING) in postings for word in words)


def postings_in(matching: str) -> list[str]:
    """Return the ids of the postings that a matching names."""
    return [word.removeprefix(POSTING) for word in matching.split() if word.startswith(POSTING)]


def _word(where: str, text: str, word: str) -> str:
    kind, colon, posting = word.partition(":")
    name = kind.casefold() + colon
    if name in (ALL, ACTIVE) or (name == POSTING and posting):
        return name + posting
    near = get_close_matches(name, (ALL, ACTIVE, POSTING), n=1)
    hint = f": did you mean {near[0]}{'ID' if near[0] == POSTING else ''}? Allowed" if near else "; allowed"
    raise UsageError(f"{where}: {text!r} names no opportunities{hint}: all, active, posting:ID")
