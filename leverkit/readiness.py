"""How far an account is on the way: what is decided, what holds, and how both went over the snapshots."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.spreadsheet import replace

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.audit import Audit
    from leverkit.policy import Policy


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
        return f"{self.ready:.0f} % ready: {self.to_decide:,} to decide on, {self.to_copy:,} to copy"


def readiness(audit: Audit, policy: Policy) -> Readiness:
    """Return where an account stands, from the facts of a snapshot and what people decided."""
    tags = audit.tags[~audit.tags["posting_tag"]]
    scopes = policy.scopes
    scope = tags["tag"].map(lambda tag: scopes.get(tag, "undecided"))
    missing = int(tags["missing"].sum())
    to_decide = int(tags.loc[scope == "undecided", "missing"].sum())
    copied = tags[scope == "contact"]
    to_copy, there = int(copied["missing"].sum()), int(copied["present"].sum())
    return Readiness(
        taken_at=datetime.fromtimestamp(audit.summary["taken_at"] // 1000, UTC).isoformat(),
        snapshot=str(audit.summary["snapshot"])[:12],
        decided=_percent(missing - to_decide, missing),
        consistent=_percent(there, there + to_copy),
        ready=_percent(missing - to_decide - to_copy, missing),
        to_decide=to_decide,
        to_copy=to_copy,
    )


def remember(path: Path | str, now: Readiness) -> pd.DataFrame:
    """Write a state into the history file, a row a snapshot (the later of two holds), and return it all."""
    import pandas as pd

    path, names = Path(path), [field.name for field in fields(Readiness)]
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))) if path.exists() else []
    kept = [row for row in rows if row.get("snapshot") != now.snapshot]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted([*kept, asdict(now)], key=lambda row: str(row["taken_at"])))
    replace(path, out.getvalue().encode())
    return pd.read_csv(io.StringIO(out.getvalue()), dtype={"snapshot": str})


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 100.0
