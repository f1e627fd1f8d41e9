"""The tags of the account that newcomers see: three integrations, of which one splits its tags.

- One tags "the candidate" with pools and campaigns. Until Lever's change (`CHANGE`) that was on all
  opportunities of a person; since then it is on the newest alone, and later ones get nothing.
- The referral app tags all opportunities of a person, also later ones.
- The assessments tag the one candidacy that they belong to.

Recruiters add tags by hand: of either kind, on one opportunity, or about a person on all. No text is hostile,
unlike in `tagging`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from random import Random

import msgspec

from leverkit.emulator.account.account import EPOCH_MS
from leverkit.emulator.generator.postings import DAY

CHANGE = EPOCH_MS - 300 * DAY
VARIANT_SHARE = 0.15  # how often a tag with a second spelling is typed so
Shares = dict[str, float]


class Story(msgspec.Struct, frozen=True):
    """The lists of story.json: each tag with the share of people or candidacies that get it."""

    pools: Shares
    campaigns: Shares
    shared: Shares
    assessment: Shares
    by_hand_person: Shares
    by_hand_candidacy: Shares
    spellings: dict[str, str]


STORY = msgspec.json.decode(Path(__file__).with_name("story.json").read_bytes(), type=Story)


class StoryTagger:
    """Chooses tags for people and candidacies, as `Tagger` does; `truth` is tag -> scope."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        persons = STORY.pools | STORY.campaigns | STORY.shared | STORY.by_hand_person
        candidacies = STORY.assessment | STORY.by_hand_candidacy
        self.truth = dict.fromkeys(persons, "contact") | dict.fromkeys(candidacies, "opportunity")
        self.truth |= {other: self.truth[tag] for tag, other in STORY.spellings.items()}

    def person_tags(self, times: Sequence[int]) -> list[tuple[str, int, int]]:
        """Return (tag, start, end) triples: which of a person's opportunities, oldest first, carry it.

        `times` are their creation times, in ms since the epoch.
        """
        split = [*self._drawn(STORY.pools), *self._drawn(STORY.campaigns)]
        found = [(tag, *self._split(times)) for tag in split]
        found += [(tag, 0, len(times)) for tag in self._drawn(STORY.shared)]
        return found + [
            (self._spelt(tag), *self._by_hand(times)) for tag in self._drawn(STORY.by_hand_person)
        ]

    def candidacy_tags(self, archived: bool) -> list[str]:
        """Return the tags of one candidacy; an archived one has as many."""
        return [self._spelt(tag) for tag in self._drawn(STORY.assessment | STORY.by_hand_candidacy)]

    def _drawn(self, shares: Shares) -> list[str]:
        """Return the tags of a draw: mostly none or one."""
        bounds = list(accumulate(shares.values()))
        found = bisect(bounds, self._random())
        tags = list(shares)
        return [tags[found]] if found < len(tags) else []

    def _split(self, times: Sequence[int]) -> tuple[int, int]:
        """Tag some time after one of the opportunities came, as the integration could at that time."""
        known = 1 + int(self._random() * len(times))
        if times[known - 1] < CHANGE:
            return 0, bisect(times, CHANGE)
        return known - 1, known

    def _by_hand(self, times: Sequence[int]) -> tuple[int, int]:
        if self._random() < 0.6:
            return 0, len(times)
        one = int(self._random() * len(times))
        return one, one + 1

    def _spelt(self, tag: str) -> str:
        other = STORY.spellings.get(tag, tag)
        return other if self._random() < VARIANT_SHARE else tag
