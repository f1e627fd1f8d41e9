"""Which contact tags are near-duplicates of a more used tag: slips are copied only where a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leverkit.analysis.spelling import spelling_groups

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

NEAR_DUPLICATE = "near-duplicate of a more used tag"


@dataclass(frozen=True)
class NearDuplicates:
    """The contact tags that resemble a more used one, with that one.

    `left` were decided with a family or a suggestion and are not copied; `copied` by a person, on their row.
    """

    left: Mapping[str, str]
    copied: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy, snapshot: Snapshot) -> NearDuplicates:
        """Return those of a policy; of rows without evidence the snapshot tells."""
        rows = [row for row in policy.decisions if row.scope == "contact"]
        known = _spellings(snapshot) if rows else {}
        alike = [(row, like) for row in rows if (like := known.get(row.tag) or row.spelling_of)]
        return cls(
            {row.tag: like for row, like in alike if row.decided_with},
            {row.tag: like for row, like in alike if not row.decided_with},
        )

    def reason(self, tag: str) -> str:
        """Return why a tag is left, as skipped.csv says it."""
        return f"{NEAR_DUPLICATE} ({self.left[tag]!r})"

    def notes(self, planned: Collection[str], skipped: Collection[str]) -> list[str]:
        """Return a sentence for each of the planned tags that is copied, and of the skipped that is left."""
        copied = "copied, as decided on its own row"
        left = "not planned until it is decided on its own row of the policy"
        return [
            f"tag {tag!r} is a near-duplicate of {like!r} and is {what}"
            for found, tags, what in ((self.copied, planned, copied), (self.left, skipped, left))
            for tag, like in sorted(found.items())
            if tag in tags
        ]


def _spellings(snapshot: Snapshot) -> dict[str, str]:
    """Return the more used spelling of each tag that has one."""
    uses = dict(snapshot.sql("SELECT text, coalesce(count, 0) FROM tags").fetchall())
    return {tag: first for first, *others in spelling_groups(uses) for tag in others}
