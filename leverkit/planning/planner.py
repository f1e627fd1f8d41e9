"""From a snapshot and a policy to a plan: copy each contact tag to the person's other opportunities.

Only a tag that a person gave scope `contact` makes an operation. Undecided tags are counted,
anonymized opportunities are listed and left alone, nothing is sent to Lever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING

from leverkit.api.tags import tag_names, unwritable
from leverkit.errors import UsageError, did_you_mean
from leverkit.planning.brakes import GROWTH, Brakes
from leverkit.planning.canary import choose
from leverkit.planning.memory import Gap, Memory
from leverkit.planning.operation import Operation, OpportunityState, Skipped
from leverkit.planning.plan import Plan
from leverkit.planning.plan_warnings import left_out, warnings
from leverkit.policy.matching import narrower
from leverkit.policy.near_duplicates import NearDuplicates
from leverkit.snapshot.gaps import WITH_HOLDINGS

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.history.ledger import Ledger
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

_GAPS = f"""{WITH_HOLDINGS}
    SELECT contact, id, tag, is_anonymized, have, have_named, total, archived_at IS NOT NULL, postings
    FROM holdings JOIN opportunities USING (contact)
    WHERE have < total AND tag IN (SELECT unnest($tags)) AND NOT list_contains(tags, tag)
    ORDER BY contact, id, tag
"""

_GAINS = f"{WITH_HOLDINGS} SELECT contact, tag, lack AS adds FROM holdings WHERE lack > 0"

_HOLDERS = """
    WITH held AS (SELECT id, contact, unnest(list_distinct(tags)) AS tag FROM opportunities)
    SELECT tag, list(id ORDER BY id) FROM held
    WHERE tag IN (SELECT unnest($tags)) AND contact NOT IN (SELECT unnest($contacts))
    GROUP BY tag
"""

_TRAITS = """
    SELECT id, archived_at IS NOT NULL, confidentiality = 'confidential', updated_at IS NULL
    FROM opportunities WHERE id IN (SELECT unnest($ids))
"""


def plan(
    snapshot: Snapshot,
    policy: Policy,
    out: Path | str | None = None,
    *,
    max_ops: int | None = None,
    max_pct: float | None = 30.0,
    max_tag_pct: float | None = GROWTH,
    max_removals: int | None = 0,
    only: Collection[str] = (),
    matching: str = "",
    ledger: Ledger | None = None,
    include_removed: Collection[str] = (),
) -> Plan:
    """Plan the migration and, with `out`, write it into that run folder; nothing is written to Lever.

    `only` plans these tags alone; each must have scope `contact`, else UsageError. `matching` (all, active,
    posting:ID) says which opportunities get tags, where the policy does not say less; it is part of the
    policy's digest. What people removed by the `ledger` of the account is not planned, but listed, unless
    its tag is in `include_removed`. Raises UsageError where rows of the policy hold
    the evidence of other tags.
    `max_pct` is per cent of the account's opportunities, `max_tag_pct` of those that have a tag now. Raises
    BrakeTripped naming the flag where the plan is larger than allowed: the folder then holds the plan to
    look at, `apply` refuses it too.
    """
    brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
    narrowed = policy.narrowed(matching)
    return plan_with(
        snapshot, narrowed, out, brakes=brakes, only=only, ledger=ledger, include_removed=include_removed
    )


def plan_with(
    snapshot: Snapshot,
    policy: Policy,
    out: Path | str | None = None,
    *,
    brakes: Brakes,
    only: Collection[str] = (),
    ledger: Ledger | None = None,
    include_removed: Collection[str] = (),
    unattended: bool = False,
    consider: bool = True,
) -> Plan:
    """Plan as `plan` does, with the brakes as one value.

    `unattended` is for a job whose plan nobody reads: it also leaves what was left before, and what was taken
    back. With `out`, the gaps of a decision's first plan are noted in the ledger, unless `consider` is False.
    """
    if snapshot.part:
        raise UsageError(f"a plan needs the whole account, not {snapshot.part}; `matching` narrows a plan")
    if not snapshot.account:
        raise UsageError(
            f"{snapshot.path} was read out of a copy, which does not tell whose account it is: "
            "`leverkit plan` binds it to the account that the key opens"
        )
    policy.require_fit(snapshot)
    alike = NearDuplicates.of(policy, snapshot)
    tags = [tag for tag in _wanted(policy, only) if tag not in alike.left]
    named = _named(tags, include_removed)
    matching = {row.tag: narrower(row.matching) for row in policy.decisions}
    memory = Memory(snapshot, ledger, matching=matching, named=named, unattended=unattended)
    made = _planned(snapshot, policy, tags, memory, alike=alike, brakes=brakes)
    if out is not None:
        made.write(out)
        if consider and not snapshot.is_copy:
            memory.consider(tags, made.operations)
    brakes.check(made.size, Path(out or "") / "plan.csv")
    return made


def _planned(
    snapshot: Snapshot,
    policy: Policy,
    tags: list[str],
    memory: Memory,
    *,
    alike: NearDuplicates,
    brakes: Brakes,
) -> Plan:
    operations, skipped = memory.judged(_gaps(snapshot, tags))
    slips = (gap for gap in _gaps(snapshot, sorted(alike.left)) if not gap.anonymized)
    skipped += tuple(Skipped(gap.contact, gap.opportunity, gap.tag, alike.reason(gap.tag)) for gap in slips)
    before = _before(snapshot, operations)
    siblings = Counter(known.contact for known in before.values())
    return Plan(
        kind="migrate",
        **snapshot.account_facts,
        policy_digest=policy.digest,
        snapshot_digest=snapshot.digest,
        taken_at=snapshot.taken_at,
        lever_ms=snapshot.taken_at,
        opportunities=snapshot.sql("SELECT count(*) FROM opportunities").fetchall()[0][0],
        operations=operations,
        before=before,
        holders=_holders(snapshot, operations),
        tag_counts=_predicted(snapshot, operations),
        undecided=policy.undecided(snapshot),
        skipped=skipped,
        warnings=(
            *left_out(snapshot, policy, tags, alike),
            *warnings(snapshot, policy, operations),
            *memory.warnings,
            *alike.notes({operation.tag for operation in operations}, {change.tag for change in skipped}),
        ),
        ledger=memory.reading,
        matching=memory.matching_of(operations),
        canary=choose(operations, siblings, _traits(snapshot, operations)),
        brakes=brakes,
    )


def _wanted(policy: Policy, only: Collection[str]) -> list[str]:
    """Return the tags to plan for, sorted, without those that cannot be written to Lever."""
    only = tag_names("only", only)
    for tag in only:
        scope = policy.scopes.get(tag)
        if scope != "contact":
            stands = f"is {scope} in the policy" if scope else "has no row in the policy"
            hint = (not scope and did_you_mean(tag, policy.scopes)) or "; decide on it first"
            raise UsageError(f"tag {tag!r} {stands}, and only tags with scope contact are planned{hint}")
    return sorted(only or (tag for tag in policy.contact_tags if not unwritable(tag)))


def _named(tags: list[str], include_removed: Collection[str]) -> frozenset[str]:
    """Return the tags whose removals are overruled. Raises UsageError for one that is not planned."""
    named = frozenset(tag_names("include_removed", include_removed))
    if unknown := sorted(named.difference(tags)):
        raise UsageError(
            f"include_removed: tag {unknown[0]!r} is not planned, so nothing of it can be included"
        )
    return named


def gains(snapshot: Snapshot) -> pd.DataFrame:
    """Return how many opportunities of each contact would get a tag if its scope were `contact`.

    One row per contact and tag: contact, tag, adds. The same rules as in `plan`.
    """
    frame: pd.DataFrame = snapshot.sql(_GAINS).df()
    return frame


def _gaps(snapshot: Snapshot, tags: list[str]) -> list[Gap]:
    rows = snapshot.rows(_GAPS, params={"tags": tags}) if tags else ()
    return [Gap(intern(contact), intern(id), intern(tag), *rest) for contact, id, tag, *rest in rows]


def _before(snapshot: Snapshot, operations: tuple[Operation, ...]) -> dict[str, OpportunityState]:
    contacts = sorted({operation.contact for operation in operations})
    if not contacts:
        return {}
    query = (
        "SELECT id, contact, tags FROM opportunities WHERE contact IN (SELECT unnest($contacts)) ORDER BY id"
    )
    rows = snapshot.sql(query, params={"contacts": contacts}).fetchall()
    return {opportunity: OpportunityState(contact, tuple(tags)) for opportunity, contact, tags in rows}


def _holders(snapshot: Snapshot, operations: tuple[Operation, ...]) -> dict[str, tuple[str, ...]]:
    """Return the ids of the other opportunities with each of the plan's tags; `verify` compares them."""
    if not operations:
        return {}
    params = {
        "tags": sorted({operation.tag for operation in operations}),
        "contacts": sorted({operation.contact for operation in operations}),
    }
    found = dict(snapshot.sql(_HOLDERS, params=params).fetchall())
    return {tag: tuple(found.get(tag, ())) for tag in params["tags"]}


def _traits(snapshot: Snapshot, operations: tuple[Operation, ...]) -> dict[str, tuple[bool, ...]]:
    ids = sorted({operation.opportunity for operation in operations})
    rows = snapshot.sql(_TRAITS, params={"ids": ids}).fetchall() if ids else []
    return {opportunity: tuple(map(bool, traits)) for opportunity, *traits in rows}


def _predicted(snapshot: Snapshot, operations: tuple[Operation, ...]) -> dict[str, int]:
    added = Counter(operation.tag for operation in operations)
    query = "SELECT text, count FROM tags WHERE text IN (SELECT unnest($tags))"
    listed = dict(snapshot.sql(query, params={"tags": sorted(added)}).fetchall()) if added else {}
    return {tag: listed.get(tag, 0) + number for tag, number in sorted(added.items())}
