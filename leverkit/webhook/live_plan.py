"""A plan made from opportunities that were just read, instead of from a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.planning.brakes import OFF
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.storage.files import digest


def live_plan(
    lever: ReadOnlyLever,
    opportunities: Iterable[Opportunity],
    operations: Collection[Operation],
    *,
    taken_at: int,
    policy_digest: str = "",
    matching: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Return a plan of operations that rest on opportunities read at `taken_at` (ms since epoch).

    Opportunities of contacts without an operation are left out. A plan that follows from a policy has its
    digest: a tag is then added only while another opportunity of the contact carries it, and while its
    opportunity is among those that get it by `matching`.
    """
    contacts = {operation.contact for operation in operations}
    before = {
        found.id: OpportunityState(found.contact, found.tags)
        for found in opportunities
        if found.contact in contacts
    }
    return Plan(
        kind="propagate",
        account=lever.account.id,
        account_ids=lever.account.ids(),
        account_name=lever.account.name,
        host=lever.host,
        demo=lever.account.label.demo,
        policy_digest=policy_digest,
        snapshot_digest=digest((taken_at, before)),
        taken_at=taken_at,
        lever_ms=lever.now(),
        operations=tuple(sorted(operations)),
        before=before,
        matching={op.tag: matching[op.tag] for op in operations if matching.get(op.tag)},
        brakes=OFF,
    )
