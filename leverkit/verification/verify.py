"""Compares the account with a plan: reads again what the plan changes, and the account's tag counts.

Whether a change is in place follows from plan and account alone, so no mistake of `apply` is repeated here.
The files of the run may explain a difference but never turn one into a match. A change that the journal saw
in place counts as "changed since" only if Lever agrees: the opportunity is newer, or gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.api.contacts import read_contacts
from leverkit.api.models import Opportunity
from leverkit.api.tags import altered
from leverkit.errors import VerificationFailed
from leverkit.migration.next_step import hint
from leverkit.migration.records import RESULT, SINCE, RecordedResult
from leverkit.migration.renames import Rename, renames
from leverkit.migration.result import renew_result
from leverkit.migration.run import Run
from leverkit.planning.operation import Operation, by_opportunity
from leverkit.planning.plan import Plan
from leverkit.planning.waves import ALL, Wave
from leverkit.report.progress import progress
from leverkit.settings import connect
from leverkit.storage import files
from leverkit.verification.ours import with_our_plans
from leverkit.verification.report import write_differences
from leverkit.verification.tag_counts import check_tag_counts
from leverkit.verification.timeline import changed_since
from leverkit.verification.undone import seen_undone, with_earlier
from leverkit.verification.verification import RENAMED, Count, PairCheck, Verification

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

REREAD_AFTER = (1.0, 3.0)  # seconds


def verify(
    run: Path | str,
    *,
    lever: ReadOnlyLever | None = None,
    wave: str = ALL,
    reread_after: Sequence[float] = REREAD_AFTER,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    same_account: bool = False,
) -> Verification:
    """Compare the account with the plan of a run folder and write verify.json there; only reads at Lever.

    `wave` (canary, N%, all) is how much of the plan should be in place by now.
    Where something is wrong it looks again `reread_after` so many seconds, as Lever may show a write late.
    `same_account`: you confirm that a doubtful account is the plan's; that is recorded.
    Raises UsageError without a plan, Refused where it was edited or is of another account.
    """
    opened = Run.open(run, require_journal=False)
    with ExitStack() as stack:
        account = lever or stack.enter_context(connect())
        return verify_run(
            opened,
            account,
            wave=wave,
            reread_after=reread_after,
            sleep=sleep,
            now=now,
            same_account=same_account,
        )


def verify_run(
    run: Run,
    lever: ReadOnlyLever,
    *,
    wave: str = ALL,
    reread_after: Sequence[float] = REREAD_AFTER,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    same_account: bool = False,
) -> Verification:
    """Verify a run that is open already, as `verify` does; its journal may be unusable."""
    run.require_account(lever.account, same_account=same_account)
    part = run.wave(wave)
    renew_result(run)
    looks = [_compare_once(run, part, lever, now)]
    for wait in reread_after:
        if looks[-1].exit_code != VerificationFailed.exit_code:
            break
        sleep(wait)
        looks.append(_compare_once(run, part, lever, now))
    why = "" if looks[-1].ok else hint(run, part)
    undone = with_earlier(run, (each for look in looks for each in look.undone))
    found = with_our_plans(run, msgspec.structs.replace(looks[-1], hint=why, undone=undone))
    found.write()
    write_differences(found)
    return found


def _compare_once(run: Run, wave: Wave, lever: ReadOnlyLever, clock: Callable[[], float]) -> Verification:
    began_ms = int(clock() * 1000)
    whole = run.plan
    now = _read(whole, lever)
    ahead = _ahead(whole, wave.positions, now)
    plan = whole.subset(wave.positions | ahead)
    later = changed_since(run, now, ahead_ms=lever.ahead_ms)
    reported = _reported(run) | dict.fromkeys(later, SINCE)
    checked, same = _compare(plan, now, reported, {whole.operations[n] for n in ahead})
    counts, newer = check_tag_counts(plan, now, lever)
    renamed = _renames(run, now, counts)
    return Verification(
        run=str(run.folder),
        plan_id=whole.plan_id,
        account=whole.account,
        account_name=whole.account_name,
        host=lever.host,
        demo=whole.demo,
        wave=wave.name,
        began_ms=began_ms,
        journal_end=run.known_end,
        checked=tuple(_listed_as_left(checked, renamed)),
        same=same,
        counts=tuple(counts),
        renamed=tuple(rename.note for rename in renamed),
        undone=seen_undone(run, (*now.values(), *newer), began_ms),
        after={opportunity: now[opportunity].tags for opportunity in plan.before if opportunity in now},
    )


def _read(plan: Plan, lever: ReadOnlyLever) -> dict[str, Opportunity]:
    """Return all opportunities of the plan's contacts by id; those that the listings lack are read by id."""
    contacts = sorted({known.contact for known in plan.before.values()})
    with progress("verify", len(contacts), unit="person") as bar:
        return read_contacts(lever, contacts, opportunities=sorted(plan.before), seen=bar.update)


def _ahead(plan: Plan, inside: frozenset[int], now: Mapping[str, Opportunity]) -> frozenset[int]:
    """Return the positions of operations of later waves that are in place already."""
    return frozenset(
        number
        for number, op in enumerate(plan.operations)
        if number not in inside and _status(op, now.get(op.opportunity)) == "="
    )


def _compare(
    plan: Plan,
    now: Mapping[str, Opportunity],
    reported: Mapping[tuple[str, str], str],
    ahead: Collection[Operation],
) -> tuple[list[PairCheck], int]:
    """Return every planned pair and every other tag that differs, and the number of tags that do not."""
    planned = by_opportunity(plan.operations)
    checked = [
        PairCheck(
            ">" if op in ahead else _status(op, now.get(op.opportunity)),
            op.contact,
            op.opportunity,
            op.tag,
            reported.get((op.opportunity, op.tag), ""),
        )
        for op in plan.operations
    ]
    missing: dict[str, list[str]] = {}
    for pair in checked:
        if pair.status == "+":
            missing.setdefault(pair.opportunity, []).append(pair.tag)
    same = 0
    for opportunity, known in plan.before.items():
        before, after = set(known.tags), _tags(now, opportunity)
        rest = (before | after).difference(op.tag for op in planned.get(opportunity, ()))
        changed = sorted(rest & (before ^ after))
        ours = {altered(tag, rest & (after - before)) for tag in missing.get(opportunity, ())}
        checked += [
            PairCheck("~" if tag in ours else "*", known.contact, opportunity, tag) for tag in changed
        ]
        same += len(rest) - len(changed)
    return checked, same


def _status(op: Operation, now: Opportunity | None) -> str:
    if now is None:
        return "!"
    if op.is_in_effect(now.tags):
        return "="
    return "+" if op.action == "add" else "-"


def _renames(run: Run, now: Mapping[str, Opportunity], counts: Iterable[Count]) -> list[Rename]:
    """Return the tags that a rollback found renamed: none for another plan."""
    nowhere = {count.tag for count in counts if not count.listed and run.plan.kind == "rollback"}
    ours = {number for number, outcome in run.state.outcomes.items() if outcome.effective}
    ops = [op for number, op in enumerate(run.plan.operations) if number not in ours]
    return renames(run.plan, [op for op in ops if op.action == "remove" and op.tag in nowhere], now)


def _listed_as_left(checked: Iterable[PairCheck], found: Iterable[Rename]) -> list[PairCheck]:
    """Return the pairs with the copies under their new tags as left."""
    left = {(opportunity, rename.new) for rename in found for opportunity in rename.opportunities}
    return [
        msgspec.structs.replace(pair, status="-", reported=RENAMED)
        if pair.status == "*" and (pair.opportunity, pair.tag) in left
        else pair
        for pair in checked
    ]


def _tags(now: Mapping[str, Opportunity], opportunity: str) -> set[str]:
    return set(now[opportunity].tags) if opportunity in now else set()


def _reported(run: Run) -> dict[tuple[str, str], str]:
    """Return the outcomes of operations that are not done by result.json; {} if it is not usable."""
    found = files.read_json(run.folder / RESULT, RecordedResult)
    if found is None or found.plan_id != run.plan.plan_id:
        return {}
    return {(each.operation.opportunity, each.operation.tag): each.outcome for each in found.exceptions}
