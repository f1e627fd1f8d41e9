"""How Lever stores the text of a tag."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SHORTEST = 6  # letters; in a shorter word, one other letter makes another word


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
