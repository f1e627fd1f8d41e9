"""Generate accounts by another model than the emulator's, to measure suggestions on.

Their truth is known by construction. Tags are invented words, so that only structure is evidence. Each
`Population` varies what real accounts vary: what Lever still returns about postings, and how integrations and
recruiters tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from support.snapshot_factory import Posting, Row, write_snapshot

SOUNDS = (
    "ba",
    "ke",
    "li",
    "mo",
    "nu",
    "ra",
    "se",
    "ti",
    "vo",
    "zu",
    "dra",
    "fel",
    "gor",
    "hin",
    "pel",
    "sta",
)
PLACES = ("one", "first", "newest", "so far", "all", "some")


@dataclass(frozen=True)
class Population:
    """The parameters of an account.

    `known`: what Lever returns about postings: all, 30 % renamed and 30 % deleted, only their ids, nothing.
    `alike`: chance that a candidacy repeats a tag of the person's candidacy before. `once`: a candidacy tag
    is given at most once a person, however many candidacies. `staged`: candidacy tags belong to a stage.
    `teams`: candidacy tags belong to a team, and people come back to the team they know. `period`: every tag
    was in use for a third of the time. `keen`: how much more people with several candidacies are tagged.
    `single`: integrations put a tag on one opportunity and never on another. `tags`: of each kind.
    `carriers`: mean share of people (or candidacies) that carry a tag of the kind.
    """

    people: int = 2000
    known: Literal["all", "changed", "ids", "nothing"] = "all"
    alike: float = 0.0
    once: bool = False
    staged: bool = False
    single: bool = False
    teams: bool = False
    period: bool = False
    keen: float = 1.0
    tags: int = 25
    carriers: float = 0.03


@dataclass(frozen=True)
class Kind:
    """A tag: how often it is given, where an integration puts it, and to what candidacies it belongs."""

    text: str
    rate: float
    habit: str
    stage: str
    team: str
    begins: float


class _Maker:
    """Generates one account; the seed determines every choice."""

    def __init__(self, how: Population, seed: int) -> None:
        self.how, self.rng, self.used = how, Random(seed), set[str]()
        self.truth: dict[str, str] = {}
        self.postings = [self._posting(number) for number in range(12 + how.people // 100)]
        self.persons = [self._tag("contact") for _ in range(how.tags)]
        self.candidacies = [self._tag("opportunity") for _ in range(how.tags)]

    def word(self) -> str:
        while True:
            text = "".join(self.rng.choice(SOUNDS) for _ in range(self.rng.randint(3, 5)))
            if text not in self.used:
                self.used.add(text)
                return text

    def _tag(self, scope: str) -> Kind:
        text, rng = self.word(), self.rng
        self.truth[text] = scope
        rate, begins = self.how.carriers * rng.expovariate(1.0), rng.uniform(0, 1000)
        return Kind(
            text, rate, rng.choice(PLACES), f"stage-{rng.randrange(5)}", rng.choice(self.teams), begins
        )

    def _posting(self, number: int) -> Posting:
        if number == 0:
            self.teams = [self.word() for _ in range(9)]
            self.towns = [self.word() for _ in range(5)]
        choose = self.rng.choice
        own = [self.word()] if self.rng.random() < 0.2 else []
        posting = Posting(
            f"posting-{number}", self.word(), choose(self.teams), None, choose(self.towns), tags=own
        )
        self.truth |= dict.fromkeys(tags_of(posting), "posting")
        return posting

    def listed(self) -> list[Posting]:
        """Return the postings as Lever lists them at the end."""
        if self.how.known in ("ids", "nothing"):
            return []
        if self.how.known == "all":
            return self.postings
        left = [posting for posting in self.postings if self.rng.random() > 0.3]
        return [
            Posting(posting.id, self.word(), self.word(), None, self.word())
            if self.rng.random() < 0.3
            else posting
            for posting in left
        ]

    def person(self, name: str) -> list[Row]:
        rng = self.rng
        count = 1 if (chance := rng.random()) < 0.68 else 2 if chance < 0.88 else rng.randint(3, 6)
        rows: list[Row] = []
        for day in sorted(rng.uniform(0, 1500) for _ in range(count)):
            rows.append(self._candidacy(name, day, rows))
        own: list[list[str]] = [[] for _ in rows]
        for kind in self.persons:
            if rng.random() < kind.rate * (self.how.keen if count > 1 else 1):
                for place in self._places(kind.habit, count):
                    if self._in_use(kind, rows[place]):
                        own[place].append(kind.text)
        for place, tags in enumerate(self._about(rows)):
            own[place] += tags
        for row, tags in zip(rows, own, strict=True):
            row.tags = list(dict.fromkeys([*row.tags, *tags]))
        return rows

    def _in_use(self, kind: Kind, row: Row) -> bool:
        return not self.how.period or kind.begins <= row.day < kind.begins + 500

    def _candidacy(self, name: str, day: float, before: list[Row]) -> Row:
        posting = self.postings[int(self.rng.random() ** 1.5 * len(self.postings))]
        if self.how.teams and before and self.rng.random() < 0.7:
            posting = self.rng.choice(
                [posting for posting in self.postings if posting.team in before[-1].tags]
            )
        known = posting.id if self.how.known != "nothing" else None
        stage = f"stage-{int(5 * self.rng.random() ** 1.5)}"
        return Row(
            name, tags_of(posting), known, day=day, archived=self.rng.random() < 0.6, stage=stage,
            origin=self.rng.choice(("applied", "sourced", "referred")),
        )  # fmt: skip

    def _places(self, habit: str, count: int) -> Sequence[int]:
        rng = self.rng
        if not self.how.single and rng.random() < 0.25:
            habit = rng.choice(PLACES)
        if self.how.single:
            habit = habit if habit in ("one", "first", "newest") else "one"
        then = rng.randint(1, count)
        match habit:
            case "first":
                return (0,)
            case "newest":
                return (then - 1,)
            case "so far":
                return range(then)
            case "all":
                return range(count)
            case "some":
                return [place for place in range(count) if rng.random() < 0.6] or (0,)
        return (rng.randrange(count),)

    def _about(self, rows: list[Row]) -> list[list[str]]:
        rng, found = self.rng, [list[str]() for _ in rows]
        for kind in self.candidacies:
            for place in [rng.randrange(len(rows))] if self.how.once else range(len(rows)):
                again = place > 0 and kind.text in found[place - 1] and rng.random() < self.how.alike
                if again or rng.random() < self._chance(kind, rows[place], len(rows)):
                    found[place].append(kind.text)
        return found

    def _chance(self, kind: Kind, row: Row, count: int) -> float:
        """Return the chance that a candidacy gets a tag of candidacies."""
        if not self._in_use(kind, row):
            return 0.0
        rate = kind.rate * (self.how.keen if count > 1 else 1)
        if self.how.staged:
            return min(4 * rate, 0.9) if row.stage == kind.stage else rate / 20
        if self.how.teams:
            return min(8 * rate, 0.4) if kind.team in row.tags else 0.0
        return rate


def tags_of(posting: Posting) -> list[str]:
    """Return what Lever tags an opportunity of a posting with."""
    derived = (posting.text, posting.team, posting.location, *posting.tags)
    return list(dict.fromkeys(text for text in derived if text))


def write_population(folder: Path, how: Population, *, seed: int) -> dict[str, str]:
    """Write an account as a snapshot; return its truth (tag to scope, or posting)."""
    maker = _Maker(how, seed)
    rows = [row for number in range(how.people) for row in maker.person(f"contact-{number}")]
    write_snapshot(folder, rows, maker.listed())
    return maker.truth
