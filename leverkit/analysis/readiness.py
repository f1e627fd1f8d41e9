"""How far an account is on the way: what is decided, what holds, and how both went over the snapshots.

The history is a file beside the snapshot that only grows: figures and times, no tag and no person.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts

HISTORY = "readiness.csv"  # in the folder of the snapshot


@dataclass(frozen=True)
class Readiness:
    """Where an account stood at a snapshot (UTC, seconds).

    `decided`: per cent of the opportunities in question (those that lack a tag of a sibling which is no
    posting's) whose tag people have decided on. `consistent`: per cent of the places of tags decided
    `contact` where they are. `ready`: per cent of the opportunities in question that need nothing more:
    their tag is decided, and is not to be copied there. All are 100 where nothing is in question.
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
        """Return the finding in a sentence."""
        if not self.to_decide + self.to_copy:
            return "100 % ready: nothing to decide on, nothing to copy"
        return f"{self.ready:.0f} % ready: {self.to_decide:,} to decide on, {self.to_copy:,} to copy"

    @property
    def figures(self) -> dict[str, str]:
        """Return the figures with their names, for a report."""
        return {
            "ready": f"{self.ready:.0f} %",
            "decided": f"{self.decided:.0f} %",
            "places to decide on": f"{self.to_decide:,}",
            "places to copy to": f"{self.to_copy:,}",
        }


def readiness(facts: AuditFacts, scopes: Mapping[str, str]) -> Readiness:
    """Return where an account stands, from the facts of a snapshot and the scopes that people decided on."""
    tags = facts.tags[~facts.tags["posting_tag"]]
    scope = tags["tag"].map(lambda tag: scopes.get(tag, "undecided"))
    missing = int(tags["missing"].sum())
    to_decide = int(tags.loc[scope == "undecided", "missing"].sum())
    copied = tags[scope == "contact"]
    to_copy, there = int(copied["missing"].sum()), int(copied["present"].sum())
    return Readiness(
        taken_at=datetime.fromtimestamp(facts.summary["taken_at"] // 1000, UTC).isoformat(),
        snapshot=str(facts.summary["snapshot"])[:12],
        decided=_percent(missing - to_decide, missing),
        consistent=_percent(there, there + to_copy),
        ready=_percent(missing - to_decide - to_copy, missing),
        to_decide=to_decide,
        to_copy=to_copy,
    )


def remember(path: Path | str, now: Readiness) -> pd.DataFrame:
    """Append a state to the history file unless it stands there, and return the history.

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
        out.write("\n")  # after a line that a stop cut off
    writer.writerow(state)
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(out.getvalue())
    except OSError as error:
        raise UsageError(f"{path}: the history cannot be kept: {error.strerror}") from None
    return history(path)


def history(path: Path | str) -> pd.DataFrame:
    """Return the history, oldest first, a row a snapshot (of two states of one, the later holds)."""
    import pandas as pd

    names = [field.name for field in fields(Readiness)]
    last = {row["snapshot"]: row for row in _rows(Path(path))}
    rows = sorted(last.values(), key=lambda row: row["taken_at"])
    frame = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    whole = {"to_decide": "int64", "to_copy": "int64"}
    return frame.astype({"decided": float, "consistent": float, "ready": float, **whole})


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a history file; one that a stop cut off is none."""
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
