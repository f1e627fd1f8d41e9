"""Read again what a plan touched, and the account's tag counts, and say whether it is as planned.

Knows the plan and the account only: nothing of how `apply` went about it, so that it cannot
repeat its mistakes. What result.json says names a difference; it never turns one into a match.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import msgspec

from leverkit.account import connect
from leverkit.client import FIELDS, ReadOnlyLever
from leverkit.errors import ApiError, Refused, VerificationFailed
from leverkit.planfile import Plan
from leverkit.progress import progress
from leverkit.records import DeletedOpportunity, Opportunity
from leverkit.verification import Checked, Count, Verification

CONTACTS = 50  # ids in one request
REREAD_AFTER = (1.0, 3.0)  # seconds


def verify(
    run: Path | str,
    *,
    lever: ReadOnlyLever | None = None,
    reread_after: Sequence[float] = REREAD_AFTER,
    sleep: Callable[[float], None] = time.sleep,
) -> Verification:
    """Compare the account with the plan of a run folder and write verify.json there; only reads at Lever.

    Where something is wrong it looks again `reread_after` so many seconds, as Lever may show a write late.
    Raises UsageError without a plan, Refused where it was edited or is of another account.
    """
    plan = Plan.read(run)
    with ExitStack() as stack:
        account = lever or stack.enter_context(connect())
        if account.account_id() != plan.account:
            raise Refused(f"the plan is for account {plan.account}, the key opens {account.account_id()}")
        found = _look(plan, Path(run), account)
        for wait in reread_after:
            if found.exit_code != VerificationFailed.exit_code:
                break
            sleep(wait)
            found = _look(plan, Path(run), account)
    found.write()
    return found


def _look(plan: Plan, run: Path, lever: ReadOnlyLever) -> Verification:
    now = _read(plan, lever)
    checked, same = _compare(plan, now, _reported(run, plan))
    counts = tuple(_counts(plan, now, lever))
    return Verification(run=str(run), plan_id=plan.plan_id, checked=tuple(checked), same=same, counts=counts)


def _read(plan: Plan, lever: ReadOnlyLever) -> dict[str, Opportunity]:
    """Read all opportunities of the plan's contacts, and by their ids those that the contacts lack."""
    contacts = sorted({known.contact for known in plan.before.values()})
    now: dict[str, Opportunity] = {}
    with progress("verify", len(contacts)) as bar:
        for start in range(0, len(contacts), CONTACTS):
            some = lever.opportunities_of(contacts[start : start + CONTACTS])
            now |= {opportunity.id: opportunity for opportunity in some}
            bar.update(min(start + CONTACTS, len(contacts)))
    for missing in sorted(set(plan.before) - set(now)):
        try:
            now[missing] = lever.get(
                f"/opportunities/{quote(missing, safe='')}", type=Opportunity, include=FIELDS
            )
        except ApiError as error:
            if error.status not in (403, 404, 410):
                raise
    return now


def _compare(
    plan: Plan, now: Mapping[str, Opportunity], reported: Mapping[tuple[str, str], str]
) -> tuple[list[Checked], int]:
    """Return every planned pair, every other tag that differs, and how many tags are untouched."""
    planned = {(operation.opportunity, operation.tag): operation for operation in plan.operations}
    checked = [
        Checked(
            _sign(operation.action, tag, now.get(opportunity)),
            operation.contact,
            opportunity,
            tag,
            reported.get((opportunity, tag), ""),
        )
        for (opportunity, tag), operation in planned.items()
    ]
    same = 0
    for opportunity, known in plan.before.items():
        before, after = set(known.tags), _tags(now, opportunity)
        rest = {tag for tag in before | after if (opportunity, tag) not in planned}
        changed = sorted(rest & (before ^ after))
        checked += [Checked("*", known.contact, opportunity, tag) for tag in changed]
        same += len(rest) - len(changed)
    return checked, same


def _sign(action: str, tag: str, now: Opportunity | None) -> str:
    if now is None:
        return "!"
    if (tag in now.tags) == (action == "add"):
        return "="
    return "+" if action == "add" else "-"


def _tags(now: Mapping[str, Opportunity], opportunity: str) -> set[str]:
    return set(now[opportunity].tags) if opportunity in now else set()


def _reported(run: Path, plan: Plan) -> dict[tuple[str, str], str]:
    """Return what result.json says of operations that were not done; {} where it says nothing usable."""
    try:
        document = json.loads((run / "result.json").read_bytes())
        if document["plan_id"] != plan.plan_id:
            return {}
        return {
            (item["operation"]["opportunity"], item["operation"]["tag"]): str(item["outcome"])
            for item in document["exceptions"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _counts(plan: Plan, now: Mapping[str, Opportunity], lever: ReadOnlyLever) -> list[Count]:
    """Compare `GET /tags` with the prediction: an oracle that shares no listing with anything else here."""
    if not plan.tag_counts:
        return []
    listed, expected = lever.tag_counts(), _expected(plan)
    counts = []
    for tag, predicted in plan.tag_counts.items():
        seen = sum(tag in opportunity.tags for opportunity in now.values())
        meant = sum(tag in tags for tags in expected.values())
        counts.append(Count(tag, predicted, listed.get(tag, 0), seen - meant))
    if not any(count.unexplained for count in counts):
        return counts
    changed, deleted = _others(plan.taken_at, now, lever)
    return [_with_others(count, changed, deleted) for count in counts]


def _expected(plan: Plan) -> dict[str, set[str]]:
    """Return the tags that each opportunity of the plan's contacts should have."""
    tags = {opportunity: set(known.tags) for opportunity, known in plan.before.items()}
    for operation in plan.operations:
        if operation.action == "add":
            tags[operation.opportunity].add(operation.tag)
        else:
            tags[operation.opportunity].discard(operation.tag)
    return tags


def _others(
    since: int, now: Mapping[str, Opportunity], lever: ReadOnlyLever
) -> tuple[list[Opportunity], int]:
    """Read what else changed since the snapshot, and how many opportunities were deleted."""
    found = {each.id: each for each in lever.opportunities(updated_at_start=since)}
    found |= {each.id: each for each in lever.opportunities(created_at_start=since)}
    pages = lever.pages("/opportunities/deleted", type=DeletedOpportunity, deleted_at_start=since)
    deleted = {each.id for page in pages for each in page.items}
    return [each for name, each in found.items() if name not in now], len(deleted)


def _with_others(count: Count, changed: list[Opportunity], deleted: int) -> Count:
    """Say how many other opportunities can account for what is left of a difference."""
    carry = sum(count.tag in opportunity.tags for opportunity in changed)
    others = carry if count.unexplained > 0 else len(changed) - carry + deleted
    return msgspec.structs.replace(count, others=others if count.unexplained else 0)
