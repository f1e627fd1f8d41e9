"""What a plan takes from the account's ledger: which gaps are to be filled, and which people left open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from leverkit.history.merge_table import judge, reason
from leverkit.history.tables import NO_READING
from leverkit.history.view import View
from leverkit.planning.operation import Operation, Skipped
from leverkit.policy.matching import matches

if TYPE_CHECKING:
    from leverkit.history.ledger import Ledger
    from leverkit.snapshot.snapshot import Snapshot

FIRST = "first plan: the account has no ledger of earlier removals, so every gap is planned"
ANONYMIZED = "only an anonymized opportunity carries it"
NOT_MATCHING = "not matching"

_CARRIERS = """
    WITH held AS (
        SELECT contact, id, unnest(list_distinct(tags)) AS tag FROM opportunities
        WHERE contact IN (SELECT unnest($contacts)) AND NOT is_anonymized)
    SELECT contact, tag, list(id) FROM held WHERE tag IN (SELECT unnest($tags)) GROUP BY contact, tag
"""


class Gap(NamedTuple):
    """An opportunity that lacks a tag which another one of its contact carries; how many do, of how many."""

    contact: str
    opportunity: str
    tag: str
    anonymized: bool
    have: int
    have_named: int
    total: int
    archived: bool
    postings: Sequence[str]


def decision(matching: str) -> str:
    """Return what the gaps of a contact tag are considered under: with another matching, it is another."""
    return f"contact {matching}".rstrip()


class Memory:
    """The ledger as one plan uses it; None is no ledger, and every gap is planned."""

    def __init__(
        self,
        snapshot: Snapshot,
        ledger: Ledger | None,
        *,
        matching: Mapping[str, str],
        named: Collection[str],
        unattended: bool,
    ) -> None:
        self._snapshot, self._ledger, self._matching = snapshot, ledger, matching
        self._named, self._unattended = named, unattended
        self._view = View()
        self._carriers: dict[tuple[str, str], list[str]] = {}
        last = ledger.last if ledger else NO_READING
        self.reading = f"reading {last.number}, {last.digest[:12]}" if last.number else ""
        self.warnings = () if last.number else (FIRST,)

    def judged(self, gaps: Sequence[Gap]) -> tuple[tuple[Operation, ...], tuple[Skipped, ...]]:
        """Return the operations that fill gaps, and the gaps that are left with the reason."""
        self._load(gaps)
        operations, skipped = list[Operation](), list[Skipped]()
        for gap in gaps:
            why = self._why_left(gap)
            if why:
                skipped.append(Skipped(gap.contact, gap.opportunity, gap.tag, why))
            else:
                text = intern(f"contact tag on {gap.have} of {gap.total} opportunities")
                operations.append(Operation(gap.contact, gap.opportunity, "add", gap.tag, text))
        return tuple(sorted(operations)), tuple(skipped)

    def matching_of(self, operations: Iterable[Operation]) -> dict[str, str]:
        """Return which opportunities get the tags of these operations, where these are not all."""
        return {op.tag: matching for op in operations if (matching := self._matching[op.tag])}

    def consider(self, tags: Iterable[str], operations: Iterable[Operation]) -> None:
        """Note in the ledger what the first plan of each decision lists."""
        decisions = {tag: decision(self._matching[tag]) for tag in tags}
        first = {tag: text for tag, text in decisions.items() if self._view.decisions.get(tag) != text}
        if self._ledger is not None and self.reading and first:
            gaps = [(op.opportunity, op.tag) for op in operations if op.tag in first]
            self._ledger.consider(gaps, first)

    def _load(self, gaps: Sequence[Gap]) -> None:
        """Read what the ledger knows of the contacts with gaps, and who of them carries each tag."""
        if self._ledger is None or not self.reading or not gaps:
            return
        contacts, tags = sorted({gap.contact for gap in gaps}), sorted({gap.tag for gap in gaps})
        rows = self._snapshot.sql(_CARRIERS, params={"contacts": contacts, "tags": tags}).fetchall()
        self._carriers = {(contact, tag): ids for contact, tag, ids in rows}
        ids = {gap.opportunity for gap in gaps}.union(*self._carriers.values())
        self._view = self._ledger.view(ids, contacts)

    def _why_left(self, gap: Gap) -> str:
        """Return why a gap is left; empty where it is to be filled."""
        if gap.anonymized or not gap.have_named:
            return "anonymized" if gap.anonymized else ANONYMIZED
        matching = self._matching[gap.tag]
        if not matches(matching, archived=gap.archived, postings=gap.postings):
            return NOT_MATCHING
        if not self.reading:
            return ""
        pair = self._view.pair(
            gap.contact,
            gap.opportunity,
            gap.tag,
            taken_at=self._snapshot.taken_at,
            carriers=self._carriers.get((gap.contact, gap.tag), ()),
            decision=decision(matching),
            named=gap.tag in self._named,
        )
        verdict = judge(pair, unattended=self._unattended)
        return "" if verdict == "add" else reason(verdict, pair.mark)
