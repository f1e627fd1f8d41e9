"""The decisions of people about tags: policy.csv, one row per tag.

`Policy.suggest` proposes scopes; a person edits the file in an editor or spreadsheet; `Policy.read` reads it
and reports its errors. Loads no pandas, as the webhook worker reads policies too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError, did_you_mean
from leverkit.policy import account_fit, policy_file
from leverkit.policy.decision import SCOPES, Decision, Undecided, decided_at, scope_of
from leverkit.policy.matching import matching_of
from leverkit.policy.policy_table import policy_table
from leverkit.policy.problems import problems
from leverkit.policy.proposal import propose
from leverkit.report.charts import chart_coverage
from leverkit.report.html import Chart, Html
from leverkit.report.text import count, noun
from leverkit.snapshot.gaps import WITH_HOLDINGS

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts
    from leverkit.snapshot.snapshot import Snapshot

_MISSING = f"""{WITH_HOLDINGS}
    SELECT tag, sum(lack)::BIGINT FROM holdings
    WHERE lack > 0 AND tag <> '' AND tag NOT IN (SELECT unnest($decided)) GROUP BY tag ORDER BY tag"""


@dataclass(frozen=True)
class Policy:
    """Decisions, one per tag, in the order of the file.

    `source` is the path that they were read from; `utf8` is False if the code page of the file was guessed.
    """

    decisions: tuple[Decision, ...] = ()
    source: str = ""
    utf8: bool = True

    @classmethod
    def suggest(
        cls,
        audit: AuditFacts,
        *,
        accept: float | None = None,
        now: Callable[[], datetime] | None = None,
        earlier: Policy | None = None,
    ) -> Policy:
        """Return a policy with a suggestion for every tag, those first where a wrong decision costs most.

        The empty text, which an account may hold as a tag, is left out: nobody can decide on it in a table.
        `scope` stays `undecided` for a person to fill in; with `accept` (0 to 1), suggestions whose
        confidence is at least that are filled in, decided by "leverkit suggestion". What people decided in an
        `earlier` policy of the account moves the suggestions of similar tags.
        """
        decided = earlier.decisions if earlier else ()
        return cls(propose(audit, accept=accept, stamp=decided_at((now or _now)()), earlier=decided))

    def with_suggestions(self, audit: AuditFacts) -> Policy:
        """Return the decisions of this policy, with a suggestion for every tag."""
        return self.merge(Policy.suggest(audit, earlier=self))

    @classmethod
    def read(cls, path: Path | str) -> Policy:
        """Read policy.csv as leverkit, an editor or a spreadsheet wrote it.

        Raises UsageError with the file, all wrong lines and what is allowed, on a missing column, unknown
        scopes, duplicate or empty tags, or a confidence that is no number from 0 to 1.
        """
        rows, utf8 = policy_file.read(Path(path))
        return cls(rows, str(path), utf8)

    @classmethod
    def at(cls, path: Path | str) -> Policy:
        """Read policy.csv; return an empty policy where there is no such file."""
        return cls.read(path) if Path(path).exists() else cls()

    def write(self, path: Path | str, *, spreadsheet_bom: bool | None = None) -> Policy:
        """Write policy.csv atomically and return what it now holds.

        Decisions in an existing file are kept: a suggestion never overwrites one, and between two decisions
        of people the later `decided_at` wins. The file keeps its delimiter and byte order mark;
        `spreadsheet_bom=True` adds the mark, by which Excel recognises UTF-8 on a double click.
        """
        path = Path(path)
        with policy_file.alone(path):
            before = Policy.at(path)
            account_fit.require_fit_to(self.decisions, before.decisions, source=str(path), utf8=before.utf8)
            return before.merge(self)._overwrite(path, before, spreadsheet_bom)

    @classmethod
    def edit(cls, path: Path | str, change: Callable[[Policy], Policy]) -> tuple[Policy, Policy]:
        """Change policy.csv atomically; return the policy before and after.

        Raises UsageError where the file cannot be read, Locked where another process writes to it for long.
        """
        path = Path(path)
        with policy_file.alone(path):
            before = cls.read(path)
            account_fit.require_fit_to((), before.decisions, source=str(path), utf8=before.utf8)
            return before, change(before)._overwrite(path, before)

    def _overwrite(self, path: Path, before: Policy, spreadsheet_bom: bool | None = None) -> Policy:
        """Write policy.csv in place of `before`; the caller holds the lock of the file."""
        policy_file.write(path, self.decisions, spreadsheet_bom=spreadsheet_bom)
        policy_file.keep(path, before.decisions, self.decisions)
        return replace(self, source=str(path))

    def replaced(self, rows: Mapping[str, Decision]) -> Policy:
        """Return a policy with these rows, by tag, in place of its own."""
        return replace(self, decisions=tuple(rows.get(old.tag, old) for old in self.decisions))

    def merge(self, newer: Policy) -> Policy:
        """Return `newer` with the decisions of this policy that hold, also on tags that vanished."""
        older = {row.tag: row for row in self.decisions}
        tags = {row.tag for row in newer.decisions}
        kept = [row.after(older.get(row.tag)) for row in newer.decisions]
        vanished = [row for row in self.decisions if row.is_decided and row.tag not in tags]
        return replace(newer, decisions=tuple(kept + vanished))

    def decide(
        self,
        scopes: Mapping[str, str],
        *,
        by: str,
        at: datetime | None = None,
        note: str = "",
        decided_with: str = "",
    ) -> Policy:
        """Return a policy with these tags decided (tag to scope).

        `decided_with` is `family` or `suggestion` where a person did not look at each tag by itself.
        Raises UsageError on an unknown tag or scope, and for tags of postings that are to be contact so.
        """
        if unknown := sorted(set(scopes) - set(self.scopes)):
            near = did_you_mean(unknown[0], self.scopes)
            raise UsageError(f"no such tag in the policy: {unknown[0]!r}{near}")
        stamp = decided_at(at or _now())

        def decided(old: Decision) -> Decision:
            scope, why = scope_of(f"tag {old.tag!r}", scopes[old.tag]), note or old.note
            if decided_with and scope == "contact" and old.from_posting:
                raise UsageError(f"tag {old.tag!r} is one of postings: contact is decided on its own row")
            row = replace(old, scope=scope, decided_by=by, decided_at=stamp, note=why)
            return replace(row, decided_with=decided_with)

        return replace(self, decisions=tuple(decided(d) if d.tag in scopes else d for d in self.decisions))

    def acceptable(self, confidence: float, scope: str = "") -> dict[str, str]:
        """Return the suggested scope of each undecided tag whose confidence is at least this (0 to 1).

        With `scope`, only tags with this suggested scope.
        """
        return {
            row.tag: row.suggested_scope
            for row in self.decisions
            if row.scope == "undecided"
            and (row.confidence or 0.0) >= confidence
            and row.suggested_scope != "undecided"
            and scope in ("", row.suggested_scope)
        }

    def check(self, snapshot: Snapshot) -> list[str]:
        """Return the problems of this policy for a snapshot, one line each.

        Undecided tags are listed with those of postings last. Raises UsageError where the evidence in decided
        rows is that of other tags.
        """
        self.require_fit(snapshot)
        return problems(
            self.decisions,
            snapshot,
            where=self.source or "policy",
            overwritten=self.overwritten,
            undecided=self.undecided(snapshot),
        )

    def require_fit(self, snapshot: Snapshot) -> None:
        """Raise UsageError where decided rows cannot be about the tags of the snapshot that they name."""
        account_fit.require_fit(self.decisions, snapshot, source=self.source, utf8=self.utf8)

    def undecided(self, snapshot: Snapshot) -> tuple[Undecided, ...]:
        """Return the tags that need a decision, and how many opportunities lack them.

        A tag needs one where nobody decided on it, and a person has it on one opportunity and not on another.
        `undecided` means this everywhere. A tag without a row is undecided too.
        """
        decided = sorted(tag for tag, scope in self.scopes.items() if scope != "undecided")
        rows = snapshot.sql(_MISSING, params={"decided": decided}).fetchall()
        return tuple(Undecided(tag, number) for tag, number in rows)

    def summary(self, undecided: Collection[str] | None = None) -> str:
        """Return the number of tags by scope; `undecided` need a decision, by default by the evidence."""
        scopes = list(self.scopes.values())
        if undecided is None:
            undecided = [row.tag for row in self.decisions if row.needs_decision]
        rest = sum(row.standing == "undecided" and row.tag not in undecided for row in self.decisions)
        counts = [f"{scopes.count(scope):,} {scope}" for scope in SCOPES[:3]]
        slips = sum(row.standing != row.scope and row.tag in undecided for row in self.decisions)
        alike = f", {slips:,} of them {noun(slips, 'a near-duplicate', 'near-duplicates')}" if slips else ""
        text = f"{count(len(scopes), 'tag')}: {', '.join(counts)}, {len(undecided):,} undecided{alike}"
        return text + (f"; {rest:,} more need no decision now: nobody lacks them" if rest else "")

    @property
    def overwritten(self) -> list[str]:
        """Return one line per decision that a spreadsheet overwrote with an older version of its row."""
        if not self.source:
            return []
        return list(map(str, policy_file.overwritten_decisions(Path(self.source), self.decisions)))

    @property
    def scopes(self) -> dict[str, str]:
        """Return the scope of each tag: contact, opportunity, ignore or undecided.

        A near-duplicate of a more used tag is contact only where a person decided on its own row.
        """
        return {decision.tag: decision.standing for decision in self.decisions}

    @property
    def contact_tags(self) -> list[str]:
        """Return the tags with scope `contact`."""
        return [tag for tag, scope in self.scopes.items() if scope == "contact"]

    @property
    def matchings(self) -> list[str]:
        """Return which opportunities get each contact tag."""
        return [row.matching for row in self.decisions if row.standing == "contact"]

    @property
    def suggested(self) -> dict[str, str]:
        """Return the suggested scope of each tag that has one."""
        return {d.tag: d.suggested_scope for d in self.decisions if d.suggested_scope != "undecided"}

    @property
    def digest(self) -> str:
        """Return the sha256 over what is decided, tag by tag: a plan depends on these."""
        rows = sorted(row.bound for row in self.decisions if row.scope != "undecided")
        return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()

    def narrowed(self, matching: str) -> Policy:
        """Return this policy for the matching opportunities only; the narrower of the two counts."""
        text = matching_of("matching", matching)
        return replace(self, decisions=tuple(row.narrowed(text) for row in self.decisions)) if text else self

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row per tag with the columns of the file; confidence and evidence as numbers."""
        import pandas as pd

        columns = policy_file.columns(self.decisions)
        frame = pd.DataFrame([decision.values(columns) for decision in self.decisions], columns=list(columns))
        return frame.astype({"confidence": float})

    def chart(self, *, title: str = "Tags by scope, most missing first") -> Chart:
        """Draw on how many opportunities each tag is present and missing, with its scope as colour."""
        frame = self.frame
        rows = frame[frame["missing"].fillna(0) > 0].sort_values(["missing", "tag"], ascending=[False, True])
        return chart_coverage(rows.assign(kind=rows["scope"]), title=title)

    def __repr__(self) -> str:
        return f"<Policy of {count(len(self.decisions), 'tag')}>"

    def _repr_html_(self) -> str:
        head = Html("<p><strong>{}</strong></p>").format(self.summary())
        return head + policy_table(self.decisions, self.source)


def _now() -> datetime:
    return datetime.now(UTC)
