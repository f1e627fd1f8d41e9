"""One row of policy.csv: what was decided about a tag, by whom, and what the evidence suggested.

Parses and writes the cells of a row; decides which of two versions of a row holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from leverkit.analysis.families import fits
from leverkit.errors import UsageError, did_you_mean
from leverkit.policy.matching import matching_of, narrower
from leverkit.storage.csv_file import guard, number, unguard, whole
from leverkit.storage.typed_date import span


class Undecided(msgspec.Struct, frozen=True):
    """A tag without a decision, and the number of opportunities that lack it while a sibling has it."""

    tag: str
    opportunities: int


SCOPES = ("contact", "opportunity", "ignore", "undecided")
MACHINE = "leverkit suggestion"
COLUMNS = (
    *("tag", "scope", "decided_by", "decided_at", "note"),
    *("suggested_scope", "confidence", "reason", "matching", "family", "decided_with"),
)
FAMILY, SUGGESTION = DECIDED_WITH = ("family", "suggestion")
COUNTS = ("opportunities", "contacts", "split_contacts", "inconsistent_contacts", "present", "missing")
SHARES = ("at_stake", "agreement", "expected")
_ABSENT = frozenset(("", "nan", "na", "n/a", "<na>", "none", "null", "#n/a"))
LONGEST = 255  # characters of the name of a family
EVIDENCE = (*COUNTS, *SHARES, "pattern", "posting_tag", "spelling_of")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Decision:
    """The decision on a tag: its scope, who decided when; and the suggestion.

    `confidence` is 0 to 1, None where nothing is suggested. `matching` is which opportunities get a contact
    tag: all (or empty), active, posting:ID. `decided_with` is empty where a person decided on this very row,
    `family` or `suggestion` where it was decided with others at once. `evidence` holds the columns of
    `EVIDENCE` and the columns that people added to the file.
    """

    tag: str
    scope: str = "undecided"
    decided_by: str = ""
    decided_at: str = ""
    note: str = ""
    suggested_scope: str = "undecided"
    confidence: float | None = None
    reason: str = ""
    evidence: Mapping[str, Value] = field(default_factory=dict)
    matching: str = ""
    family: str = ""
    decided_with: str = ""

    @classmethod
    def parse(cls, where: str, cells: Mapping[str, str]) -> Decision:
        """Return the decision in the cells of a row, by column name.

        Raises UsageError, beginning with `where`.
        """
        tag = unguard(cells["tag"])
        if not tag:
            raise UsageError(f"{where}: the tag is empty")
        scope = scope_of(where, cells["scope"])
        suggested = scope_of(where, cells.get("suggested_scope", ""), column="suggested_scope")
        confidence = _confidence(where, cells.get("confidence", ""))
        return cls(
            tag=tag,
            scope=scope,
            decided_by=_text(cells, "decided_by"),
            decided_at=_text(cells, "decided_at"),
            note=_text(cells, "note"),
            suggested_scope=suggested,
            confidence=None if "suggested_scope" in cells and suggested == "undecided" else confidence,
            reason=_text(cells, "reason"),
            matching=matching_of(f"{where}, column matching", _text(cells, "matching")),
            family=_family(where, cells),
            decided_with=_decided_with(where, cells),
            evidence={name: _evidence(name, text) for name, text in cells.items() if name not in COLUMNS},
        )

    @property
    def is_decided(self) -> bool:
        """Return True if this row holds more than a suggestion: a scope, a name or a note."""
        return self.scope != "undecided" or bool(self.decided_by or self.note)

    @property
    def is_own(self) -> bool:
        """Return True if a person decided on this very row, and not on others with it."""
        return self.scope != "undecided" and not self.decided_with

    @property
    def spelling_of(self) -> str:
        """Return the more used tag of which this one is a near-duplicate; empty for any other tag."""
        return str(self.evidence.get("spelling_of") or "")

    @property
    def standing(self) -> str:
        """Return the scope that holds: a near-duplicate that was not decided by itself is undecided.

        As slips are not spread, `contact` from a family or an accepted suggestion is not enough for it.
        """
        slip = self.scope == "contact" and self.decided_with and self.spelling_of
        return "undecided" if slip else self.scope

    @property
    def needs_decision(self) -> bool:
        """Return True if nobody decided and the tag is, or may be, missing on an opportunity."""
        return self.standing == "undecided" and self.evidence.get("missing") != 0

    @property
    def from_posting(self) -> bool:
        """Return True if the audit recognised the tag as one of postings."""
        return bool(self.evidence.get("posting_tag"))

    @property
    def decision(self) -> tuple[str, str, str]:
        """Return what was decided: scope, decided_by, decided_at."""
        return self.scope, self.decided_by, self.decided_at

    @property
    def bound(self) -> tuple[str, ...]:
        """Return what of this row a plan depends on: tag, scope, a matching that is not all, decided_with."""
        if self.scope != "contact":
            return (self.tag, self.scope)
        return (self.tag, self.scope, *filter(None, (narrower(self.matching), self.decided_with)))

    def narrowed(self, matching: str) -> Decision:
        """Return this row for those of its opportunities only that are matching."""
        return replace(self, matching=narrower(self.matching, matching))

    @property
    def warning(self) -> str:
        """Return a sentence if the evidence contradicts this decision, else an empty text."""
        if self.scope != "contact" or self.suggested_scope != "opportunity" or self.confidence is None:
            return ""
        return (
            f"tag {self.tag!r} is decided contact, the evidence says opportunity "
            f"(confidence {self.confidence:.2f}): {self.reason}"
        )

    def after(self, older: Decision | None) -> Decision:
        """Return this row, with the decision of an older version of it where that one holds.

        Only a decision of a person replaces the older decision: always where that was an accepted suggestion,
        else if its date is, or as people type it may be, later.
        """
        if older is None or not older.is_decided:
            return self._with_columns_of(older)
        latest, earliest = span(self.decided_at)[1], span(older.decided_at)[0]
        later = older.decided_by == MACHINE or latest > earliest
        if self.is_decided and self.decided_by != MACHINE and later:
            return self._with_columns_of(older)
        return replace(
            self._with_columns_of(older),
            scope=older.scope,
            decided_by=older.decided_by,
            decided_at=older.decided_at,
            note=older.note,
            matching=older.matching,
            family=older.family or self.family,
            decided_with=older.decided_with,
        )

    def cells(self, columns: Sequence[str]) -> list[str]:
        """Return the row for a CSV file: text guarded against spreadsheets, numbers plain."""
        return [_cell(value) for value in self.values(columns)]

    def values(self, columns: Sequence[str]) -> list[Value]:
        """Return the row as values, in the order of `columns`; None where the row has no such column."""
        return [getattr(self, name) if name in COLUMNS else self.evidence.get(name) for name in columns]

    def _with_columns_of(self, older: Decision | None) -> Decision:
        if older is None:
            return self
        evidence = {**older.evidence, **self.evidence}
        family = self.family or older.family
        return replace(self, matching=self.matching or older.matching, family=family, evidence=evidence)


def scope_of(where: str, text: str, *, column: str = "scope") -> str:
    """Return the scope that a person typed, in any case; an empty text is `undecided`.

    Raises UsageError, beginning with `where`, that names the allowed scopes.
    """
    scope = text.strip().casefold() or "undecided"
    if scope not in SCOPES:
        hint = did_you_mean(scope, SCOPES) or "."
        allowed = ", ".join(SCOPES)
        raise UsageError(f"{where}, column {column}: {text!r} is not a scope{hint} Allowed: {allowed}")
    return scope


def _family(where: str, cells: Mapping[str, str]) -> str:
    family = _text(cells, "family").strip()
    if len(family) > LONGEST or not family.isprintable():
        raise UsageError(
            f"{where}, column family: a name of up to {LONGEST} characters on one line is needed"
        )
    tag, alike = unguard(cells["tag"]), _text(cells, "spelling_of")
    if not fits(tag, family) and not (alike and fits(alike, family)):
        raise UsageError(f"{where}, column family: tag {tag!r} does not fit {family!r}, where * is any text")
    return family


def _decided_with(where: str, cells: Mapping[str, str]) -> str:
    """Return how a row was decided; those of earlier versions name the suggestion in decided_by."""
    text = _text(cells, "decided_with").strip().casefold()
    if text not in ("", *DECIDED_WITH):
        hint = did_you_mean(text, DECIDED_WITH)
        raise UsageError(f"{where}, column decided_with: {text!r} is not {' or '.join(DECIDED_WITH)}{hint}")
    return text or (SUGGESTION if _text(cells, "decided_by") == MACHINE else "")


def _text(cells: Mapping[str, str], name: str) -> str:
    return unguard(cells.get(name, ""))


def _confidence(where: str, text: str) -> float | None:
    if _is_absent(text):
        return None
    value = number(text)
    if value is None or not 0 <= value <= 1:
        raise UsageError(f"{where}, column confidence: {text!r} is not a number from 0 to 1")
    return value


def _evidence(name: str, text: str) -> Value:
    """Return the value of a cell of evidence; spoilt numbers are left out, as they only inform."""
    if name == "posting_tag":
        return text.strip().casefold() in ("true", "1", "yes", "wahr", "vrai")
    if name in COUNTS:
        return whole(text)
    return number(text) if name in SHARES else unguard(text) or None


def _is_absent(text: str) -> bool:
    """Return True for an empty cell, and for the word that a program writes in its place."""
    return text.strip().casefold() in _ABSENT


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return guard(value)
    if value is None or value != value:
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def decided_at(moment: datetime) -> str:
    """Return a time as a cell decided_at; in milliseconds, as of two decisions the later one holds."""
    return moment.isoformat(timespec="milliseconds")
