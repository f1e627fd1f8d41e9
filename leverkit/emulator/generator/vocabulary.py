"""Words for generated accounts: names, postings and tags that are plausible and clearly invented.

Tags are made from grammars, not taken from a list, so that no classifier can learn the list.
Some are hostile on purpose: markup, formulas, mathematics, right-to-left marks, commas, spaces at the ends.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec

Words = tuple[str, ...]


class Vocabulary(msgspec.Struct, frozen=True):
    """The lists of vocabulary.json; templates of tags name `tag_parts`, and what `_TagParts` makes."""

    onsets: Words
    vowels: Words
    codas: Words
    first_unicode: Words
    names_hostile: Words
    roles: Words
    levels: Words
    places: Words
    commitments: Words
    posting_tags: Words
    hostile_person: Words
    hostile_candidacy: Words
    person_tags: Words
    candidacy_tags: Words
    tag_parts: dict[str, Words]
    departments: dict[str, Words]


WORDS = msgspec.json.decode(Path(__file__).with_name("vocabulary.json").read_bytes(), type=Vocabulary)


def word(rng: Random, syllables: int = 2) -> str:
    """Return an invented, capitalised word."""
    parts = [rng.choice(WORDS.onsets) + rng.choice(WORDS.vowels) for _ in range(syllables)]
    return ("".join(parts) + rng.choice(WORDS.codas)).capitalize()


class _TagParts(dict[str, str]):
    """Makes the parts that templates of tags name, another at each use."""

    def __init__(self, rng: Random, **known: str) -> None:
        super().__init__(known)
        self._rng = rng

    def __missing__(self, name: str) -> str:
        rng = self._rng
        if name.lower() == "word":
            return word(rng) if name == "Word" else word(rng).lower()
        if name == "LongWord":
            return word(rng, 3)
        if name == "date":  # of the years 2019 to 2025
            return f"20{rng.randint(19, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        if "-" in name:
            return str(rng.randint(*map(int, name.split("-"))))
        return rng.choice(WORDS.tag_parts[name])


def person_tag(rng: Random) -> str:
    """Return a tag about a person."""
    parts = _TagParts(rng, year=str(2018 + rng.randrange(8)))
    return rng.choice([text.format_map(parts) for text in WORDS.person_tags])


def candidacy_tag(rng: Random) -> str:
    """Return a tag about one candidacy."""
    return rng.choice([text.format_map(_TagParts(rng)) for text in WORDS.candidacy_tags])


def variant(rng: Random, tag: str) -> str:
    """Return another spelling of a tag, as people type it; sometimes the tag itself."""
    middle = len(tag) // 2
    return rng.choice(
        (
            tag.lower(),
            tag.upper(),
            tag.title(),
            tag.replace(" ", "-"),
            tag.replace(" ", ""),
            tag[:middle] + tag[middle + 1 :],
            tag + "s",
        )
    )


def first_names(rng: Random, *, hostile: bool = True) -> list[str]:
    """Return first names: mostly syllables, some beyond ASCII, a few hostile."""
    names = [word(rng, rng.choice((1, 2))) for _ in range(180)] + [*WORDS.first_unicode]
    return [*names, *WORDS.names_hostile] if hostile else names


def last_names(rng: Random) -> list[str]:
    """Return invented last names."""
    return [
        word(rng, rng.choice((2, 3))) + rng.choice(("", "son", "ova", "skar", "-Example")) for _ in range(300)
    ]
