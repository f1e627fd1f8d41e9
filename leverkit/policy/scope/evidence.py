"""The evidence about a tag: signs that it is about the person, and that it is about one candidacy.

Siblings are opportunities of one person. Those created in the same weeks count half, as they are hardly
independent. What a tag has in common with others of the same month, outcome, channel, owner or posting is
chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from leverkit.analysis.tag_families import replaced

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts

SETTINGS = ("month", "outcome", "channel", "owner")
_APART = {"near": 0.5, "mid": 1.0, "far": 1.0}  # weight of siblings by how far apart they were created
_USUAL = 400  # days between the first and the last tenth of the uses, from which a window is not narrow,
_PART = 0.6  # or this part of the days of the account
REPLACED = 0.1  # share of siblings with another answer from which tags are answers that change


@dataclass(frozen=True)
class Evidence:
    """The figures of a tag, all spellings of it together. Shares are 0 to 1.

    `people` carry it and are considered for several postings. `siblings` is the number of people who can be
    compared, weighed by how far apart their opportunities were created; of these siblings `agreeing` have the
    tag, too, and `by_chance` would. `settings` has the share of others in the same month, at the same outcome
    and so on that carry it, `rate` that of all. `days` is the width of its window of use, `span` that of the
    account. `spread` is the log of how much more often people with several opportunities carry it, and
    `posting` how far it follows postings. `replaced` is how often a sibling has another tag of its family
    instead, where these exclude each other. One in `parts` of the people with the tag was looked at.
    """

    people: int
    siblings: float
    agreeing: float
    by_chance: float
    used: int
    rate: float
    days: float
    span: float
    settings: Mapping[str, float]
    spread: float
    posting: float
    replaced: float = 0.0
    parts: int = 1

    @property
    def agreement(self) -> float:
        """Return the share of siblings that have the tag, too."""
        return self.agreeing / self.siblings if self.siblings else 0.0

    @property
    def chance(self) -> float:
        """Return the share of siblings that would have it by chance."""
        return self.by_chance / self.siblings if self.siblings else 0.0

    @property
    def gain(self) -> float:
        """Return how many people's siblings agree beyond chance."""
        return max(0.0, self.agreeing - self.by_chance)

    @property
    def surprise(self) -> float:
        """Return `gain` in standard deviations."""
        return self.gain / sqrt(self.siblings * self.chance * (1 - self.chance) + 0.25)

    def agrees(self, people: float, deviations: float) -> bool:
        """Return whether the siblings of so many people agree beyond chance, by so many deviations."""
        return self.gain >= people and self.surprise >= deviations

    @property
    def signs(self) -> dict[str, float]:
        """Return the signs by name; 0 is a sign that is absent."""
        return {
            "agree": self.gain / (self.siblings - self.by_chance + 2),
            **{name: self._bound(share) for name, share in self.settings.items()},
            "narrow": min(max(log((min(_USUAL, _PART * self.span) + 5) / (self.days + 5)), 0.0), 3.0),
            "spread": min(max(self.spread, 0.0), 1.2),
            "posting": min(max(self.posting, 0.0), 0.3),
            "replaced": min(self.replaced, 1.5 * REPLACED),
        }

    def _bound(self, share: float) -> float:
        """Return the log of how much more others in a setting carry the tag; nearer to 0 if few do."""
        excess = (share * self.used + 3 * self.rate) / (self.rate * (self.used + 3))
        return min(max(log(excess), 0.0), 2.5)


def evidence_of(audit: AuditFacts, families: Mapping[str, str]) -> dict[str, Evidence]:
    """Return the evidence about each tag of the frame `evidence`: those that come from no posting."""
    return dict(_evidence(audit, replaced(audit, families)))


def _evidence(audit: AuditFacts, others: Mapping[str, float]) -> Iterator[tuple[str, Evidence]]:
    rows = {row["tag"]: row for row in audit.tags.to_dict("records")}
    spread = _Spread.of(audit)
    for found in audit.evidence.to_dict("records"):
        counts = [(weight, *_siblings(found, apart)) for apart, weight in _APART.items()]
        yield (
            found["tag"],
            Evidence(
                people=spread.several.get(found["tag"], 0),
                siblings=sum(weight * people for weight, people, _, _ in counts),
                agreeing=sum(weight * people * agree for weight, people, agree, _ in counts),
                by_chance=sum(weight * people * chance for weight, people, _, chance in counts),
                used=int(found["used"]),
                rate=float(found["rate"]),
                days=float(found["days"]),
                span=float(found["span"]),
                settings={name: float(found[name]) for name in SETTINGS},
                spread=spread.of_tag(found["tag"]),
                posting=_excess(rows[found["tag"]]),
                replaced=others.get(found["tag"], 0.0),
                parts=int(found["parts"]),
            ),
        )


def _siblings(row: Mapping[Any, Any], apart: str) -> tuple[float, float, float]:
    """Return people, agreement and chance (at most 0.95) of the siblings so far apart."""
    people, agree, chance = (float(row[f"{apart}_{name}"]) for name in ("people", "agree", "chance"))
    return people, agree, min(max(chance, 0.0), 0.95)


def _excess(row: Mapping[Any, Any]) -> float:
    """Return how much more the opportunities of one posting share a tag than all, as a share of the most."""
    agreement, expected = float(row["posting_agreement"]), float(row["posting_expected"])
    return (agreement - expected) / (1 - expected) if expected < 1 and agreement == agreement else 0.0


@dataclass(frozen=True)
class _Spread:
    """Who carries each tag: people considered for one posting (`alone`) and for several."""

    alone: Mapping[str, int]
    several: Mapping[str, int]
    all_alone: int
    all_several: int

    @classmethod
    def of(cls, audit: AuditFacts) -> _Spread:
        frame = audit.placements
        single = frame["n"] == 1
        sizes = frame.drop_duplicates("n").set_index("n")["total"]
        return cls(
            _people(frame[single]),
            _people(frame[~single]),
            int(sizes.get(1, 0)),
            int(sizes[sizes.index != 1].sum()),
        )

    def of_tag(self, tag: str) -> float:
        """Return the log of how much more often those with several carry it; nearer to 0 where few do."""
        alone, several = self.alone.get(tag, 0) + 0.5, self.several.get(tag, 0) + 0.5
        ratio = log(several / max(self.all_several, 1)) - log(alone / max(self.all_alone, 1))
        return ratio / (1 + 10 * (1 / alone + 1 / several))


def _people(frame: pd.DataFrame) -> dict[str, int]:
    """Return the number of contacts of each tag in the rows of `placements`."""
    return {str(tag): int(contacts) for tag, contacts in frame.groupby("tag")["contacts"].sum().items()}
