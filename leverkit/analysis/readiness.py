"""The readiness of an account: how much is decided and how much is copied, with its history.

The history is an append-only file beside the snapshot: figures and times, no tags and no persons.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.report.text import count
from leverkit.storage.files import open_private

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts

HISTORY = "readiness.csv"  # in the folder of the snapshot


@dataclass(frozen=True)
class Readiness:
    """The readiness of an account at a snapshot, taken at a time (UTC, to the second).

    A gap is a pair of tag and opportunity (see `standing`). `decided`: per cent of the gaps whose tag is
    decided. `consistent`: per cent of the opportunities that should have tags decided `contact` and do.
    `ready`: per cent of the gaps that need nothing more: their tag is decided, and is not to be copied there.
    All are 100 where there is no gap. `to_decide` and `to_copy` count gaps.
    """

    taken_at: str
    snapshot: str
    decided: float
    consistent: float
    ready: float
    to_decide: int
    to_copy: int

    @property
    def headline(self) -> str:
        """Return the main fact as a sentence."""
        if not self.to_decide + self.to_copy:
            return "100% ready: no gap to decide, none to copy"
        return f"{self.ready:.0f}% ready: {count(self.to_decide, 'gap')} to decide, {self.to_copy:,} to copy"

    @property
    def figures(self) -> dict[str, str]:
        """Return the figures with their names, for a report."""
        return {
            "ready": f"{self.ready:.0f}%",
            "decided": f"{self.decided:.0f}%",
            "gaps to decide": f"{self.to_decide:,}",
            "gaps to copy": f"{self.to_copy:,}",
        }


def readiness(facts: AuditFacts, scopes: Mapping[str, str]) -> Readiness:
    """Return the readiness of an account, from its facts and the decided scope of each tag."""
    tags = facts.tags[~facts.tags["posting_tag"]]
    scope = tags["tag"].map(lambda tag: scopes.get(tag, "undecided"))
    missing = int(tags["missing"].sum())
    to_decide = int(tags.loc[scope == "undecided", "missing"].sum())
    copied = tags[scope == "contact"]
    to_copy, present = int(copied["missing"].sum()), int(copied["present"].sum())
    return Readiness(
        taken_at=datetime.fromtimestamp(facts.summary["taken_at"] // 1000, UTC).isoformat(),
        snapshot=str(facts.summary["snapshot"])[:12],
        decided=_percent(missing - to_decide, missing),
        consistent=_percent(present, present + to_copy),
        ready=_percent(missing - to_decide - to_copy, missing),
        to_decide=to_decide,
        to_copy=to_copy,
    )


def remember(path: Path | str, now: Readiness) -> pd.DataFrame:
    """Append a state to the history file unless it is its last row, and return the history.

    Raises UsageError where the file cannot be written.
    """
    path, names = Path(path), [field.name for field in fields(Readiness)]
    state = {name: str(value) for name, value in asdict(now).items()}
    if state in [{name: row.get(name) for name in names} for row in _rows(path)[-1:]]:
        return history(path)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, lineterminator="\n")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if not before:
        writer.writeheader()
    elif not before.endswith("\n"):
        out.write("\n")  # end a line that an interrupted process left incomplete
    writer.writerow(state)
    try:
        with os.fdopen(
            open_private(path, os.O_WRONLY | os.O_APPEND), "a", encoding="utf-8", newline=""
        ) as file:
            file.write(out.getvalue())
    except OSError as error:
        raise UsageError(f"{path}: the history cannot be kept: {error.strerror}") from None
    return history(path)


def history(path: Path | str) -> pd.DataFrame:
    """Return the history, oldest first, one row per snapshot: its latest state."""
    import pandas as pd

    names = [field.name for field in fields(Readiness)]
    last = {row["snapshot"]: row for row in _rows(Path(path))}
    rows = sorted(last.values(), key=lambda row: row["taken_at"])
    frame = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    whole = {"to_decide": "int64", "to_copy": "int64"}
    return frame.astype({"decided": float, "consistent": float, "ready": float, **whole})


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the complete rows of a history file."""
    if not path.exists():
        return []
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return [row for row in rows if _whole(row)]


def _whole(row: dict[str, str]) -> bool:
    try:
        Readiness(**row)  # type: ignore[arg-type]
        return all(
            float(row[name]) >= 0 for name in ("decided", "consistent", "ready", "to_decide", "to_copy")
        )
    except (TypeError, ValueError):
        return False


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 100.0
