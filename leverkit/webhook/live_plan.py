"""A plan made from opportunities that were just read, instead of from a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.planning.brakes import Brakes
from leverkit.planning.operation import Known, Operation
from leverkit.planning.plan import Plan
from leverkit.planning.plan_document import Kind
from leverkit.storage.files import digest


def live_plan(
    kind: Kind,
    lever: ReadOnlyLever,
    opportunities: Iterable[Opportunity],
    operations: Iterable[Operation],
    *,
    taken_at: int,
    brakes: Brakes,
) -> Plan:
    """Return a plan of operations that rest on opportunities read at `taken_at` (ms since the epoch)."""
    before = {found.id: Known(found.contact, found.tags) for found in opportunities}
    return Plan(
        kind=kind,
        account=lever.account_id(),
        host=lever.host,
        snapshot_digest=digest((taken_at, before)),
        taken_at=taken_at,
        operations=tuple(sorted(operations)),
        before=before,
        brakes=brakes,
    )
