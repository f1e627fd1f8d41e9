"""Where a tag came to some opportunities of a contact and not to all: the splits that each reading found.

The states of the opportunities are those of the last reading, taken back event by event.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from leverkit.history.changes import ADDED, FROM_POSTING, REMOVED
from leverkit.history.compare import Known
from leverkit.history.reading import Pair, tags_of
from leverkit.history.tables import Event

OPENING = ("new opportunity", "added by others")


class Split(NamedTuple):
    """A tag that others brought to one opportunity of a contact alone, as of the reading that found it.

    `how` is `tagged alone` where they added it or it came with a new opportunity, and `came without it` where
    a new opportunity lacks what a sibling carried. `missing` is the number of the contact's opportunities
    that lack it by that, or got it from us since the reading before.
    """

    reading: int
    at_ms: int
    contact: str
    opportunity: str
    tag: str
    how: Literal["tagged alone", "came without it"]
    missing: int


class OpportunityState(NamedTuple):
    """An opportunity at one reading; hidden ones are not `visible`."""

    contact: str
    tags: frozenset[str]
    visible: bool = True

    @classmethod
    def of(cls, known: Known) -> OpportunityState:
        """Return the state in which an opportunity was last known."""
        return cls(known.contact, tags_of(known.tags), bool(known.visible))


def contacts_of_interest(events: Iterable[Event]) -> set[str]:
    """Return the contacts whose opportunities `splits` needs to know."""
    opening = {event.contact for event in events if event.kind in OPENING}
    return opening.union(*({event.contact, event.detail} for event in events if event.kind == "moved"))


def splits(
    states: Mapping[str, OpportunityState],
    events: Iterable[Event],
    until: int,
    *,
    counts: Callable[[str], bool],
) -> list[Split]:
    """Return what was split, by the readings up to number `until`, oldest first.

    `states` are the opportunities of `contacts_of_interest` after the last of `events`, by id. `counts` takes
    a tag and returns True if it should be on all opportunities of a contact.
    """
    found, now = list[Split](), _States(states)
    by_reading: dict[int, list[Event]] = {}
    for event in events:
        by_reading.setdefault(event.reading, []).append(event)
    for number in sorted(by_reading, reverse=True):
        there = by_reading[number]
        if number <= until:
            found += _splits_at(there, now, counts)
        for event in reversed(there):
            now.undo(event)
    return sorted(found)


def _splits_at(events: Sequence[Event], now: _States, counts: Callable[[str], bool]) -> Iterator[Split]:
    """Yield the splits of one reading, as they were before we fixed them."""
    fixed = {(event.opportunity, event.tag) for event in events if event.kind == "added by us"}
    opening = [event for event in events if event.kind in OPENING and event.detail != FROM_POSTING]
    brought = {(event.opportunity, tag) for event in opening for tag in _brought(event)} - fixed
    for event in opening:
        where = event.reading, event.at_ms, event.contact, event.opportunity
        tags = now.tags(event.contact, fixed)
        own = tags.pop(event.opportunity, set())
        for tag in sorted(own & _brought(event)):
            missing = sum(tag not in have for have in tags.values())
            if missing and counts(tag):
                yield Split(*where, tag, "tagged alone", missing)
        if event.kind == "new opportunity":
            older = {tag for id, have in tags.items() for tag in have if (id, tag) not in brought}
            for tag in sorted(filter(counts, older - own)):
                yield Split(*where, tag, "came without it", 1)


def _brought(event: Event) -> frozenset[str]:
    """Return the tags that came to an opportunity with an event."""
    return tags_of(event.detail) if event.kind == "new opportunity" else frozenset((event.tag,))


class _States:
    """The opportunities of some contacts at one reading."""

    def __init__(self, states: Mapping[str, OpportunityState]) -> None:
        self._states = dict(states)
        self._of: dict[str, set[str]] = {}
        for opportunity, state in states.items():
            self._of.setdefault(state.contact, set()).add(opportunity)

    def tags(self, contact: str, without: Collection[Pair]) -> dict[str, set[str]]:
        """Return the tags of a contact's visible opportunities by id, without some."""
        states = ((id, self._states[id]) for id in self._of.get(contact, ()))
        return {
            id: {tag for tag in state.tags if (id, tag) not in without}
            for id, state in states
            if state.visible
        }

    def undo(self, event: Event) -> None:
        """Make the opportunity of an event what it was before it."""
        now = self._states.pop(event.opportunity, None)
        if now:
            self._of[now.contact].discard(event.opportunity)
        if before := _before(event, now):
            self._states[event.opportunity] = before
            self._of.setdefault(before.contact, set()).add(event.opportunity)


def _before(event: Event, now: OpportunityState | None) -> OpportunityState | None:
    """Return what an opportunity was before an event; None where it was not there, or is not known."""
    kind, detail = event.kind, event.detail
    if kind in ("deleted", "anonymized"):
        return OpportunityState(event.contact, tags_of(detail or "[]"), bool(detail))
    if now is None or kind == "new opportunity":
        return None
    if kind in ("hidden", "seen again"):
        return OpportunityState(now.contact, tags_of(detail), kind == "hidden")
    if kind == "moved":
        return now._replace(contact=detail)
    if kind in REMOVED:
        return now._replace(tags=now.tags | {event.tag})
    return now._replace(tags=now.tags - {event.tag}) if kind in ADDED else now
