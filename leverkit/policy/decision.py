"""One row of policy.csv: what was decided about a tag, by whom, and what the evidence suggested.

Parses and writes the cells of a row; knows which of two versions of a row holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches

import msgspec

from leverkit.errors import UsageError
from leverkit.storage.csv_file import guard, number, unguard


class Undecided(msgspec.Struct, frozen=True):
    """A tag that nobody has decided on, and how many opportunities lack it beside a sibling that has it."""

    tag: str
    opportunities: int


SCOPES = ("contact", "opportunity", "ignore", "undecided")
MACHINE = "leverkit suggestion"
COLUMNS = ("tag", "scope", "decided_by", "decided_at", "note", "suggested_scope", "confidence", "reason")
COUNTS = ("opportunities", "contacts", "split_contacts", "inconsistent_contacts", "present", "missing")
SHARES = ("at_stake", "agreement", "expected")
EVIDENCE = (*COUNTS, *SHARES, "pattern", "posting_tag")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Decision:
    """A tag, its scope, who decided when, what was suggested and why (`confidence` 0 to 1).

    `evidence` holds the columns of `EVIDENCE` and whatever columns people added to the file.
    """

    tag: str
    scope: str = "undecided"
    decided_by: str = ""
    decided_at: str = ""
    note: str = ""
    suggested_scope: str = "undecided"
    confidence: float = 0.0
    reason: str = ""
    evidence: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def parse(cls, where: str, cells: Mapping[str, str]) -> Decision:
        """Read the cells of a row by column name; `where` begins the message of the UsageError raised."""
        tag = unguard(cells["tag"])
        if not tag:
            raise UsageError(f"{where}: the tag is empty")
        return cls(
            tag=tag,
            scope=scope_of(where, cells["scope"]),
            decided_by=_text(cells, "decided_by"),
            decided_at=_text(cells, "decided_at"),
            note=_text(cells, "note"),
            suggested_scope=scope_of(where, cells.get("suggested_scope", ""), column="suggested_scope"),
            confidence=_confidence(where, cells.get("confidence", "")),
            reason=_text(cells, "reason"),
            evidence={name: _evidence(name, text) for name, text in cells.items() if name not in COLUMNS},
        )

    @property
    def spoken(self) -> bool:
        """Say whether this row holds more than a suggestion: a scope, a name or a note."""
        return self.scope != "undecided" or bool(self.decided_by or self.note)

    @property
    def waits(self) -> bool:
        """Say whether a decision matters: nobody decided, and the tag is missing somewhere (or may be)."""
        return self.scope == "undecided" and self.evidence.get("missing") != 0

    @property
    def from_posting(self) -> bool:
        """Say whether the audit took the tag for a posting's."""
        return bool(self.evidence.get("posting_tag"))

    @property
    def said(self) -> tuple[str, str, str]:
        """Return what was decided: scope, by whom, when."""
        return self.scope, self.decided_by, self.decided_at

    @property
    def doubt(self) -> str:
        """Say in a sentence why this decision deserves a second look; empty where it does not."""
        if self.scope != "contact" or self.suggested_scope != "opportunity" or self.confidence < 0.5:
            return ""
        return (
            f"tag {self.tag!r} is decided contact, the evidence says opportunity "
            f"(confidence {self.confidence:.2f}): {self.reason}"
        )

    def after(self, older: Decision | None) -> Decision:
        """Return this row with the decision that stands in an older version of it.

        What was decided gives way to a person only: at once where the machine had decided, and where a
        person had, to a later date. A suggestion never replaces it.
        """
        if older is None or not older.spoken:
            return self._with_columns_of(older)
        later = older.decided_by == MACHINE or moment(self.decided_at) > moment(older.decided_at)
        if self.spoken and self.decided_by != MACHINE and later:
            return self._with_columns_of(older)
        return replace(
            self._with_columns_of(older),
            scope=older.scope,
            decided_by=older.decided_by,
            decided_at=older.decided_at,
            note=older.note,
        )

    def cells(self, columns: Sequence[str]) -> list[str]:
        """Return the row for a CSV file: text guarded, numbers plain."""
        return [_cell(value) for value in self.values(columns)]

    def values(self, columns: Sequence[str]) -> list[Value]:
        """Return the row as values, in the order of `columns`; None where the row has no such column."""
        return [getattr(self, name) if name in COLUMNS else self.evidence.get(name) for name in columns]

    def _with_columns_of(self, older: Decision | None) -> Decision:
        return self if older is None else replace(self, evidence={**older.evidence, **self.evidence})


def scope_of(where: str, text: str, *, column: str = "scope") -> str:
    """Return a scope as typed by a person, whatever its case; an empty one is `undecided`.

    Raises UsageError, beginning with `where`, that names what is allowed.
    """
    scope = text.strip().casefold() or "undecided"
    if scope not in SCOPES:
        near = get_close_matches(scope, SCOPES, n=1)
        hint = f": did you mean {near[0]}? Allowed" if near else "; allowed"
        raise UsageError(f"{where}, column {column}: {text!r} is not a scope{hint}: {', '.join(SCOPES)}")
    return scope


def _text(cells: Mapping[str, str], name: str) -> str:
    return unguard(cells.get(name, ""))


def _confidence(where: str, text: str) -> float:
    value = number(text) if text.strip() else 0.0
    if value is None or not 0 <= value <= 1:
        raise UsageError(f"{where}, column confidence: {text!r} is not a number from 0 to 1")
    return value


def _evidence(name: str, text: str) -> Value:
    """Read a cell of evidence; it only informs, so what a spreadsheet spoilt is kept as text."""
    if name == "posting_tag":
        return text.strip().casefold() in ("true", "1", "yes", "wahr", "vrai")
    value = number(text) if name in (*COUNTS, *SHARES) else None
    if value is None:
        return unguard(text) or None
    return int(value) if name in COUNTS else value


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return guard(value)
    if value is None or value != value:
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def moment(text: str) -> datetime:
    """Return when a decision was made, as its cell says; the beginning of time where it does not."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
