"""What to ask a person next: the tags and families whose decision settles most, and how much is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leverkit.analysis.cost import at_stake
from leverkit.policy.decision import Decision
from leverkit.report.text import count

ASKED = 5  # questions at once


@dataclass(frozen=True)
class Item:
    """What is decided at once: one tag, or those tags of a family that a view shows; `family` is its name."""

    decisions: tuple[Decision, ...]
    family: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """Return its tags."""
        return tuple(row.tag for row in self.decisions)

    @property
    def name(self) -> str:
        """Return the name of the family, or the tag."""
        return self.family or self.tags[0]

    @property
    def scope(self) -> str | None:
        """Return the scope that all its tags have; None where they differ."""
        scopes = {row.standing for row in self.decisions}
        return scopes.pop() if len(scopes) == 1 else None

    @property
    def from_postings(self) -> bool:
        """Return True if all its tags are of postings."""
        return all(row.from_posting for row in self.decisions)

    @property
    def gaps(self) -> int:
        """Return the number of gaps that a decision settles."""
        return int(self.total("missing"))

    @property
    def at_stake(self) -> float:
        """Return its gaps times the doubt about each: what a decision is worth."""
        return sum(at_stake(_gaps(row), row.confidence or 0.5) for row in self.decisions)

    @property
    def suggested(self) -> str:
        """Return the scope that is suggested for the most gaps, `undecided` where none is."""
        gaps = dict.fromkeys((row.suggested_scope for row in self.decisions), 0)
        for row in self.decisions:
            gaps[row.suggested_scope] += 1 + _gaps(row)
        return max(gaps, key=lambda scope: (gaps[scope], scope))

    def total(self, name: str) -> float:
        """Return the sum of a column of the evidence."""
        return sum(float(row.evidence.get(name) or 0) for row in self.decisions)

    def __str__(self) -> str:
        number = f", {count(len(self.decisions), 'tag')}" if self.family else ""
        return f"{self.name} ({count(self.gaps, 'gap')}{number})"


def items(rows: Iterable[Decision]) -> list[Item]:
    """Return the rows with two or more of one family put together.

    A near-duplicate that a decision on its family left undecided is an item of its own.
    """
    families: dict[str, list[Decision]] = {}
    for row in rows:
        families.setdefault(row.family if row.standing == row.scope else "", []).append(row)
    return [
        item
        for name, members in families.items()
        for item in ([Item(tuple(members), name)] if name and len(members) > 1 else map(_alone, members))
    ]


def questions(rows: Iterable[Decision], *, number: int = ASKED) -> list[Item]:
    """Return what to decide first, at most so many: gaps times doubt, the tags of postings last."""
    asked = items(row for row in rows if row.needs_decision)
    return sorted(asked, key=lambda item: (item.from_postings, -item.at_stake, -item.gaps, item.name))[
        :number
    ]


def left(rows: Sequence[Decision]) -> str:
    """Return in a sentence how many gaps are left to decide, in how many decisions."""
    found = [row for row in rows if not row.from_posting]
    asked = items(row for row in found if row.needs_decision)
    postings = sum(row.needs_decision for row in rows if row.from_posting)
    besides = f"; besides, {count(postings, 'tag')} of postings" if postings else ""
    if not asked:
        return f"No gap is left to decide{besides}"
    gaps, every = sum(item.gaps for item in asked), sum(map(_gaps, found))
    return f"{gaps:,} of {count(every, 'gap')} left to decide, in {how_many(asked)}{besides}"


def how_many(asked: Sequence[Item]) -> str:
    """Return the number of decisions, and how many of them are on families."""
    families = sum(bool(item.family) for item in asked)
    of_families = f" ({count(families, 'family', 'families')})" if families else ""
    return f"{count(len(asked), 'decision')}{of_families}"


def _alone(row: Decision) -> Item:
    return Item((row,))


def _gaps(row: Decision) -> int:
    return int(row.evidence.get("missing") or 0)
