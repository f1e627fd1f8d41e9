"""Part of an account: the people of some postings or teams, with or without archived opportunities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.api.tags import names
from leverkit.errors import UsageError, did_you_mean
from leverkit.report.text import count
from leverkit.snapshot.tables import literal

if TYPE_CHECKING:
    import duckdb

_KNOWN = {
    "postings": "SELECT id FROM postings UNION SELECT unnest(postings) FROM opportunities",
    "teams": "SELECT DISTINCT team FROM postings WHERE team IS NOT NULL",
    "departments": "SELECT DISTINCT department FROM postings WHERE department IS NOT NULL",
}
_OF = {
    "postings": "SELECT unnest($names)",
    "teams": "SELECT id FROM postings WHERE team IN (SELECT unnest($names))",
    "departments": "SELECT id FROM postings WHERE department IN (SELECT unnest($names))",
}


@dataclass(frozen=True)
class Part:
    """What a snapshot is narrowed to: SQL conditions on its opportunities, and the same in words."""

    conditions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Return the conditions as a SQL clause; empty for a whole account."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""

    def __str__(self) -> str:
        return ", ".join(self.words)

    def __bool__(self) -> bool:
        return bool(self.conditions)


WHOLE = Part()


def narrowed(
    db: duckdb.DuckDBPyConnection,
    file: Path,
    part: Part,
    chosen: Mapping[str, Iterable[str]],
    *,
    active: bool,
) -> Part:
    """Return the part of an account with the people who have an opportunity of all that is chosen.

    `chosen` has names of `postings` (ids), `teams` and `departments`. `active` leaves archived opportunities
    out. `db` holds the tables, `file` all opportunities.
    Raises UsageError for a name that the snapshot does not know.
    """
    conditions, words = list(part.conditions), list(part.words)
    for kind, given in chosen.items():
        if wanted := names(kind, given):
            conditions.append(_people_of(file, _postings(db, kind, wanted)))
            words.append(f"people of {count(len(wanted), kind.removesuffix('s'))}: {', '.join(wanted)}")
    if active:
        conditions.append("archived_at IS NULL")
        words.append("without archived opportunities")
    return Part(tuple(conditions), tuple(words))


def _people_of(file: Path, postings: Iterable[str]) -> str:
    listed = ", ".join(map(literal, postings))
    whole = f"read_parquet({literal(file)})"
    return f"contact IN (SELECT contact FROM {whole} WHERE list_has_any(postings, [{listed}]))"


def _postings(db: duckdb.DuckDBPyConnection, kind: str, wanted: tuple[str, ...]) -> list[str]:
    known = {text for (text,) in db.execute(_KNOWN[kind]).fetchall()}
    for name in wanted:
        if name not in known:
            raise UsageError(f"{kind}: the snapshot has no {name!r}{did_you_mean(name, known)}")
    found = db.execute(_OF[kind], {"names": list(wanted)}).fetchall()
    return sorted(posting for (posting,) in found)
