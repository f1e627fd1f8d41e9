"""What to ask a person next: the tags and families whose decision settles most, and how much is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leverkit.analysis.cost import at_stake
from leverkit.errors import UsageError, did_you_mean
from leverkit.policy.decision import Decision
from leverkit.report.text import count

ASKED = 5  # questions at once
NAMED = 6  # tags that a question about a family names


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

    @property
    def sentence(self) -> str:
        """Return what is asked and what is suggested."""
        names = ", ".join(self.tags[:NAMED]) + f" and {len(self.tags) - NAMED:,} more" * (
            len(self.tags) > NAMED
        )
        hint = "no suggestion" if self.suggested == "undecided" else f"suggested: {self.suggested}"
        return f"{self}, {hint}" + (f": {names}" if self.family else "")

    def as_dict(self) -> dict[str, object]:
        """Return the question for machines."""
        names = ("name", "family", "tags", "gaps", "at_stake", "suggested")
        return {name: getattr(self, name) for name in names}

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
    decisions = count(len(asked), "decision") + parts(asked)
    return f"{gaps:,} of {count(every, 'gap')} left to decide, in {decisions}{besides}"


def members(rows: Iterable[Decision], family: str) -> list[str]:
    """Return the undecided tags of a family. Raises UsageError where no tag is of it."""
    found = [row for row in rows if row.family == family]
    if not found:
        known = sorted({row.family for row in rows} - {""})
        raise UsageError(f"no tag of the policy is of the family {family!r}{did_you_mean(family, known)}")
    return [row.tag for row in found if row.scope == "undecided"]


def parts(found: Sequence[Item]) -> str:
    """Return of how many families and other tags the items are; empty where all are tags alone."""
    families = sum(bool(item.family) for item in found)
    if not families:
        return ""
    others = len(found) - families
    return f": {count(families, 'family', 'families')}" + f" and {count(others, 'other tag')}" * bool(others)


def _alone(row: Decision) -> Item:
    return Item((row,))


def _gaps(row: Decision) -> int:
    return int(row.evidence.get("missing") or 0)
