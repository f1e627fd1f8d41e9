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
    """The lists of vocabulary.json."""

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
    skills: Words
    languages: Words
    events: Words
    hostile_person: Words
    hostile_candidacy: Words
    person_states: Words
    candidacy_states: Words
    departments: dict[str, Words]


WORDS = msgspec.json.decode(Path(__file__).with_name("vocabulary.json").read_bytes(), type=Vocabulary)


def word(rng: Random, syllables: int = 2) -> str:
    """Return an invented, capitalised word."""
    parts = [rng.choice(WORDS.onsets) + rng.choice(WORDS.vowels) for _ in range(syllables)]
    return ("".join(parts) + rng.choice(WORDS.codas)).capitalize()


def date(rng: Random) -> str:
    """Return a date of the years 2019 to 2025."""
    return f"20{rng.randint(19, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def person_tag(rng: Random) -> str:
    """Return a tag about a person."""
    year = 2018 + rng.randrange(8)
    return rng.choice(
        (
            rng.choice(WORDS.person_states),
            rng.choice(WORDS.person_states),
            rng.choice(WORDS.skills),
            f"{rng.choice(WORDS.skills)} ({rng.choice(('expert', 'working', 'learning'))})",
            f"Speaks {rng.choice(WORDS.languages)}",
            f"{rng.choice(WORDS.events)} {year}",
            f"Talent pool: {word(rng)}",
            f"seniority={rng.choice(('junior', 'mid', 'senior', 'staff'))}",
            f"gdpr-consent:{year}",
            f"{word(rng).lower()}-newsletter",
            f"{word(rng)} referral",
            f"Project {word(rng)}",
            word(rng, 3),
            f"years_exp:{rng.choice((1, 3, 5, 8, 12))}+",
        )
    )


def candidacy_tag(rng: Random) -> str:
    """Return a tag about one candidacy."""
    return rng.choice(
        (
            rng.choice(WORDS.candidacy_states),
            rng.choice(WORDS.candidacy_states),
            f"Phone screen {date(rng)}",
            f"video-sent:{date(rng)}",
            f"score={rng.randint(1, 5)}",
            f"Round {rng.randint(2, 5)}",
            f"Batch {word(rng)}",
            f"{word(rng)} panel",
            f"Interviewer: {word(rng)}",
            f"Week {rng.randint(1, 52)} review",
            f"Project {word(rng)}",
            word(rng, 3),
            f"Declined {rng.choice(('comp', 'location', 'timing'))}",
        )
    )


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


def first_names(rng: Random) -> list[str]:
    """Return first names: mostly syllables, some beyond ASCII, a few hostile."""
    return [word(rng, rng.choice((1, 2))) for _ in range(180)] + [*WORDS.first_unicode, *WORDS.names_hostile]


def last_names(rng: Random) -> list[str]:
    """Return invented last names."""
    return [
        word(rng, rng.choice((2, 3))) + rng.choice(("", "son", "ova", "skar", "-Example")) for _ in range(300)
    ]
