"""Read again what a plan touched, and the account's tag counts, and say whether it is as planned.

What is so, it takes from the plan and the account only, so that it cannot repeat mistakes of `apply`.
What the files of the run say names a difference and never turns one into a match. Where the journal has
seen a change in place, it is "changed since" only if Lever says that too: newer, or gone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.tags import altered
from leverkit.conservation import conservation
from leverkit.errors import Refused, VerificationFailed
from leverkit.migration.next_step import hint
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.planning.waves import ALL, numbers, part
from leverkit.report.progress import progress
from leverkit.settings import connect
from leverkit.since import since
from leverkit.verification import SINCE, Checked, Verification

CONTACTS = 50  # ids in one request
REREAD_AFTER = (1.0, 3.0)  # seconds


def verify(
    run: Path | str,
    *,
    lever: ReadOnlyLever | None = None,
    wave: str = ALL,
    reread_after: Sequence[float] = REREAD_AFTER,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Verification:
    """Compare the account with the plan of a run folder and write verify.json there; only reads at Lever.

    `wave` (canary, N%, all) is how much of the plan should be in place by now.
    Where something is wrong it looks again `reread_after` so many seconds, as Lever may show a write late.
    Raises UsageError without a plan, Refused where it was edited or is of another account.
    """
    plan = Plan.read(run)
    with ExitStack() as stack:
        account = lever or stack.enter_context(connect())
        if account.account_id() != plan.account:
            raise Refused(f"the plan is for account {plan.account}, the key opens {account.account_id()}")
        found = _look(plan, wave, Path(run), account, now)
        for wait in reread_after:
            if found.exit_code != VerificationFailed.exit_code:
                break
            sleep(wait)
            found = _look(plan, wave, Path(run), account, now)
    if not found.ok:
        found = msgspec.structs.replace(found, hint=hint(Path(run), wave))
    found.write()
    return found


def _look(
    whole: Plan, wave: str, run: Path, lever: ReadOnlyLever, clock: Callable[[], float]
) -> Verification:
    began_ms = int(clock() * 1000)
    now = _read(whole, lever)
    inside = numbers(whole, wave)
    ahead = _ahead(whole, inside, now)
    plan = part(whole, inside | ahead)
    later = since(run, whole, now, ahead_ms=lever.ahead_ms)
    reported = _reported(run, whole) | dict.fromkeys(later, SINCE)
    checked, same = _compare(plan, now, reported, {whole.operations[n] for n in ahead})
    return Verification(
        run=str(run),
        plan_id=whole.plan_id,
        wave=wave,
        began_ms=began_ms,
        checked=tuple(checked),
        same=same,
        counts=tuple(conservation(plan, now, lever)),
        after={opportunity: now[opportunity].tags for opportunity in plan.before if opportunity in now},
    )


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
        if (found := lever.find_opportunity(missing)) is not None:
            now[missing] = found
    return now


def _ahead(plan: Plan, inside: frozenset[int], now: Mapping[str, Opportunity]) -> frozenset[int]:
    """Return the positions of operations of later waves that are in place already."""
    return frozenset(
        number
        for number, op in enumerate(plan.operations)
        if number not in inside and _sign(op.action, op.tag, now.get(op.opportunity)) == "="
    )


def _compare(
    plan: Plan,
    now: Mapping[str, Opportunity],
    reported: Mapping[tuple[str, str], str],
    ahead: Collection[Operation],
) -> tuple[list[Checked], int]:
    """Return every planned pair, every other tag that differs, and how many tags are untouched."""
    planned = {(operation.opportunity, operation.tag): operation for operation in plan.operations}
    checked = [
        Checked(
            ">" if operation in ahead else _sign(operation.action, tag, now.get(opportunity)),
            operation.contact,
            opportunity,
            tag,
            reported.get((opportunity, tag), ""),
        )
        for (opportunity, tag), operation in planned.items()
    ]
    missing: dict[str, list[str]] = {}
    for pair in checked:
        if pair.sign == "+":
            missing.setdefault(pair.opportunity, []).append(pair.tag)
    same = 0
    for opportunity, known in plan.before.items():
        before, after = set(known.tags), _tags(now, opportunity)
        rest = {tag for tag in before | after if (opportunity, tag) not in planned}
        changed = sorted(rest & (before ^ after))
        ours = {altered(tag, after - before) for tag in missing.get(opportunity, ())}
        checked += [Checked("~" if tag in ours else "*", known.contact, opportunity, tag) for tag in changed]
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
