"""What the account's ledger says of contacts that were just read: for the receiver and for `propagate`.

It is SQLite, so neither loads duckdb or pandas. Where no snapshot was taken into it yet, it knows what the
journals tell and what was seen before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.errors import Refused, UsageError
from leverkit.history.catch_up import SECOND_MS, note_additions
from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import judge, reason
from leverkit.history.view import View
from leverkit.migration.ownership import is_being_undone
from leverkit.migration.run import Run, follow_open_runs
from leverkit.planning.memory import decision
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.settings import find_account_folder
from leverkit.webhook.matching import REASON, by_contact

Siblings = Mapping[str, OpportunityState]


class ContactMemory:
    """The ledger's knowledge of some opportunities, `siblings`, which were read before it was asked."""

    def __init__(self, ledger: Ledger, siblings: Siblings, taken_at: int) -> None:
        last_at = ledger.last.taken_at  # Lever's clock shows whole seconds: within one, it is the same time
        self._ledger, self._siblings = ledger, siblings
        self._taken_at = max(taken_at, last_at) if taken_at + SECOND_MS >= last_at else taken_at
        self._unsettled = follow_open_runs(ledger)
        self._view = self._known()

    def note_additions(self, tags: Collection[str]) -> None:
        """Note which of these tags others put there, so that one that is removed later is missed.

        A state that is older than the ledger's last reading tells nothing.
        """
        if self._is_older:
            return
        pairs = [
            (known.contact, opportunity, tag)
            for opportunity, known in self._siblings.items()
            for tag in set(known.tags).intersection(tags)
            if (opportunity, tag) not in self._unsettled
            and not self._view.expects(opportunity, tag, self._taken_at)
        ]
        note_additions(self._ledger, pairs, self._taken_at)
        self._view = self._known()

    @property
    def _is_older(self) -> bool:
        """Return True if the contacts were read before the ledger's last reading."""
        return self._taken_at < self._ledger.last.taken_at

    def _known(self) -> View:
        contacts = {known.contact for known in self._siblings.values()}
        return self._ledger.view(self._siblings.keys(), contacts)

    def left(self, gaps: Iterable[Operation], matching: Mapping[str, str]) -> dict[Operation, str]:
        """Return the gaps that are left, and why; `matching` is what was decided about each tag."""
        carriers = defaultdict[tuple[str, str], list[str]](list)
        for opportunity, known in self._siblings.items():
            for tag in known.tags:
                carriers[known.contact, tag].append(opportunity)
        found = {gap: self._why_left(gap, carriers[gap.contact, gap.tag], matching) for gap in gaps}
        return {gap: why for gap, why in found.items() if why}

    def _why_left(self, gap: Operation, carriers: Collection[str], matching: Mapping[str, str]) -> str:
        if (gap.opportunity, gap.tag) in self._unsettled or self._is_older:
            return "too fresh to tell"
        pair = self._view.pair(
            gap.contact,
            gap.opportunity,
            gap.tag,
            taken_at=self._taken_at,
            carriers=carriers,
            decision=decision(matching.get(gap.tag, "")),
        )
        verdict = judge(pair, unattended=True)
        return "" if verdict == "add" else reason(verdict, pair.mark)


@contextmanager
def contact_memory(lever: ReadOnlyLever, siblings: Siblings, taken_at: int) -> Iterator[ContactMemory | None]:
    """Open the ledger of an account, new where there is none, for contacts that were read at a time (ms).

    None without a workspace. Raises UsageError, also where the ledger is damaged, and Locked.
    """
    folder = find_account_folder(lever.account.id, lever.account.label.workspace)
    if folder is None:
        yield None
        return
    try:
        with Ledger.open(folder) as ledger:
            yield ContactMemory(ledger, siblings, taken_at)
    except Refused as error:  # no fault of an event, which waits until the ledger is repaired
        raise UsageError(f"{error}; `leverkit ledger rebuild SNAPSHOT` makes it again") from None


def without_left(
    lever: ReadOnlyLever,
    found: Iterable[Opportunity],
    gaps: Sequence[Operation],
    matching: Mapping[str, str],
    taken_at: int,
) -> tuple[list[Operation], dict[Operation, str]]:
    """Return the gaps of contacts that were just read which are to be filled, and why others are left.

    `matching` names the tags that are shared, with what was decided about each. The ledger records which of
    them others put there. Raises as `contact_memory`.
    """
    siblings = siblings_of(found)
    if not any(matching.keys() & set(known.tags) for known in siblings.values()):
        return [], {}
    with contact_memory(lever, siblings, taken_at) as memory:
        if memory is None:
            return list(gaps), {}
        memory.note_additions(matching.keys())
        left = memory.left(gaps, matching)
    return [gap for gap in gaps if gap not in left], left


def no_longer_wanted(lever: ReadOnlyLever, run: Run, matching: Mapping[str, str]) -> dict[int, str]:
    """Return why operations of a run, by their positions, are not to be sent: decided since its plan.

    Called while nobody else can write, so every journal is at its end. What may have been sent is settled by
    reading, unless the run is being undone. Raises as `contact_memory`.
    """
    state, operations = run.state, run.plan.operations
    unsettled = [number for number in range(len(operations)) if not state.is_settled(number)]
    if is_being_undone(run):
        return dict.fromkeys(unsettled, "the run is being taken back")
    gaps = {
        operations[number]: number
        for number in unsettled
        if state.open_intent(number) is None and operations[number].reason == REASON
    }
    if not gaps:
        return {}
    left = {gap: "the tag is not shared any more" for gap in gaps if gap.tag not in matching}
    with contact_memory(lever, run.plan.before, lever.now()) as memory:
        if memory is not None:
            left = memory.left(gaps, matching) | left
    return {gaps[gap]: why for gap, why in left.items()}


def siblings_of(opportunities: Iterable[Opportunity]) -> dict[str, OpportunityState]:
    """Return by id the opportunities of contacts that have several which are not anonymized."""
    return {
        each.id: OpportunityState(contact, each.tags)
        for contact, siblings in by_contact(opportunities).items()
        for each in siblings
        if len(siblings) > 1
    }
