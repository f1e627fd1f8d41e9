"""Add or remove a tag on all opportunities of a contact, as an integration should.

The four steps of Lever's article "Updating your tagging integration": the contact, all its opportunities,
those that match, a write to each. For webhook handlers: it loads no pandas, sends two reads and the writes
that are needed, and writes as a migration does: a plan, a journal, a reading before and after each write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.tags import tag_names
from leverkit.errors import UsageError
from leverkit.migration.apply import execute
from leverkit.migration.result import Result, result
from leverkit.migration.run import Run
from leverkit.planning.operation import Action, Operation
from leverkit.settings import workspace
from leverkit.webhook.events import Event, EventIds, ids_in
from leverkit.webhook.live_plan import live_plan
from leverkit.webhook.matching import Matching, every, missing_shared_tags
from leverkit.webhook.memory import no_longer_wanted, without_left

WAIT = 30.0  # seconds for another writer of the account, such as another delivery, to finish
WORST_FIRST = ("unknown", "failed", "drifted", "gone", "pending", "done", "no_op")


class Propagation(Result, frozen=True, kw_only=True):
    """The result of a propagation; `left` is why opportunities of the contact were not written to, by id."""

    left: dict[str, str]

    @property
    def opportunities(self) -> dict[str, str]:
        """Return the outcome of each opportunity of the contact, by its id.

        It is one of the seven outcomes (the worst of its operations; `no_op`: it was already so),
        `anonymized`, `not matching`, or why the ledger leaves it, such as `removed by others`.
        """
        found = dict(self.left)
        for outcome in reversed(WORST_FIRST):
            found |= {
                ended.operation.opportunity: outcome for ended in self.results if ended.outcome == outcome
            }
        return found


def propagate(
    lever: Lever,
    *,
    contact: str | None = None,
    opportunity: str | None = None,
    event: Event | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    share: Iterable[str] = (),
    matching: Matching = every,
    out: Path | str | None = None,
    dry_run: bool = False,
    now: Callable[[], float] = time.time,
) -> Propagation:
    """Add and remove tags on all matching opportunities of one contact.

    Name the contact, one of its opportunities, or a verified webhook event; the contact of an opportunity is
    read from Lever, never taken from an event. Of the tags in `share`, those that any opportunity of the
    contact carries are added, but not where somebody removed them, as the account's ledger tells; what `add`
    names is added. `matching` is `every`, `active` or `applied_to(posting)` of
    leverkit.webhook.matching, or a predicate of your own. Anonymized opportunities are left alone. The run
    folder is `out`, or a new one in the workspace; with `dry_run`, or nothing to do, there is none and
    nothing is written.
    Raises UsageError, Refused, Locked, ApiError, AccessDenied, Unreachable.
    Source: https://help.lever.co/hc/en-us/articles/20087329999005
    """
    ids = _ids(contact, opportunity, event)
    wanted, unwanted, decided = _tags(add, remove, share)
    began = time.time()
    siblings = _siblings(lever, ids, matching)
    targets = [sibling for sibling in siblings if not sibling.is_anonymized and matching(sibling)]
    gaps = missing_shared_tags(siblings, decided.keys(), matching=matching)
    shared, respected = without_left(lever, siblings, gaps, decided, lever.now(began))
    operations = [*shared, *_operations(targets, "add", wanted), *_operations(targets, "remove", unwanted)]
    plan = live_plan(lever, siblings, operations, taken_at=int(now() * 1000))
    folder = Path(out) if out else workspace() / "propagate" / f"{plan.taken_at}-{plan.short}"
    run = Run(folder, plan)
    left = _left(siblings, targets) | {gap.opportunity: why for gap, why in respected.items()}
    if dry_run or not plan.operations:
        return _propagation(result(run), left)
    plan.write(folder)
    ended = execute(run, lever, wait=WAIT, refused=lambda locked: no_longer_wanted(lever, locked, decided))
    return _propagation(ended, left)


def _tags(
    add: Iterable[str], remove: Iterable[str], share: Iterable[str]
) -> tuple[set[str], set[str], dict[str, str]]:
    """Return the tags to add, to remove, and to share with all that match."""
    wanted, unwanted = set(tag_names("add", add)), set(tag_names("remove", remove))
    if both := sorted(wanted & unwanted):
        raise UsageError(f"propagate: {both[0]!r} is both to be added and to be removed")
    return wanted, unwanted, dict.fromkeys(set(tag_names("share", share)) - wanted - unwanted, "")


def _ids(contact: str | None, opportunity: str | None, event: Event | None) -> EventIds:
    if sum(name is not None for name in (contact, opportunity, event)) != 1:
        raise UsageError("propagate: name a contact, an opportunity or an event, one of them")
    ids = ids_in(event) if event is not None else EventIds(contact, opportunity)
    if not (ids.contact or ids.opportunity):
        raise UsageError("propagate: this names nobody (a test delivery has no data: see `event.is_test`)")
    return ids


def _siblings(lever: ReadOnlyLever, ids: EventIds, matching: Matching) -> list[Opportunity]:
    contact = ids.contact
    if ids.opportunity:
        contact = lever.opportunity(ids.opportunity).contact
    expand: dict[str, Any] = {} if matching is every else {"expand": "applications"}  # names their postings
    found = lever.opportunities_of([contact or ""], **expand)
    if not found:
        raise UsageError(f"propagate: contact {contact} has no opportunity that this key can see")
    if others := sorted(
        each.contact for each in found if each.contact.casefold() != (contact or "").casefold()
    ):
        raise UsageError(
            f"propagate: asked for contact {contact}, Lever shows opportunities of contact {others[0]}; "
            "nothing was written. If the two were merged, name that one"
        )
    return found


def _operations(targets: Sequence[Opportunity], action: Action, tags: set[str]) -> list[Operation]:
    return [
        Operation(target.contact, target.id, action, tag, "propagate")
        for target in targets
        for tag in tags
        if (tag in target.tags) != (action == "add")
    ]


def _left(siblings: Sequence[Opportunity], targets: Sequence[Opportunity]) -> dict[str, str]:
    why = {sibling.id: "anonymized" if sibling.is_anonymized else "not matching" for sibling in siblings}
    return why | {target.id: "no_op" for target in targets}


def _propagation(result: Result, left: dict[str, str]) -> Propagation:
    fields = {name: getattr(result, name) for name in Result.__struct_fields__}
    return Propagation(**fields, left=left)
