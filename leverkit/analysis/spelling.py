"""Which tags are one tag in several spellings: by case, spacing, accents, Unicode, and by small slips.

Slips are found with rapidfuzz (12 MB unpacked, compiled, no dependencies): it replaces a table of all
pairs in Python, which takes minutes where an account has thousands of tags.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from leverkit.api.tags import SHORTEST, fold

if TYPE_CHECKING:
    import pandas as pd

LONG = 10  # letters, from which a letter replaced by another is a slip and not another word
_BLOCK = 500


def loose(tag: str) -> str:
    """Return the form in which near-duplicates are one: no accents, punctuation, spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", fold(tag)) if not unicodedata.combining(c))
    return "".join(c for c in bare if c.isalnum() or c in "+#") or tag


def spellings(tags: pd.DataFrame) -> pd.DataFrame:
    """Return one row per tag of `Audit.tags`: preferred, its most used spelling; tag; opportunities.

    The rows of one preferred spelling follow each other, the most used first.
    """
    import pandas as pd

    uses = {str(tag): int(used) for tag, used in zip(tags["tag"], tags["opportunities"], strict=True)}
    rows = [(group[0], tag, uses[tag]) for group in spelling_groups(uses) for tag in group]
    return pd.DataFrame(rows, columns=["preferred", "tag", "opportunities"])


def grouped(spellings: pd.DataFrame) -> list[list[tuple[str, int]]]:
    """Return the groups of the frame `spellings`: each spelling with how often it is used."""
    rows = spellings.itertuples(index=False, name=None)
    return [[(tag, used) for _, tag, used in group] for _, group in groupby(rows, key=lambda row: row[0])]


def spelling_groups(uses: Mapping[str, int]) -> list[list[str]]:
    """Return the tags (with how often each is used) grouped by spelling, the likely right one of each first.

    A slip of one letter joins a tag to one used at least twice as often; digits are never slips.
    """
    groups: dict[str, list[str]] = {}
    for tag in sorted(uses, key=lambda tag: (-uses[tag], tag)):
        groups.setdefault(loose(tag), []).append(tag)
    total = {form: sum(uses[tag] for tag in group) for form, group in groups.items()}
    right = _heads(_slips(groups), total)
    joined: dict[str, list[str]] = {}
    for form, group in groups.items():
        joined.setdefault(right.get(form, form), []).extend(group)
    return [sorted(group, key=lambda tag: (-uses[tag], tag)) for group in joined.values()]


def _heads(pairs: Iterable[tuple[str, str]], total: Mapping[str, int]) -> dict[str, str]:
    """Return for each form that is a slip the one it stands for, the most used; never a chain."""
    heads: dict[str, str] = {}
    for pair in pairs:
        rare, often = sorted(pair, key=lambda form: (total[form], form))
        if 2 * total[rare] <= total[often] and total[often] > total.get(heads.get(rare, ""), 0):
            heads[rare] = often
    return {rare: often for rare, often in heads.items() if often not in heads}


def _slips(forms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return pairs of forms that are one slip apart; forms are compared with those about as long."""
    by_length: dict[int, list[str]] = {}
    for form in sorted(forms):
        if len(form) >= SHORTEST:
            by_length.setdefault(len(form), []).append(form)
    for length, group in sorted(by_length.items()):
        yield from _near(group, group)
        yield from _near(group, by_length.get(length + 1, []))


def _near(left: list[str], right: list[str]) -> Iterator[tuple[str, str]]:
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    for start in range(0, len(left), _BLOCK) if right else ():
        block = left[start : start + _BLOCK]
        distances = cdist(block, right, scorer=OSA.distance, score_cutoff=1)
        for row, column in zip(*(distances == 1).nonzero(), strict=True):
            pair = block[row], right[column]
            if pair[0] < pair[1] or len(pair[0]) < len(pair[1]):
                yield from [pair] if _is_slip(*pair) else []


def _is_slip(one: str, other: str) -> bool:
    """Tell a slip from another word: numbers differ in digits, series in their last letter (A, B, II)."""
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    if one[:-1] == other[:-1] or (other.startswith(one) and other != one + "s"):
        return False
    return len(one) != len(other) or sorted(one) == sorted(other) or len(one) >= LONG
