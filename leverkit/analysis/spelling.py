"""Group the spellings of one tag: they have one `spelling_form`, or differ by a slip of typing.

rapidfuzz (12 MB unpacked, compiled, no dependencies) finds the slips: comparing all pairs in Python takes
minutes where an account has thousands of tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from leverkit.analysis.texts.spelling_form import SpellingForm
from leverkit.api.tags import SHORTEST

if TYPE_CHECKING:
    import pandas as pd

LONG = 10  # letters from which a replaced letter is a slip and not another word
_BLOCK = 500


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

    A slip of one letter joins a tag to one used at least twice as often; digits and signs are never slips.
    """
    forms = {tag: SpellingForm.of(tag) for tag in sorted(uses, key=lambda tag: (-uses[tag], tag))}
    groups: dict[str, list[list[str]]] = {}
    for tag, form in forms.items():
        alike = groups.setdefault(form.text, [])
        agreeing = (group for group in alike if all(forms[other].agrees(form) for other in group))
        group = next(agreeing, None)
        alike.append([tag]) if group is None else group.append(tag)
    total = {text: sum(uses[tag] for tag in alike[0]) for text, alike in groups.items()}
    preferred = _preferred(_slips({text: forms[alike[0][0]] for text, alike in groups.items()}), total)
    joined: dict[str, list[str]] = {}
    for text, alike in groups.items():
        joined.setdefault(preferred.get(text, text), []).extend(alike[0])
    apart = [group for alike in groups.values() for group in alike[1:]]
    return [sorted(group, key=lambda tag: (-uses[tag], tag)) for group in (*joined.values(), *apart)]


def _preferred(pairs: Iterable[tuple[str, str]], total: Mapping[str, int]) -> dict[str, str]:
    """Return the form that each slip stands for, the most used one; a slip of a slip stands for itself."""
    preferred: dict[str, str] = {}
    for pair in pairs:
        rare, often = sorted(pair, key=lambda form: (total[form], form))
        if 2 * total[rare] <= total[often] and total[often] > total.get(preferred.get(rare, ""), 0):
            preferred[rare] = often
    return {rare: often for rare, often in preferred.items() if often not in preferred}


def _slips(forms: Mapping[str, SpellingForm]) -> Iterator[tuple[str, str]]:
    """Yield pairs of texts that are one slip apart.

    Compared are texts of about the same length with the same digits and signs, as those are no slips.
    """
    alike: dict[tuple[str, int], list[str]] = {}
    for text in sorted(forms):
        if len(text) >= SHORTEST:
            rest = "".join(c for c in text if c.lower() == c.upper())
            alike.setdefault((rest, len(text)), []).append(text)
    for (rest, length), group in sorted(alike.items()):
        for text, other in (*_near(group, group), *_near(group, alike.get((rest, length + 1), []))):
            if _is_slip(forms[text], forms[other]):
                yield text, other


def _near(left: list[str], right: list[str]) -> Iterator[tuple[str, str]]:
    if not right or (left is right and len(left) == 1):
        return
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    for start in range(0, len(left), _BLOCK):
        block = left[start : start + _BLOCK]
        distances = cdist(block, right, scorer=OSA.distance, score_cutoff=1)
        for row, column in zip(*(distances == 1).nonzero(), strict=True):
            text, other = block[row], right[column]
            if text < other or len(text) < len(other):
                yield text, other


def _is_slip(form: SpellingForm, other: SpellingForm) -> bool:
    """Return True if two forms, the shorter one first, differ by letters inside a long word, or a plural s.

    Another letter at the end of a word may be another word (A, B, II; employer, employee), and one at the
    beginning an opposite (typical, atypical); in a short word it may be a negation (can, can't; now, not).
    """
    from rapidfuzz.distance import Postfix, Prefix

    text, longer = form.text, other.text
    if longer == f"{text}s":
        return len(form.words[-1]) >= SHORTEST
    begin = Prefix.similarity(text, longer)
    end = len(text) - min(Postfix.similarity(text, longer), len(text) - begin)
    later = end + len(longer) - len(text)
    changed = text[begin:end] + longer[begin:later]
    is_replaced = len(text) == len(longer) and sorted(text) != sorted(longer)
    return (
        all(c.lower() != c.upper() for c in changed)
        and _is_inside(form.words, begin, end, spare=1 + is_replaced)
        and _is_inside(other.words, begin, later, spare=1 + is_replaced)
        and (not is_replaced or len(text) >= LONG)
    )


def _is_inside(words: Iterable[str], begin: int, end: int, *, spare: int) -> bool:
    """Return True if a part of the text is inside one long word; `spare` letters follow it there."""
    start = 0
    for word in words:
        if start < begin and end + spare <= start + len(word):
            return len(word) >= SHORTEST
        start += len(word)
    return False
