"""The plan that undoes a run: the inverse of what its journal shows that we changed, and nothing else.

It is a plan like any other: a person approves it, `apply` reads before it writes and skips what
is already restored. What was not changed by us is listed as skipped and left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from leverkit.api.tags import names
from leverkit.errors import UsageError
from leverkit.migration.ownership import no_longer_ours, relate
from leverkit.migration.run import Run
from leverkit.migration.run_state import RunState
from leverkit.planning.canary import choose
from leverkit.planning.operation import Action, Operation, OpportunityState, Skipped, deltas
from leverkit.planning.plan import Plan
from leverkit.planning.run_folder import lock_file, require_plan
from leverkit.storage.lock import hold

NOT_NOW = "and not to be undone this time"


def rollback(
    run: Path | str,
    out: Path | str,
    *,
    from_result: bool = False,
    only_tags: Iterable[str] = (),
    only_contacts: Iterable[str] = (),
) -> Plan:
    """Plan the undoing of a run, finished or broken off, and write it into the folder `out`.

    `only_tags` and `only_contacts` are what to undo, where not everything; the rest is listed as skipped.
    With `from_result`, what the run changed is read from result.json: its journal was lost.
    Raises UsageError where `out` is the run itself or there is no plan, Refused where plan or
    journal were edited, Locked while the run is being applied.
    """
    folder, out = Path(run), Path(out)
    tags, contacts = names("only_tags", only_tags), names("only_contacts", only_contacts)
    only = _Only(frozenset(tags), frozenset(contacts))
    if out.resolve() == folder.resolve():
        raise UsageError(f"{out}: the rollback needs a run folder of its own")
    require_plan(folder)
    with hold(lock_file(folder), purpose="rollback"):
        opened = Run.recorded(folder) if from_result else Run.open(folder)
        only.require_known(opened.plan)
        made = _inverse(opened, no_longer_ours(opened), only)
        made.write(out)
        relate(folder, out)
    return made


class _Only(msgspec.Struct, frozen=True):
    """The tags and contacts that a rollback is limited to; empty: all."""

    tags: frozenset[str]
    contacts: frozenset[str]

    def require_known(self, plan: Plan) -> None:
        """Raise UsageError where the run has no operation with a tag or contact that is named."""
        unknown = self.tags - {op.tag for op in plan.operations}
        unknown |= self.contacts - {op.contact for op in plan.operations}
        if unknown:
            raise UsageError(f"the run changed nothing of {', '.join(map(repr, sorted(unknown)))}")

    def holds(self, op: Operation) -> bool:
        """Return True if an operation is to be undone."""
        return op.tag in (self.tags or {op.tag}) and op.contact in (self.contacts or {op.contact})


def _inverse(run: Run, taken: Mapping[int, str], only: _Only) -> Plan:
    """Return the inverse of what is the run's own still; `taken` says why other operations are not."""
    plan, state = run.plan, run.state
    operations: list[Operation] = []
    skipped: list[Skipped] = []
    kept: list[Operation] = []
    for number, operation in enumerate(plan.operations):
        why = _ours(state, number)
        if why and number in taken:
            skipped.append(operation.skipped(f"not this run's any more: {taken[number]}"))
        elif why and not only.holds(operation):
            kept.append(operation)
            skipped.append(operation.skipped(f"changed by run {plan.short}, {NOT_NOW}"))
        elif why:
            operations.append(operation.inverse(why))
        else:
            skipped.append(_skipped(plan, state, number))
    removals = sum(operation.action == "remove" for operation in operations)
    operations.sort()
    before = _before(plan, state, operations, kept)
    siblings = Counter(known.contact for known in before.values())
    return Plan(
        kind="rollback",
        account=plan.account,
        account_ids=plan.account_ids,
        account_name=plan.account_name,
        host=plan.host,
        demo=plan.demo,
        policy_digest=plan.plan_id,
        snapshot_digest=run.head,
        taken_at=plan.taken_at,
        lever_ms=plan.lever_ms,
        opportunities=plan.opportunities,
        operations=tuple(operations),
        before=before,
        holders=_holders(plan, before, {operation.tag for operation in operations}, kept),
        tag_counts=_restored(plan, before, operations, kept),
        skipped=tuple(skipped),
        warnings=_warnings(plan, operations),
        canary=choose(operations, siblings),
        brakes=msgspec.structs.replace(plan.brakes, max_removals=removals),
    )


def _ours(state: RunState, number: int) -> str:
    """Return why an operation is ours to undo; empty where it is not."""
    outcome = state.outcomes.get(number)
    if outcome is not None:
        return "changed by the run" if outcome.effective else ""
    return "perhaps changed by the run: it was interrupted here" if state.open_intent(number) else ""


def _skipped(plan: Plan, state: RunState, number: int) -> Skipped:
    """Return an operation that is not undone, with the reason; its tag is in the form that Lever stored."""
    operation, outcome = plan.operations[number], state.outcomes.get(number)
    if outcome is not None and outcome.stored:
        reason = f"left by run {plan.short} in the form that Lever gave it: remove it by hand"
        return Skipped(operation.contact, operation.opportunity, outcome.stored, reason)
    return operation.skipped(f"not changed by run {plan.short}: {state.outcome_name(number)}")


def _before(
    plan: Plan, state: RunState, operations: list[Operation], kept: list[Operation]
) -> dict[str, OpportunityState]:
    """Return the contacts' opportunities as the run left them, as far as it knows."""
    contacts = {operation.contact for operation in operations}
    known = {opportunity: was for opportunity, was in plan.before.items() if was.contact in contacts}
    read = {intent.opportunity: intent.before for intent in state.intents.values()}
    tags = {opportunity: dict.fromkeys(read.get(opportunity, was.tags)) for opportunity, was in known.items()}
    for operation in (*(undone.inverse("") for undone in operations), *kept):
        held = tags.get(operation.opportunity, {})
        if operation.action == "add":
            held[operation.tag] = None
        else:
            held.pop(operation.tag, None)
    return {
        opportunity: OpportunityState(was.contact, tuple(tags[opportunity]))
        for opportunity, was in known.items()
    }


def _holders(
    plan: Plan, before: dict[str, OpportunityState], tags: set[str], kept: list[Operation]
) -> dict[str, tuple[str, ...]]:
    """Return who else had the tags: as the run knew it, and the contacts that the rollback leaves out."""
    rest = {
        opportunity: set(was.tags) for opportunity, was in plan.before.items() if opportunity not in before
    }
    for operation in kept:
        if operation.opportunity in rest:
            rest[operation.opportunity] ^= {operation.tag}
    found: dict[str, list[str]] = {tag: list(plan.holders[tag]) for tag in sorted(tags & plan.holders.keys())}
    for opportunity, held in rest.items():
        for tag in held & found.keys():
            found[tag].append(opportunity)
    return {tag: tuple(ids) for tag, ids in found.items()}


def _restored(
    plan: Plan, before: Mapping[str, OpportunityState], operations: list[Operation], kept: list[Operation]
) -> dict[str, int]:
    """Return the counts after the rollback: those before the run, and what else changed until `before`."""
    change = deltas((*operations, *(op for op in kept if op.opportunity not in before)))
    change.subtract(deltas(plan.operations))
    for opportunity, known in before.items():
        change.update(known.tags)
        change.subtract(plan.before[opportunity].tags)
    touched = {operation.tag for operation in operations}
    return {tag: count + change[tag] for tag, count in plan.tag_counts.items() if tag in touched}


def _warnings(plan: Plan, operations: list[Operation]) -> tuple[str, ...]:
    notes = list[str]()
    if added := _tags(operations, "add"):
        notes.append(f"Lever automations with a 'tag added' trigger may fire for: {added}")
    removed = _tags(operations, "remove")
    if removed and plan.policy_digest and plan.kind != "rollback":
        notes.append(
            f"the policy of this run would bring these back: {removed}. leverkit sync and a receiver of this "
            "workspace leave them until somebody approves a plan that contains them; a job of another "
            "workspace does not know of this rollback"
        )
    return tuple(notes)


def _tags(operations: list[Operation], action: Action) -> str:
    return ", ".join(map(repr, sorted({op.tag for op in operations if op.action == action})))
