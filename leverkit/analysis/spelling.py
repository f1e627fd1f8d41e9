"""Group the spellings of one tag: they differ in case, spacing, accents, Unicode forms, or by a slip.

rapidfuzz (12 MB unpacked, compiled, no dependencies) finds the slips: comparing all pairs in Python takes
minutes where an account has thousands of tags.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from leverkit.api.tags import SHORTEST, fold

if TYPE_CHECKING:
    import pandas as pd

LONG = 10  # letters from which a replaced letter is a slip and not another word
_BLOCK = 500


def loose(tag: str) -> str:
    """Return the form that near-duplicates share: no accents, punctuation, spaces."""
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
    """Return the tags in groups of spellings, the most used first; `uses` counts the uses of each tag.

    A slip of one letter joins a tag to one used at least twice as often; digits are never slips.
    """
    groups: dict[str, list[str]] = {}
    for tag in sorted(uses, key=lambda tag: (-uses[tag], tag)):
        groups.setdefault(loose(tag), []).append(tag)
    total = {form: sum(uses[tag] for tag in group) for form, group in groups.items()}
    preferred = _preferred(_slips(groups), total)
    joined: dict[str, list[str]] = {}
    for form, group in groups.items():
        joined.setdefault(preferred.get(form, form), []).extend(group)
    return [sorted(group, key=lambda tag: (-uses[tag], tag)) for group in joined.values()]


def _preferred(pairs: Iterable[tuple[str, str]], total: Mapping[str, int]) -> dict[str, str]:
    """Return the form that each slip stands for, the most used one; a slip of a slip stands for itself."""
    preferred: dict[str, str] = {}
    for pair in pairs:
        rare, often = sorted(pair, key=lambda form: (total[form], form))
        if 2 * total[rare] <= total[often] and total[often] > total.get(preferred.get(rare, ""), 0):
            preferred[rare] = often
    return {rare: often for rare, often in preferred.items() if often not in preferred}


def _slips(forms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of forms that are one slip apart; only forms of about the same length are compared."""
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


def _is_slip(form: str, other: str) -> bool:
    """Return True if two forms differ by a slip: not in a digit, nor in the last letter (A, B, II)."""
    if [c for c in form if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    if form[:-1] == other[:-1] or (other.startswith(form) and other != form + "s"):
        return False
    return len(form) != len(other) or sorted(form) == sorted(other) or len(form) >= LONG
