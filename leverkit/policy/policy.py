"""What people decide about each tag: policy.csv, one row a tag.

The machine proposes (`Policy.suggest`), a person edits the file in any editor or spreadsheet,
the machine reads it back, says plainly what is wrong with it, and obeys it. Needs no pandas:
`plan` and `propagate` read policies too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from leverkit.analysis.cost import at_stake
from leverkit.errors import UsageError
from leverkit.policy import policy_file
from leverkit.policy.decision import EVIDENCE, MACHINE, SCOPES, Decision, Undecided, scope_of
from leverkit.policy.suggestion import Suggestion, suggest
from leverkit.report.text import count
from leverkit.snapshot.gaps import WITH_HOLDINGS

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts
    from leverkit.report.html import Chart
    from leverkit.snapshot.snapshot import Snapshot

SHOWN = MappingProxyType({
    "tag": "Tag", "scope": "Scope", "decided_by": "Decided by", "suggested_scope": "Suggested",
    "confidence": "Confidence", "missing": "Missing on", "reason": "Why",
})  # fmt: skip
_MISSING = f"""{WITH_HOLDINGS}
    SELECT tag, sum(lack)::BIGINT FROM holdings
    WHERE lack > 0 AND tag NOT IN (SELECT unnest($decided)) GROUP BY tag ORDER BY tag"""


@dataclass(frozen=True)
class Policy:
    """Decisions, one a tag, in the order of the file; `source` is where they were read."""

    decisions: tuple[Decision, ...] = ()
    source: str = ""

    @classmethod
    def suggest(
        cls, audit: AuditFacts, *, accept: float | None = None, now: Callable[[], datetime] | None = None
    ) -> Policy:
        """Propose a scope for every tag of an audit, those first where deciding wrong costs most.

        `scope` stays `undecided` for a person to fill in; with `accept` (0 to 1), suggestions whose
        confidence is at least that are filled in, decided by "leverkit suggestion".
        """
        stamp = (now or _now)().isoformat(timespec="seconds")
        proposed = suggest(audit)
        rows = sorted((_staked(row, proposed) for row in audit.tags.to_dict("records")), key=_weight)
        return cls(tuple(_decide(row, proposed[row["tag"]], accept, stamp) for row in rows))

    @classmethod
    def read(cls, path: Path | str) -> Policy:
        """Read policy.csv as written by us, an editor or a spreadsheet.

        Raises UsageError with the file, all lines concerned and what is allowed, on a missing column, unknown
        scopes, duplicate or empty tags, or a confidence that is no number from 0 to 1.
        """
        return cls(policy_file.read(Path(path)), str(path))

    @classmethod
    def at(cls, path: Path | str) -> Policy:
        """Read policy.csv as `read` does; where there is no such file yet, nothing is decided."""
        return cls.read(path) if Path(path).exists() else cls()

    def write(self, path: Path | str, *, spreadsheet_bom: bool | None = None) -> Policy:
        """Write policy.csv in one step and return what it now holds.

        Decisions in an existing file are kept: a suggestion never overwrites one, and between two decisions
        of people the later `decided_at` wins. The file keeps its delimiter and byte order mark;
        `spreadsheet_bom=True` adds the mark, by which Excel recognises UTF-8 on a double click.
        """
        path = Path(path)
        with policy_file.alone(path):
            before = Policy.at(path)
            return before.merge(self)._overwrite(path, before, spreadsheet_bom)

    @classmethod
    def edit(cls, path: Path | str, change: Callable[[Policy], Policy]) -> tuple[Policy, Policy]:
        """Change what policy.csv holds at this moment, in one step; return it as it was and as it is now.

        Raises UsageError where the file cannot be read, Locked where another process writes to it for long.
        """
        path = Path(path)
        with policy_file.alone(path):
            before = cls.read(path)
            return before, change(before)._overwrite(path, before)

    def _overwrite(self, path: Path, before: Policy, spreadsheet_bom: bool | None = None) -> Policy:
        """Write policy.csv as it is here in place of what it held, under the file's lock."""
        policy_file.write(path, self.decisions, spreadsheet_bom=spreadsheet_bom)
        policy_file.keep(path, before.decisions, self.decisions)
        return replace(self, source=str(path))

    def replaced(self, rows: Mapping[str, Decision]) -> Policy:
        """Return a policy with these rows (by tag) in place of its own."""
        return replace(self, decisions=tuple(rows.get(old.tag, old) for old in self.decisions))

    def merge(self, newer: Policy) -> Policy:
        """Return `newer` with the decisions of people that stand here, also on tags that vanished."""
        mine = {decision.tag: decision for decision in self.decisions}
        theirs = {decision.tag for decision in newer.decisions}
        kept = [decision.after(mine.get(decision.tag)) for decision in newer.decisions]
        vanished = [decision for decision in self.decisions if decision.spoken and decision.tag not in theirs]
        return replace(newer, decisions=tuple(kept + vanished))

    def decide(
        self, scopes: Mapping[str, str], *, by: str, at: datetime | None = None, note: str = ""
    ) -> Policy:
        """Return a policy with these tags decided (tag to scope).

        Raises UsageError on an unknown tag or scope.
        """
        unknown = sorted(set(scopes) - set(self.scopes))
        if unknown:
            raise UsageError(f"no such tag in the policy: {unknown[0]!r}")
        stamp = (at or _now()).isoformat(timespec="seconds")

        def decided(old: Decision) -> Decision:
            scope = scope_of(f"tag {old.tag!r}", scopes[old.tag])
            return replace(old, scope=scope, decided_by=by, decided_at=stamp, note=note or old.note)

        return replace(self, decisions=tuple(decided(d) if d.tag in scopes else d for d in self.decisions))

    def acceptable(self, confidence: float, scope: str = "") -> dict[str, str]:
        """Return the undecided tags whose suggestion is at least so sure (0 to 1): tag to suggested scope.

        With `scope`, those of this suggested scope alone.
        """
        return {
            row.tag: row.suggested_scope
            for row in self.decisions
            if row.scope == "undecided"
            and row.confidence >= confidence
            and row.suggested_scope != "undecided"
            and scope in ("", row.suggested_scope)
        }

    def check(self, snapshot: Snapshot) -> list[str]:
        """Compare with a snapshot and return what deserves a look, one line each; [] when all is well.

        Undecided tags are named with those of postings last.
        """
        present = {str(text) for (text,) in snapshot.sql("SELECT text FROM tags").fetchall()}
        where = self.source or "policy"
        problems = [
            f"{where}: tag {tag!r} is not in the snapshot" for tag in self.scopes if tag not in present
        ]
        if missing := sorted(present - set(self.scopes)):
            lack = count(len(missing), "tag has", "tags have")
            problems.append(f"{where}: {lack} no row, so undecided: {_some(missing)}")
        problems += [f"{where}: {each}" for each in self.lost]
        problems += [f"{where}: {doubt}" for decision in self.decisions if (doubt := decision.doubt)]
        theirs = {row.tag for row in self.decisions if row.from_posting}
        waiting = sorted(self.undecided(snapshot), key=lambda e: (e.tag in theirs, -e.opportunities, e.tag))
        if tags := [each.tag for each in waiting]:
            number = count(len(tags), "tag is", "tags are") + " undecided"
            posted = len(theirs & set(tags))
            number += f", {posted:,} of them from postings" if posted else ""
            problems.append(f"LK201 {where}: {number}: {_some(tags)}")
        return problems

    def undecided(self, snapshot: Snapshot) -> tuple[Undecided, ...]:
        """Return the tags that wait for a decision, and how many opportunities lack them.

        Nobody decided, and a person has the tag on one opportunity and not on another: this is what
        `undecided` counts everywhere. A tag without a row is undecided too.
        """
        decided = sorted(tag for tag, scope in self.scopes.items() if scope != "undecided")
        rows = snapshot.sql(_MISSING, params={"decided": decided}).fetchall()
        return tuple(Undecided(tag, number) for tag, number in rows)

    def summary(self, undecided: Collection[str] | None = None) -> str:
        """Return the number of tags by scope, in a sentence.

        `undecided` names the tags that wait for a decision; without it, the evidence in the file says which.
        """
        scopes = list(self.scopes.values())
        if undecided is None:
            undecided = [row.tag for row in self.decisions if row.waits]
        rest = sum(row.scope == "undecided" and row.tag not in undecided for row in self.decisions)
        counts = [f"{scopes.count(scope):,} {scope}" for scope in SCOPES[:3]]
        text = f"{count(len(scopes), 'tag')}: {', '.join(counts)}, {len(undecided):,} undecided"
        return text + (f"; {rest:,} more need no decision now, nobody lacks them" if rest else "")

    @property
    def lost(self) -> list[str]:
        """Return a line for each decision that a spreadsheet saved an older version over."""
        return (
            [str(each) for each in policy_file.lost(Path(self.source), self.decisions)] if self.source else []
        )

    @property
    def scopes(self) -> dict[str, str]:
        """Return the scope of each tag: contact, opportunity, ignore or undecided."""
        return {decision.tag: decision.scope for decision in self.decisions}

    @property
    def digest(self) -> str:
        """Return the sha256 over the sorted (tag, scope) pairs that are decided: what a plan depends on."""
        pairs = sorted((tag, scope) for tag, scope in self.scopes.items() if scope != "undecided")
        return hashlib.sha256(json.dumps(pairs, ensure_ascii=True).encode()).hexdigest()

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row a tag with the columns of the file; confidence and evidence as numbers."""
        import pandas as pd

        columns = policy_file.columns(self.decisions)
        frame = pd.DataFrame([decision.values(columns) for decision in self.decisions], columns=list(columns))
        return frame.astype({"confidence": float})

    def chart(self, *, title: str = "Tags by scope, most missing first") -> Chart:
        """Draw where the tags that are missing somewhere are, and where not, with the scope as colour."""
        from leverkit.report.charts import chart_coverage

        frame = self.frame
        rows = frame[frame["missing"].fillna(0) > 0].sort_values(["missing", "tag"], ascending=[False, True])
        return chart_coverage(rows.assign(kind=rows["scope"]), title=title)

    def __repr__(self) -> str:
        return f"<Policy of {len(self.decisions):,} tags>"

    def _repr_html_(self) -> str:
        from leverkit.report.html import table

        frame = self.frame.rename(columns=SHOWN)
        return table(frame[[*SHOWN.values()]], limit=30, caption=self.summary())


def _now() -> datetime:
    return datetime.now(UTC)


def _staked(row: dict[Any, Any], proposed: Mapping[str, Suggestion]) -> dict[Any, Any]:
    return row | {"at_stake": at_stake(int(row["missing"]), proposed[row["tag"]].confidence)}


def _weight(row: Mapping[Any, Any]) -> tuple[bool, float, int, str]:
    """Sort by what a wrong decision would cost, postings' tags last, then what is used most."""
    return bool(row["posting_tag"]), -row["at_stake"], -int(row["opportunities"]), str(row["tag"])


def _decide(row: Mapping[Any, Any], proposed: Suggestion, accept: float | None, stamp: str) -> Decision:
    decision = Decision(
        tag=str(row["tag"]),
        suggested_scope=proposed.scope,
        confidence=round(proposed.confidence, 2),
        reason=proposed.reason,
        evidence={name: None if row[name] == "-" else row[name] for name in EVIDENCE},
    )
    if accept is None or proposed.scope == "undecided" or decision.confidence < accept:
        return decision
    return replace(decision, scope=proposed.scope, decided_by=MACHINE, decided_at=stamp)


def _some(tags: list[str]) -> str:
    return ", ".join(map(repr, tags[:3])) + (f" and {len(tags) - 3:,} more" if len(tags) > 3 else "")
