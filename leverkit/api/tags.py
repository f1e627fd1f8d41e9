"""Which texts can be a tag, and how Lever stores them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from io import IOBase

from leverkit.errors import UsageError

LONGEST = 255  # characters; Lever documents no limit, the longest tag ever seen has 30
SHORTEST = 6  # letters; in a shorter word, one other letter makes another word


def names(parameter: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return texts that a caller names, each once. Raises UsageError for a single text or another type.

    A text is an iterable of its letters: "VIP" would be the three tags V, I and P. So a table would be the
    names of its columns, a mapping its keys whatever they stand for, and a file lines that end in a break.
    """
    if isinstance(values, str | bytes):
        raise UsageError(f"{parameter} must be a list of texts, not a single text: put it in brackets")
    if isinstance(values, Mapping | IOBase) or hasattr(values, "columns"):
        kind = type(values).__name__
        raise UsageError(f"{parameter} must be a list of texts, not a {kind}: name what in it is meant")
    found = tuple(values)
    for value in found:
        if not isinstance(value, str):
            raise UsageError(f"{parameter} must be a list of texts, and a {type(value).__name__} is in it")
    return tuple(dict.fromkeys(map(str.__str__, found)))  # plain texts, also of numpy's and of an enum's


def tag_names(parameter: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return tags that a caller names, each once.

    Raises UsageError as `names`, and for a text that cannot be written as a tag.
    """
    found = names(parameter, values)
    for tag in found:
        if why := unwritable(tag):
            raise UsageError(f"{parameter}: {tag[:40]!r} cannot be written to Lever: {why}. Nothing was sent")
    return found


def unwritable(tag: str) -> str:
    """Return why a text cannot be written to Lever as a tag; empty if it can."""
    if not tag.strip():
        return "it is empty or of blanks"
    if any("\ud800" <= letter <= "\udfff" for letter in tag):
        return "half a character is in it"
    return f"it has {len(tag)} characters, allowed are {LONGEST}" if len(tag) > LONGEST else ""


def fold(text: str) -> str:
    """Return the form that all spellings of a tag share: Unicode, case and spacing folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def altered(tag: str, new: Iterable[str]) -> str:
    """Return which of the new tags is this tag as Lever may have stored it; empty if none is.

    Trimmed, in another case, composed, or cut: reference sections 10, 8 and 9; Lever documents none of it.
    """
    whole = fold(tag)
    forms = [text for text in sorted(new) if text != tag and _is_form(fold(text), whole)]
    return max(forms, key=len, default="")


def _is_form(form: str, whole: str) -> bool:
    return form == whole or (len(form) >= SHORTEST and whole.startswith(form))
