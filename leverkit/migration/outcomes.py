"""The table that settles an operation from what was read, before its request and after it.

Adding and removing an element of a set can be repeated, and different tags do not disturb each
other. So what happened to a request follows from two readings: the effect is there, is not
there, or somebody else stepped in. A person's change is never overwritten: in doubt, `drifted`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from leverkit.api.client import ReadOnlyLever
from leverkit.api.contacts import read_contacts
from leverkit.api.models import Opportunity
from leverkit.api.tags import altered
from leverkit.migration.journal import Answer, Intent, OutcomeName
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan


class Verdict(msgspec.Struct, frozen=True):
    """How an operation ended, and why; None where it has not: it is to be written, or read again.

    `stored` is the form in which Lever stored its tag, where that is another one.
    """

    outcome: OutcomeName | None = None
    evidence: str = ""
    effective: bool = False
    stored: str = ""


def before_write(
    plan: Plan, operation: Operation, *, now: Opportunity | None, source: bool, intent: Intent | None
) -> Verdict:
    """Judge an operation by a fresh reading of its opportunity (None: it is gone).

    `source` says whether another opportunity of the contact still carries the tag; `intent` is an
    earlier request of ours for it whose effect was never seen.
    """
    if now is None:
        return Verdict("gone", "the opportunity is not to be found")
    if operation.is_so(now.tags):
        if intent is None:
            return Verdict("no_op", "already so when read")
        return Verdict("done", "found so after a request whose answer was lost", effective=True)
    if intent is not None:
        if stored := _stored(operation, now, intent.before):
            return stored
        if intent.updated_at != now.updated_at:
            return Verdict("drifted", "changed by someone after a request of ours whose effect was not seen")
    return _obstacle(plan, operation, now, source) or Verdict()


def after_write(
    operation: Operation, now: Opportunity | None, answer: Answer, *, before: Collection[str], last: bool
) -> Verdict:
    """Judge an operation by reading back after its request; until the `last` reading it may stay open.

    `before` are the opportunity's tags as they were read before the request.
    """
    if now is None:
        return Verdict("gone", "the opportunity is not to be found after the request")
    if operation.is_so(now.tags):
        if answer.said == "refused":
            return Verdict("no_op", f"refused, yet someone else made it so: {answer.note}")
        return Verdict("done", "read back", effective=True)
    if answer.said == "refused":
        return Verdict("failed", f"refused: {answer.note}")
    if not last:
        return Verdict()
    if stored := _stored(operation, now, before):
        return stored
    if answer.said == "ok":
        return Verdict("failed", "accepted by Lever, but without effect when read back")
    return Verdict("failed", f"no answer, and no effect when read back: {answer.note}")


def _stored(operation: Operation, now: Opportunity, before: Collection[str]) -> Verdict | None:
    """Say whether what came since `before` is our tag in another form."""
    form = altered(operation.tag, set(now.tags) - set(before)) if operation.action == "add" else ""
    if not form:
        return None
    return Verdict("failed", f"Lever stored it as {form!r}: decide on that form, or take it off", stored=form)


def _obstacle(plan: Plan, operation: Operation, now: Opportunity, source: bool) -> Verdict | None:
    if now.contact != operation.contact and plan.needs_same_contact:
        return Verdict("drifted", "the opportunity now belongs to another contact")
    if now.is_anonymized:
        return Verdict("drifted", "the opportunity was anonymized")
    if plan.needs_source and operation.action == "add" and not source:
        return Verdict("drifted", "no other opportunity of the contact carries the tag any more")
    return None


@dataclass(frozen=True)
class Reading:
    """Opportunities by id, and when (on the run's clock, seconds) they were asked for and all there."""

    asked_at: float
    answered_at: float
    found: dict[str, Opportunity]

    def siblings(self, contact: str) -> list[Opportunity]:
        """Return the opportunities that the contact has now."""
        return [opportunity for opportunity in self.found.values() if opportunity.contact == contact]


def read(lever: ReadOnlyLever, operations: Sequence[Operation], clock: Callable[[], float]) -> Reading:
    """Read the contacts of these operations, in one request if they fit on a page."""
    asked_at = clock()
    contacts = list(dict.fromkeys(operation.contact for operation in operations))
    found = read_contacts(lever, contacts, opportunities=[operation.opportunity for operation in operations])
    return Reading(asked_at, clock(), found)
