"""Tags of a generated account, and the true scope of each, against which an audit is measured.

A tag about a person was put by an integration on one opportunity only (the first, whose id was the old
candidate's; the newest at that time; any), or on all that there were at that time, or on all.
A tag about one candidacy is on that one, whatever the person's others have.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Literal

from leverkit.emulator.generator.vocabulary import WORDS, candidacy_tag, person_tag, variant

Habit = Literal["first", "newest", "existing", "any", "all"]
HABITS: tuple[Habit, ...] = ("first", "newest", "existing", "any", "all")


@dataclass(frozen=True)
class PersonTag:
    """A tag about persons: its spellings, where its integration usually puts it, and how often it does."""

    spellings: tuple[str, ...]
    habit: Habit
    habit_share: float


class Tagger:
    """Chooses tags for people and candidacies. `truth` is tag -> scope of every tag it made."""

    def __init__(self, rng: Random, contacts: int) -> None:
        self._random = rng.random
        self.truth: dict[str, str] = {}
        size = 10 + min(120, int(contacts**0.5 / 2))
        self._persons = [
            self._person(rng, text)
            for text in self._texts(rng, size, person_tag, WORDS.hostile_person, "contact")
        ]
        self._candidacies = [
            self._spellings(rng, text, "opportunity")
            for text in self._texts(rng, size, candidacy_tag, WORDS.hostile_candidacy, "opportunity")
        ]
        self._weights = list(accumulate(1.0 / (place + 2) ** 0.7 for place in range(size)))

    def _texts(
        self, rng: Random, size: int, make: Callable[[Random], str], hostile: tuple[str, ...], scope: str
    ) -> list[str]:
        texts: list[str] = []
        while len(texts) < size:
            text = make(rng)
            if text not in self.truth:
                self.truth[text] = scope
                texts.append(text)
        taken: set[int] = set()
        for text in hostile[: max(4, size // 8)]:
            place = rng.randrange(size)
            while place in taken:
                place = (place + 1) % size
            taken.add(place)
            self.truth.pop(texts[place], None)
            self.truth[text] = scope
            texts[place] = text
        return texts

    def _spellings(self, rng: Random, text: str, scope: str) -> tuple[str, ...]:
        other = variant(rng, text) if rng.random() < 0.25 else text
        if other != text and other.strip() and other not in self.truth:
            self.truth[other] = scope
            return (text, text, text, text, other)
        return (text,)

    def _person(self, rng: Random, text: str) -> PersonTag:
        return PersonTag(self._spellings(rng, text, "contact"), rng.choice(HABITS), 0.55 + 0.4 * rng.random())

    def _draw_index(self) -> int:
        return bisect(self._weights, self._random() * self._weights[-1])

    def person_tags(self, times: Sequence[int]) -> list[tuple[str, int, int]]:
        """Return (tag, start, end) triples: which of a person's opportunities, oldest first, carry it."""
        opportunities, chance, found = len(times), self._random(), []
        for _ in range((chance < 0.55) + (chance < 0.25) + (chance < 0.08)):
            tag = self._persons[self._draw_index()]
            text = tag.spellings[int(self._random() * len(tag.spellings))]
            habit = tag.habit if self._random() < tag.habit_share else HABITS[int(self._random() * 5)]
            found.append((text, *self._reach(habit, opportunities)))
        return found

    def _reach(self, habit: Habit, opportunities: int) -> tuple[int, int]:
        newest = 1 + int(self._random() * opportunities)
        if habit == "first":
            return 0, 1
        if habit == "newest":
            return newest - 1, newest
        if habit == "existing":
            return 0, newest
        if habit == "any":
            one = int(self._random() * opportunities)
            return one, one + 1
        return 0, opportunities

    def candidacy_tags(self, archived: bool) -> list[str]:
        """Return the tags of one candidacy; an archived one has fewer."""
        chance = self._random() * (0.8 if archived else 1.0)
        found = []
        for _ in range((chance < 0.3) + (chance < 0.08)):
            spellings = self._candidacies[self._draw_index()]
            found.append(spellings[int(self._random() * len(spellings))])
        return found
