"""api.tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SHORTEST = 6  # letters; in shorter words one letter makes another word


def fold(text: str) -> str:
    """Return the form in which two spellings of a tag are the same: Unicode, case and spacing folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def altered(tag: str, new: Iterable[str]) -> str:
    """Return which of the new tags is this one as Lever may have stored it; empty where none is.

    Trimmed, in other letters, composed, or cut: reference section 10, 8 and 9, both not documented.
    """
    whole = fold(tag)
    forms = [text for text in sorted(new) if text != tag and _is_form(fold(text), whole)]
    return max(forms, key=len, default="")


def _is_form(form: str, whole: str) -> bool:
    return form == whole or (len(form) >= SHORTEST and whole.startswith(form))
