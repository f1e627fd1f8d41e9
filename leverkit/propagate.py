"""Keep a person's opportunities alike: put a tag on, or take it off, all of them, as integrations should.

Meant for webhook handlers: no pandas, two reads and the writes that are needed, through the same
door as a migration: a plan, a journal, a reading before and after each write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote

from leverkit.account import workspace
from leverkit.apply import carry_out
from leverkit.brakes import Brakes
from leverkit.client import FIELDS, Lever, ReadOnlyLever
from leverkit.errors import UsageError
from leverkit.journal import fold
from leverkit.operations import Known, Operation, digest
from leverkit.planfile import Plan
from leverkit.records import Opportunity
from leverkit.result import Result, result

WAIT = 30.0  # seconds for another delivery about the same account to finish


def propagate(
    lever: Lever,
    *,
    contact: str | None = None,
    opportunity: str | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    matching: str | None = None,
    out: Path | str | None = None,
    dry_run: bool = False,
    now: Callable[[], float] = time.time,
) -> Result:
    """Add and remove tags on every opportunity of one contact, given by its id or that of an opportunity.

    `matching` (a pattern such as `skill:*`, case-sensitive) adds the tags that fit it and that the named
    opportunity, or any opportunity of the named contact, carries. Anonymized opportunities are left alone.
    The run folder is `out`, or a new one in the workspace; with `dry_run`, or nothing to do, there is none
    and nothing is written. Raises UsageError, Refused, Locked, AccessDenied, Unreachable.
    """
    if (contact is None) == (opportunity is None):
        raise UsageError("propagate: name either a contact or an opportunity")
    siblings = _siblings(lever, contact, opportunity)
    named = [sibling for sibling in siblings if opportunity in (None, sibling.id)]
    tags = {tag for sibling in named for tag in sibling.tags if matching and fnmatchcase(tag, matching)}
    plan = _plan(lever, siblings, {*add, *tags}, set(remove), int(now() * 1000))
    run = Path(out) if out else workspace() / "propagate" / f"{plan.taken_at}-{plan.short}"
    if dry_run or not plan.operations:
        return result(plan, run, fold([]))
    plan.write(run)
    return carry_out(plan, run, lever, wait=WAIT)


def _siblings(lever: ReadOnlyLever, contact: str | None, opportunity: str | None) -> list[Opportunity]:
    if contact is None:
        path = f"/opportunities/{quote(opportunity or '', safe='')}"
        contact = lever.get(path, type=Opportunity, include=FIELDS).contact
    found = lever.opportunities_of([contact])
    if not found:
        raise UsageError(f"propagate: contact {contact} has no opportunity that this key can see")
    return found


def _plan(
    lever: ReadOnlyLever, siblings: Sequence[Opportunity], add: set[str], remove: set[str], at: int
) -> Plan:
    if add & remove:
        raise UsageError(f"propagate: {sorted(add & remove)[0]!r} is both to be added and to be removed")
    living = [sibling for sibling in siblings if not sibling.is_anonymized]
    operations = [
        Operation(sibling.contact, sibling.id, "add", tag, "propagate")
        for sibling in living
        for tag in add - set(sibling.tags)
    ]
    operations += [
        Operation(sibling.contact, sibling.id, "remove", tag, "propagate")
        for sibling in living
        for tag in remove & set(sibling.tags)
    ]
    before = {sibling.id: Known(sibling.contact, sibling.tags) for sibling in siblings}
    return Plan(
        kind="propagate",
        account=lever.account_id(),
        host=lever.host,
        snapshot_digest=digest((at, before)),
        taken_at=at,
        operations=tuple(sorted(operations)),
        before=before,
        brakes=Brakes(max_pct=None, max_removals=None),
    )
