"""Judges an operation by what was read before its request and after it.

Adding or removing a tag can be repeated, and different tags do not affect each other. So two readings
show what a request did: its effect is there, it is not there, or somebody else changed the opportunity.
A person's change is never overwritten: in doubt, the outcome is `drifted`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from leverkit.api.contacts import read_contacts
from leverkit.api.models import Opportunity
from leverkit.api.responses import needs_performer
from leverkit.api.tags import altered
from leverkit.errors import AccessDenied, ApiError, Unreachable
from leverkit.migration.journal import (
    Intent,
    NewOpportunity,
    Outcome,
    OutcomeName,
    Undone,
    WriteResponse,
    WriteStatus,
)
from leverkit.migration.run_state import RunState
from leverkit.migration.times import Instant, Times
from leverkit.planning.matching import gets, needed_to_match
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever


class Judgement(msgspec.Struct, frozen=True):
    """The outcome of an operation, and why; None where it has none yet: write it, or read it again.

    `stored` is the form in which Lever stored the tag, if it differs from the planned one.
    """

    outcome: OutcomeName | None = None
    evidence: str = ""
    effective: bool = False
    stored: str = ""


def before_write(
    plan: Plan,
    operation: Operation,
    *,
    now: Opportunity | None,
    source: bool,
    intent: Intent | None,
    without_effect: bool = False,
    named: Collection[str] = (),
    decided: str = "",
) -> Judgement:
    """Judge an operation of a plan by a fresh reading of its opportunity (None: it is gone).

    `source` is True if another opportunity of the contact still carries the tag. `intent` is an earlier
    request of ours whose effect was not seen; `without_effect` if it was seen to have none, so that an effect
    is somebody else's. `named` are the planned tags of the opportunity, `decided` what others decided on the
    operation since the plan was made, unless it is in effect.
    """
    if now is None:
        return Judgement("gone", "the opportunity is not to be found")
    if operation.is_in_effect(now.tags):
        if intent is None:
            return Judgement("no_op", "already so when read")
        if without_effect:
            return Judgement("no_op", "already so when read; a request of ours before was without effect")
        return Judgement("done", "found so after a request whose answer was lost", effective=True)
    if intent is not None:
        if stored := _stored(operation, now, intent.before, named):
            return stored
        if intent.updated_at != now.updated_at:
            return Judgement(
                "drifted", "changed by someone after a request of ours whose effect was not seen"
            )
    if decided:
        return Judgement("drifted", decided)
    return _obstacle(plan, operation, now, source) or Judgement()


def after_write(
    operation: Operation,
    now: Opportunity | None,
    response: WriteResponse,
    *,
    before: Opportunity,
    named: Collection[str] = (),
    last: bool,
) -> Judgement:
    """Judge an operation by reading back after its request; before the `last` reading it may stay open.

    `before` is the opportunity as it was read before the request, `named` are its planned tags.
    """
    if now is None:
        return Judgement("gone", "the opportunity is not to be found after the request")
    if operation.is_in_effect(now.tags):
        if response.is_without_effect:
            return Judgement("no_op", f"refused, yet someone else made it so: {response.note}")
        return Judgement("done", "read back", effective=True)
    if response.is_without_effect:
        return Judgement("failed", f"refused: {response.note}")
    if not last:
        return Judgement()
    if stored := _stored(operation, now, before.tags, named):
        return stored
    if now.updated_at != before.updated_at:
        return Judgement(
            "drifted", "not there when read back, yet changed meanwhile: perhaps undone by someone"
        )
    if response.status == "ok":
        return Judgement("failed", "accepted by Lever, but without effect when read back")
    return Judgement("failed", f"no answer, and no effect when read back: {response.note}")


def held_back_by(name: str) -> Judgement:
    """Judge a removal whose contact lacks an addition, by the outcome of that addition."""
    outcome: OutcomeName = "drifted" if name == "drifted" else "failed"
    return Judgement(outcome, f"held back: an addition to the same contact ended {name}")


def _stored(
    operation: Operation, now: Opportunity, before: Collection[str], named: Collection[str]
) -> Judgement | None:
    """Return a failure if a tag that is new since `before` is ours in another form, else None.

    A tag that is `named` by an operation of the plan is that operation's.
    """
    new = set(now.tags).difference(before, named)
    form = altered(operation.tag, new) if operation.action == "add" else ""
    if not form:
        return None
    return Judgement("failed", f"Lever stored it as {form!r}: decide on that form, or remove it", stored=form)


def _obstacle(plan: Plan, operation: Operation, now: Opportunity, source: bool) -> Judgement | None:
    if now.contact != operation.contact and plan.needs_same_contact:
        return Judgement("drifted", "the opportunity now belongs to another contact")
    if now.is_anonymized:
        return Judgement("drifted", "the opportunity was anonymized")
    if operation.action == "remove":
        return None
    if not gets(plan.matching, operation.tag, archived=now.archived is not None, postings=now.postings):
        return Judgement("drifted", "the opportunity is not among those that get the tag any more")
    if plan.needs_source and not source:
        return Judgement("drifted", "no other opportunity of the contact carries the tag any more")
    return None


@dataclass(frozen=True)
class Reading:
    """Opportunities by id, when they were requested, and when the first of them were there, on our clocks.

    `date_ms` is the Date of Lever's response; None where it had none.
    """

    requested_at: Instant
    answered_at: Instant
    found: dict[str, Opportunity]
    date_ms: int | None = None

    def age(self, times: Times) -> float:
        """Return the age in seconds of the oldest in it; Lever may have made it before the machine slept."""
        return max(times.since(self.answered_at), times.asleep(self.requested_at))

    def lever_ms(self, opportunity: str) -> int | None:
        """Return the time by Lever's clock at which an opportunity was as it was read, at the latest.

        Without a Date it is the opportunity's own `updatedAt`, which is Lever's clock as well.
        """
        now = self.found.get(opportunity)
        return max(self.date_ms or 0, (now.updated_at or 0) if now else 0) or None

    def updated_at(self, opportunity: str) -> int | UnsetType | None:
        """Return an opportunity's `updatedAt` as it was read (ms since epoch), unset if it was not there."""
        now = self.found.get(opportunity)
        return now.updated_at if now else UNSET

    def has_source(self, operation: Operation, *, except_for: Container[tuple[str, str]]) -> bool:
        """Return True if another opportunity of the contact carries the tag.

        `except_for` are the (opportunity, tag) that we wrote ourselves.
        """
        return any(
            operation.tag in sibling.tags
            and (sibling.id, operation.tag) not in except_for
            and not sibling.is_anonymized
            for sibling in self.found.values()
            if sibling.contact == operation.contact
        )


class ContactWatch:
    """Tells from each reading which opportunities are new since the plan, and which changes are undone.

    Threads may share it.
    """

    def __init__(self, plan: Plan, state: RunState) -> None:
        self._operations = plan.operations
        self._contacts = {known.contact for known in plan.before.values()}
        self._known = {*plan.before, *(late.opportunity for late in state.new_opportunities)}
        self._updated_at = {number: intent.updated_at for number, intent in state.intents.items()}
        self._in_place = defaultdict[str, set[int]](set)  # positions, by opportunity
        self.ended(state.outcomes.values())

    def sent(self, intent: Intent) -> None:
        """Record a request."""
        self._updated_at.update(dict.fromkeys(intent.ops, intent.updated_at))

    def ended(self, outcomes: Iterable[Outcome]) -> None:
        """Record which operations changed the account, or were in place when read."""
        for outcome in outcomes:
            if outcome.outcome == "no_op" and outcome.updated_at is not UNSET:
                self._updated_at[outcome.op] = outcome.updated_at
            elif not outcome.effective:
                continue
            self._in_place[self._operations[outcome.op].opportunity].add(outcome.op)

    def notes(self, reading: Reading) -> tuple[NewOpportunity | Undone, ...]:
        """Return what a reading shows for the first time."""
        found = reading.found.values()
        late = [now for now in found if now.contact in self._contacts and now.id not in self._known]
        self._known.update(now.id for now in late)
        undone = tuple(number for now in found for number in self._undone(now))
        notes = [NewOpportunity(now.contact, now.id) for now in late]
        return (*notes, Undone(undone)) if undone else tuple(notes)

    def _undone(self, now: Opportunity) -> set[int]:
        """Return the changes that are not there any more; a late reading is as it was before our request."""
        in_place = self._in_place.get(now.id, set[int]())
        undone = {
            number
            for number in in_place.copy()
            if not self._operations[number].is_in_effect(now.tags)
            and now.updated_at != self._updated_at[number]
        }
        in_place -= undone
        return undone


def read_batch(
    lever: ReadOnlyLever, plan: Plan, operations: Sequence[Operation], clock: Callable[[], Instant]
) -> Reading:
    """Read the contacts of these operations of a plan, in one request if they fit on a page."""
    requested_at = clock()
    contacts = list(dict.fromkeys(operation.contact for operation in operations))
    targets = [operation.opportunity for operation in operations]
    shown = needed_to_match(plan.matching.values())
    answered = list[Instant]()
    found = read_contacts(
        lever, contacts, opportunities=targets, seen=lambda _: answered.append(clock()), **shown
    )
    return Reading(requested_at, answered[0], found, lever.date_ms)


def write_status(error: ApiError | None) -> WriteStatus:
    """Return how a write was answered, by the error that it raised; None: it was accepted."""
    if error is None:
        return "ok"
    if isinstance(error, AccessDenied) or needs_performer(error):
        return "denied"
    refused = error.status == 429 or (error.status is not None and not isinstance(error, Unreachable))
    return "refused" if refused else "lost"
