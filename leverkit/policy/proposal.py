"""The rows of a new policy: for each tag its suggestion, its family and its evidence, from an audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leverkit.analysis.cost import at_stake
from leverkit.analysis.tag_families import tag_families
from leverkit.policy.decision import EVIDENCE, MACHINE, SUGGESTION, Decision
from leverkit.policy.suggestion import Suggestion, suggest

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts


def propose(
    audit: AuditFacts, *, accept: float | None, stamp: str, earlier: Iterable[Decision] = ()
) -> tuple[Decision, ...]:
    """Return a row for each tag, those first where a wrong decision costs most.

    With `accept` (0 to 1), suggestions of at least this confidence are decided at the time `stamp`. What
    people decided in the `earlier` rows of this account moves the suggestions.
    """
    families = tag_families(audit)
    proposed = suggest(audit, families=families, decided=_by_people(earlier))
    alike = audit.spellings[audit.spellings["tag"] != audit.spellings["preferred"]]
    spelling_of = dict(zip(alike["tag"], alike["preferred"], strict=True))
    found = [
        row
        | {"at_stake": at_stake(int(row["missing"]), proposed[row["tag"]].confidence or 0.5)}
        | {"spelling_of": spelling_of.get(row["tag"]), "family": families.get(row["tag"], "")}
        for row in audit.tags.to_dict("records")
        if row["tag"]
    ]
    return tuple(_decide(row, proposed[row["tag"]], accept, stamp) for row in sorted(found, key=_order))


def _by_people(rows: Iterable[Decision]) -> dict[str, str]:
    """Return the scope of each tag that a person judged: an accepted suggestion is no judgement."""
    return {
        row.tag: row.scope for row in rows if row.decided_by != MACHINE and row.decided_with != SUGGESTION
    }


def _order(row: Mapping[Any, Any]) -> tuple[bool, float, int, str]:
    """Return a sort key: the tags of postings last, then by the cost of a wrong decision, then by use."""
    return bool(row["posting_tag"]), -row["at_stake"], -int(row["opportunities"]), str(row["tag"])


def _decide(row: Mapping[Any, Any], proposed: Suggestion, accept: float | None, stamp: str) -> Decision:
    decision = Decision(
        tag=str(row["tag"]),
        suggested_scope=proposed.scope,
        confidence=None if proposed.confidence is None else round(proposed.confidence, 2),
        reason=proposed.reason,
        family=str(row["family"]),
        evidence={name: None if row[name] == "-" else row[name] for name in EVIDENCE},
    )
    if accept is None or proposed.scope == "undecided" or (decision.confidence or 0.0) < accept:
        return decision
    return replace(
        decision, scope=proposed.scope, decided_by=MACHINE, decided_at=stamp, decided_with=SUGGESTION
    )
