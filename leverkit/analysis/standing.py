"""The gaps of an account by what is to become of them: to copy, to decide, or to stay as they are.

A gap is a pair of tag and opportunity: the opportunity lacks the tag, and another of the person has it. Tags
of postings leave no gaps. Decisions and suggestions are handed in: this module has no opinion of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leverkit.analysis.findings import to_decide
from leverkit.report.text import count

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts

COPY, LIKELY, OPEN, MEANT, STAYS, POSTING = KINDS = (
    "to copy", "likely missing", "open", "probably meant", "stays as it is", "from a posting",
)  # fmt: skip
TO_DECIDE = (LIKELY, OPEN, MEANT)
_DECIDED = {"contact": COPY, "opportunity": STAYS, "ignore": STAYS}
_SUGGESTED = {"contact": LIKELY, "opportunity": MEANT}


@dataclass(frozen=True)
class Opinion:
    """What is decided and what is suggested: tag to scope. A tag without an entry is undecided."""

    scopes: Mapping[str, str] = field(default_factory=dict)
    suggested: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> object:
        """Return what opinions that say the same have in common."""
        return frozenset(self.scopes.items()), frozenset(self.suggested.items())

    def kind(self, tag: str) -> str:
        """Return what is to become of the gaps of a tag that is no posting's."""
        return _DECIDED.get(self.scopes.get(tag, "")) or _SUGGESTED.get(self.suggested.get(tag, ""), OPEN)

    def kinds(self, tags: pd.DataFrame) -> list[str]:
        """Return the kind of each row of `Audit.tags`; a posting's tag that people copy is to copy."""
        rows = zip(tags["tag"], tags["posting_tag"], strict=True)
        return [POSTING if posting and self.kind(tag) != COPY else self.kind(tag) for tag, posting in rows]


@dataclass(frozen=True)
class Standing:
    """The gaps of an account, split. `tags` has one row per tag with gaps, and its kind; `people` one per
    person with gaps: contact, and the number of gaps of each kind. `opportunities` have gaps. `caveat` is on
    what all of that rests, if it was not read from Lever; `no_gaps` says why there are none.
    """

    tags: pd.DataFrame
    people: pd.DataFrame
    opportunities: int
    suggestions: bool
    caveat: str = ""
    no_gaps: str = "No gaps"

    @classmethod
    def of(cls, facts: AuditFacts, opinion: Opinion) -> Standing:
        """Split the gaps of an account by decisions and suggestions."""
        tags = to_decide(facts.tags)
        tags = tags.assign(kind=opinion.kinds(tags))
        kinds = dict(zip(tags["tag"], tags["kind"], strict=True))
        people = facts.people_with_gaps(kinds, KINDS[:5])
        opportunities = int(facts.summary["opportunities_with_gaps"])
        caveat = str(facts.summary["copy"])
        return cls(tags, people, opportunities, bool(opinion.suggested), caveat, facts.no_gaps)

    def gaps(self, *kinds: str) -> int:
        """Return the number of gaps of these kinds, of all without any."""
        return int(self.tags.loc[self.tags["kind"].isin(kinds or KINDS), "missing"].sum())

    def number_of_tags(self, *kinds: str) -> int:
        """Return the number of tags of these kinds."""
        return int(self.tags["kind"].isin(kinds).sum())

    def number_of_people(self, *kinds: str) -> int:
        """Return the number of people with a gap of these kinds."""
        return int((self.people[list(kinds)].sum(axis="columns") > 0).sum())

    @property
    def figures(self) -> dict[str, int]:
        """Return the number of gaps of each kind that occurs."""
        every = {kind: self.gaps(kind) for kind in KINDS[:5]}
        return {kind: number for kind, number in every.items() if number}

    @property
    def headline(self) -> str:
        """Return the main fact as a sentence, with the caveat."""
        return ", ".join(filter(None, (self._fact, self.caveat)))

    @property
    def _fact(self) -> str:
        gaps, copy, decide, stay = self.gaps(), self.gaps(COPY), self.gaps(*TO_DECIDE), self.gaps(STAYS)
        if not gaps:
            return self.no_gaps
        where = count(self.opportunities, "opportunity", "opportunities")
        people = count(len(self.people), "person", "people")
        text = f"{count(gaps, 'gap')} on {where} of {people}"
        if decide == gaps:
            return f"{text}: {self.undecided}"
        parts = [f"{copy:,} to copy"] * bool(copy) + [f"{decide:,} to decide"] * bool(decide)
        parts += [f"{stay:,} {'stays as it is' if stay == 1 else 'stay as they are'}"] * bool(stay)
        return f"{text}: {', '.join(parts)}"

    @property
    def undecided(self) -> str:
        """Return how the gaps to decide split by what is suggested."""
        if not self.suggestions:
            return f"{count(self.number_of_tags(*TO_DECIDE), 'tag')} to decide"
        return ", ".join(f"{self.gaps(kind):,} {kind}" for kind in TO_DECIDE)
