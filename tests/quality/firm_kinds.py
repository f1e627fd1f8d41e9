"""Kinds of firm, whose accounts `firms` generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HABITS = {"every": 3.0, "known": 3.0, "open": 1.0, "latest": 1.5, "first": 0.5, "some": 1.0}
MADE = {
    "trait": 16,
    "template": 3,
    "campaign": 2,
    "push": 1,
    "upload": 1,
    "batch": 1,
    "step": 4,
    "outcome": 2,
    "cohort": 1,
    "bonus": 1,
    "agency": 1,
    "channel": 2,
    "requisition": 2,
    "chance": 3,
    "answer": 1,
    "recruiter": 1,
}


@dataclass(frozen=True)
class Firm:
    """The parameters of a kind of account. Shares are 0 to 1, times are days.

    `returning`: of contacts, those with several opportunities, each further one with the chance `more`;
    `together`: of these, those created within days of the one before. `gap`: mean time until people come
    back. `loyal`: how often to a department they know, `usual` by the channel they know. `bare`: of
    opportunities, those without posting. `seasonal`: of opportunities, those created in autumn. `imported`:
    of contacts, those that an upload made. `deleted`, `renamed`, `again` (deleted, and posted again under the
    same title): of postings. `orphans`: deleted postings that few people applied for, most of them twice.
    `talent`: how far people resemble themselves in how far they get.

    `habits`: on which of a person's opportunities who tags persons puts a tag, by weight. `made`: how many
    tags or families of tags each maker of `firm_tags` makes. `spilt`: of people with a tag of one
    candidacy, those who have it on others, too. `lost`: of taggings by hand, those lost; `stray`: put
    elsewhere. `stripped`: of archived opportunities, those without tags. `migrated`: the day until which a
    hand-made tag was on all of a person's opportunities. `keeps`: how often people give the same answer
    again, at most.
    """

    people: int = 3000
    years: float = 6
    returning: float = 0.3
    more: float = 0.35
    together: float = 0.35
    gap: float = 400
    loyal: float = 0.4
    usual: float = 0.5
    bare: float = 0.12
    seasonal: float = 0.3
    imported: float = 0.08
    postings: int = 60
    deleted: float = 0.2
    renamed: float = 0.1
    again: float = 0.1
    orphans: int = 3
    talent: float = 0.5
    origins: tuple[float, ...] = (55, 25, 8, 6, 6)
    habits: Mapping[str, float] = field(default_factory=lambda: HABITS)
    made: Mapping[str, int] = field(default_factory=dict)
    spilt: float = 0.02
    lost: float = 0.01
    stray: float = 0.005
    stripped: float = 0.0
    migrated: float = -1.0
    share: float = -3.7
    keeps: float = field(default=0.5, repr=False)

    @property
    def number(self) -> Mapping[str, int]:
        """Return how many tags or families each maker makes."""
        return {**MADE, **self.made}


KINDS: dict[str, Firm] = {
    "small firm": Firm(people=1200, postings=18, years=4, made={"trait": 10, "template": 2}),
    "enterprise": Firm(
        postings=220, people=5000, habits={**HABITS, "latest": 3, "every": 2},
        made={"trait": 26, "template": 5, "campaign": 4, "channel": 4, "requisition": 4},
    ),
    "agency": Firm(
        bare=0.55, returning=0.45, more=0.45, origins=(15, 55, 5, 20, 5), postings=90, gap=250,
        made={"agency": 3, "recruiter": 3, "trait": 24},
    ),
    "campus": Firm(
        seasonal=0.85, gap=330, together=0.25, origins=(40, 10, 5, 0, 45), postings=40, loyal=0.7,
        made={"cohort": 4, "campaign": 4, "batch": 2, "trait": 10},
    ),
    "messy": Firm(
        lost=0.12, stray=0.04, spilt=0.08, stripped=0.3, deleted=0.45, renamed=0.3, again=0.3,
        made={"chance": 8, "answer": 3},
    ),
    "migrated": Firm(migrated=900, spilt=0.04, imported=0.3, made={"upload": 3, "batch": 2}),
    "integrations": Firm(
        habits={"every": 4, "known": 2, "latest": 2, "first": 1},
        made={"template": 9, "trait": 4, "upload": 2, "campaign": 3, "channel": 4},
    ),
    "adversarial": Firm(
        spilt=0.2, talent=0.9, usual=0.85, loyal=0.8, together=0.5, deleted=0.5, again=0.5, imported=0.2,
        habits={"every": 1, "known": 2, "latest": 2, "first": 2, "some": 2},
        orphans=8,
        made={"answer": 4, "bonus": 2, "outcome": 4, "campaign": 5, "push": 2, "batch": 3, "brief": 4},
    ),
}  # fmt: skip

FORM_KINDS: dict[str, Firm] = {
    "parsers": Firm(
        people=2000, origins=(30, 40, 8, 15, 5), made={"trait": 4, "parsed": 8, "told": 4, "choice": 1},
    ),
    "sourcing tool": Firm(
        origins=(20, 65, 8, 4, 3), imported=0.25, returning=0.25, bare=0.25,
        made={"trait": 5, "parsed": 6, "told": 5, "upload": 3, "campaign": 4, "push": 2, "recruiter": 3},
    ),
    "careers site": Firm(
        people=5000, postings=200, origins=(80, 8, 7, 2, 3),
        made={"trait": 6, "parsed": 6, "told": 6, "scripted": 2, "choice": 4, "grade": 2, "bonus": 3},
    ),
    "shops": Firm(
        people=4000, postings=25, returning=0.45, more=0.45, gap=150, origins=(90, 2, 5, 1, 2),
        made={"trait": 3, "parsed": 5, "told": 4, "choice": 3, "grade": 1, "step": 6},
    ),
    "talks": Firm(
        people=900, postings=40, lost=0.08, stripped=0.15, years=5,
        made={"trait": 3, "told": 12, "parsed": 2, "chance": 6, "recruiter": 4},
    ),
    "scripts": Firm(
        migrated=700, made={"trait": 4, "scripted": 4, "parsed": 4, "told": 5, "grade": 2, "upload": 2},
    ),
    "adversarial forms": Firm(
        spilt=0.12, keeps=0.9, talent=0.9, usual=0.85, together=0.5,
        habits={"every": 1, "known": 2, "latest": 2, "first": 2, "some": 2},
        made={"trait": 8, "parsed": 4, "told": 5, "choice": 4, "grade": 2, "answer": 4, "scripted": 2},
    ),
}  # fmt: skip
