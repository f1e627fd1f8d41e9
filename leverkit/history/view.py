"""What the ledger knows of some opportunities, as a value, and the pairs that the merge table judges."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from leverkit.history.merge_table import ADDED, Mark, PairFacts
from leverkit.history.reading import Pair, shown_until


class Considered(msgspec.Struct, frozen=True):
    """The decision whose first plan listed a gap, and the number of the reading that it rested on."""

    decision: str
    reading: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's knowledge of some opportunities, as of its last reading.

    `number` is that of the reading, 0 where there was none; `taken_at` when it began (ms since epoch). `tags`
    and `since` (the reading that saw it first) are by opportunity, `everywhere` is by contact and tag,
    `decisions` by tag: those that had their first plan.
    """

    number: int = 0
    taken_at: int = 0
    tags: Mapping[str, frozenset[str]] = {}
    since: Mapping[str, int] = {}
    marks: Mapping[Pair, Mark] = {}
    everywhere: Mapping[tuple[str, str], Mark] = {}
    considered: Mapping[Pair, Considered] = {}
    decisions: Mapping[str, str] = {}

    def pair(
        self,
        contact: str,
        opportunity: str,
        tag: str,
        *,
        taken_at: int,
        carriers: Collection[str] = (),
        decision: str = "",
        now: bool = False,
        named: bool = False,
    ) -> PairFacts:
        """Return a pair as the merge table judges it.

        `taken_at` is when the state that is judged was read (ms since epoch). `carriers` are the
        opportunities of the contact that carry the tag in it and are not anonymized.
        """
        mark = self.mark(contact, opportunity, tag)
        earlier = self.considered.get((opportunity, tag))
        considered = earlier is not None and earlier.decision == decision
        after = earlier.reading if earlier is not None and considered else mark.reading if mark else 0
        return PairFacts(
            now=now,
            before=self.expects(opportunity, tag, taken_at),
            mark=mark,
            carried=bool(carriers),
            newer_carrier=not self._is_off_everywhere(opportunity, tag)
            and any(self._is_newer(carrier, tag, after) for carrier in carriers),
            considered=considered,
            fresh=mark is not None and mark.kind == "added by us" and mark.at_ms > shown_until(taken_at),
            named=named,
        )

    def mark(self, contact: str, opportunity: str, tag: str) -> Mark | None:
        """Return the mark of a pair, or else that of the whole contact."""
        return self.marks.get((opportunity, tag)) or self.everywhere.get((contact, tag))

    def expects(self, opportunity: str, tag: str, taken_at: int) -> bool | None:
        """Return True if a tag was expected by what is known; None where the opportunity is not known."""
        mark = self.marks.get((opportunity, tag))
        if mark and mark.kind in ADDED:  # a reading may have come between a write and its removal
            return True
        if mark and mark.kind == "taken back" and mark.at_ms > shown_until(self.taken_at):
            return False
        if opportunity not in self.tags:
            return None
        return taken_at >= self.taken_at and tag in self.tags[opportunity]

    def _is_off_everywhere(self, opportunity: str, tag: str) -> bool:
        """Return True if a tag was removed here and everywhere else: the ledger ends that at an addition.

        A carrier that came by a merge, which no reading has seen yet, is no addition.
        """
        mark = self.marks.get((opportunity, tag))
        return mark is not None and mark.kind == "removed everywhere"

    def _is_newer(self, carrier: str, tag: str, after: int) -> bool:
        """Return True if an opportunity carries a tag that it did not at a reading."""
        if tag not in self.tags.get(carrier, ()) or self.since[carrier] > after:
            return True
        mark = self.marks.get((carrier, tag))
        return mark is not None and mark.kind == "added by others" and mark.reading > after
