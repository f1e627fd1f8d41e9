"""The form that the spellings of one tag share: case, spacing, and accents that are slips make no difference.

What carries meaning stays: digits and what stands between them, emoji, `<`, `>`, minus, `&`, `+`, `½`, `²`,
a question mark; and marks that make another letter, such as vowel signs of Indic and Thai scripts, kana
voicing, `ñ`. Another rule, `api.tags.altered`, tells in which forms Lever may have stored a tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

_DASHES = re.compile("[‐‑‒–—―−]")
_SOFT = r"[-_'’.,;:/|·・]"  # between words, as good as a blank
_OPENS, _CLOSES = r"[(\[{\"“‘«„「【¿¡]", r"[)\]}\"”»“」】]"
_BETWEEN = re.compile(rf"(?!.*[:;]-?[()\[\]])(?: |{_SOFT}|(?<! ){_CLOSES}|{_OPENS}(?! )){{1,6}}")  # no :-)
_BEFORE = re.compile(rf"{_OPENS}*")
_AFTER = re.compile(rf" ?{_CLOSES}*[.,;:!]*")
_APART = ("<super>", "<sub>", "<fraction>")  # x² is not x2, and ½ not 1 2
_FLAGS = "\U000e0020"  # from here on, format characters tell flags apart
_SELECTORS = "\ufe0e\ufe0f"  # an emoji in black or in colour
_LETTERS = {"n\u0303", "и\u0306", "у\u0306", "і\u0308", "г\u0301", "к\u0301"}  # no accents: other letters
_TONES = "\u0309\u031b\u0323"  # Vietnamese hook, horn and dot


class SpellingForm(NamedTuple):
    """The words of a tag, with the signs that carry meaning, without accents; those by their position."""

    words: tuple[str, ...]
    accents: dict[int, str]

    @classmethod
    @lru_cache(20_000)  # an audit, its suggestions and a plan ask for the same tags
    def of(cls, tag: str) -> SpellingForm:
        """Return the form of a tag."""
        bare, accents = _without_accents(_even(tag))
        words = tuple(_words(bare)) or (tag,)
        return cls(words, accents)

    @property
    def text(self) -> str:
        """Return the words as one; tags with another text are other tags, but for slips."""
        return "".join(self.words)

    def agrees(self, other: SpellingForm) -> bool:
        """Return False if a letter has one accent here and another one there: né, nè."""
        return all(self.accents.get(at, mark) == mark for at, mark in other.accents.items())


def loose(tag: str) -> str:
    """Return the text that the spellings of a tag share."""
    return SpellingForm.of(tag).text


def _even(tag: str) -> str:
    """Return the tag with one form of each character and blank, and without what is invisible."""
    text = "".join(map(_compatible, tag))
    return " ".join(_DASHES.sub("-", unicodedata.normalize("NFC", text).casefold()).split())


def _compatible(c: str) -> str:
    if c.isascii() or c.isspace():
        return c
    if c in _SELECTORS or (c < _FLAGS and unicodedata.category(c) == "Cf"):
        return ""
    return c if unicodedata.decomposition(c).startswith(_APART) else unicodedata.normalize("NFKC", c)


def _without_accents(text: str) -> tuple[str, dict[int, str]]:
    """Return a text without the marks that are slips where people leave them out, and these by the letter."""
    kept, accents, base, letters = list[str](), dict[int, str](), "", 0
    for c in unicodedata.normalize("NFD", text):
        if _is_accent(base, c):
            accents[letters] = accents.get(letters, "") + c
            continue
        kept.append(c)
        if not unicodedata.combining(c):
            base, letters = c, letters + c.isalpha()
    return unicodedata.normalize("NFC", "".join(kept)), accents


def _is_accent(base: str, mark: str) -> bool:
    """Return True for a mark on a Latin, Greek, Cyrillic, Hebrew or Arabic letter that makes no other one."""
    if not unicodedata.combining(mark) or mark in _TONES or base + mark in _LETTERS:
        return False
    return base.isalpha() and (base < "\u0530" or "\u05d0" <= base < "\u0700")


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text, and between them the signs that carry meaning."""
    runs = ["".join(run) for _, run in groupby(text, _is_of_word)]
    for run, before, after in zip(runs, ("", *runs), (*runs[1:], ""), strict=False):
        if word := run if _is_of_word(run[0]) else _meant(run, before[-1:], after[:1]):
            yield word


def _is_of_word(c: str) -> bool:
    return c.isalnum() or unicodedata.category(c)[0] == "M"


def _meant(signs: str, before: str, after: str) -> str:
    """Return what of the signs between two words carries meaning, from the characters beside them."""
    bare = signs.replace(" ", "")
    if before and after and _is_digit(before) and _is_digit(after):
        return bare or " "
    if before and after:
        is_minus = signs.endswith(" -") and _is_digit(after)
        return bare if is_minus or not _BETWEEN.fullmatch(signs) else ""
    return "" if (_AFTER if before else _BEFORE).fullmatch(signs) else bare


def _is_digit(c: str) -> bool:
    return unicodedata.category(c)[0] == "N"
