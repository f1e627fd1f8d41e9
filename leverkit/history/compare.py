"""Compare what was last known of an account with a new reading: what others changed in between.

Both are streams sorted by opportunity, so a million of them take no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import msgspec

from leverkit.history.reading import Pair, Reading, Seen, shown_until, tags_of, tags_text


class Known(NamedTuple):
    """An opportunity as it was last known; `tags` is a JSON text, `since` the reading that saw it first.

    One that the last reading did not have is not `visible`, and is compared when it is seen again.
    """

    opportunity: str
    contact: str
    tags: str
    created_at: int
    visible: int
    since: int


class OurWrite(NamedTuple):
    """The last change to a pair that is known beside the readings, and when (ms since the epoch).

    It is ours, or an addition by others that was seen when a contact was read in between.
    """

    opportunity: str
    tag: str
    added: bool
    at_ms: int


class RowChange(NamedTuple):
    """What became of an opportunity: `was` is None if it is new, `now` if the reading does not have it.

    `lost` and `gained` are tags that others removed and put there, against what was expected.
    """

    was: Known | None
    now: Seen | None
    lost: frozenset[str] = frozenset()
    gained: frozenset[str] = frozenset()

    @property
    def opportunity(self) -> str:
        """Return the id of the opportunity."""
        return self.was.opportunity if self.was else self.now.opportunity if self.now else ""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading is held against, beside the last one: our writes, and pairs of which nothing is known.

    `writes` are sorted by opportunity. `last_at` is when the last reading began; 0 where there was none.
    """

    writes: Iterable[OurWrite] = ()
    unsettled: Collection[Pair] = frozenset()
    last_at: int = 0


def compare(base: Iterable[Known], reading: Reading, expectation: Expectation) -> Iterator[RowChange]:
    """Yield each opportunity that is not as it was, in the order of their ids.

    Nothing is concluded about a pair that we wrote later than 60 seconds before the reading: the next tells.
    """
    writes_of = _grouped(expectation.writes)
    for was, now in _paired(base, reading.rows):
        if now is None or now.is_anonymized:
            if was and (change := _missing(was, now, writes_of(was.opportunity), reading, expectation)):
                yield change
            continue
        ours = writes_of(now.opportunity)
        if was is None and not ours:
            yield RowChange(None, now)
            continue
        if was and not ours and was.visible and was.tags == now.tags and was.contact == now.contact:
            continue
        change = RowChange(was, now, *_differences(was, now, ours, reading.taken_at, expectation))
        as_before = was and was[1:5] == (now.contact, now.tags, now.created_at, 1)
        if not as_before or change.lost or change.gained:
            yield change


def _missing(
    was: Known, now: Seen | None, ours: Collection[OurWrite], reading: Reading, expectation: Expectation
) -> RowChange | None:
    """Return what became of an opportunity that is not there or anonymized; None where that is known."""
    left = _left_with(was, ours, expectation)
    is_gone = now is not None or was.opportunity in reading.deleted
    return RowChange(left, now) if was.visible or is_gone or left != was else None


def _left_with(was: Known, ours: Collection[OurWrite], expectation: Expectation) -> Known:
    """Return an opportunity with the tags with which it went out of sight: what we wrote since counts too.

    Those are compared with when it is seen again, maybe long after the readings that tell of the writes.
    """
    tags = set(tags_of(was.tags))
    for write in ours:
        if write.at_ms > shown_until(expectation.last_at):
            (tags.add if write.added else tags.discard)(write.tag)
    return was._replace(tags=tags_text(tags))


def _differences(
    was: Known | None, now: Seen, ours: Collection[OurWrite], taken_at: int, expectation: Expectation
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tags that others removed from an opportunity, and those that they put there."""
    has = tags_of(now.tags)
    expected, judged = set(tags_of(was.tags)) if was else set(), set(has)
    for write in ours:
        if write.at_ms > shown_until(expectation.last_at):
            (expected.add if write.added else expected.discard)(write.tag)
        if write.at_ms > shown_until(taken_at):  # too fresh: as if it were as expected
            (judged.add if write.tag in expected else judged.discard)(write.tag)
    changed = {tag for tag in expected ^ judged if (now.opportunity, tag) not in expectation.unsettled}
    gained = frozenset(changed & judged) if was else frozenset()
    return frozenset(changed & expected), gained


def _paired(base: Iterable[Known], rows: Iterable[Seen]) -> Iterator[tuple[Known | None, Seen | None]]:
    """Yield what was known of each opportunity beside what is read of it, both sorted by id."""
    known, seen = iter(base), iter(rows)
    was, now = next(known, None), next(seen, None)
    while was or now:
        if now is None or (was and was[0] < now[0]):
            yield was, None
            was = next(known, None)
        elif was is None or now[0] < was[0]:
            yield None, now
            now = next(seen, None)
        else:
            yield was, now
            was, now = next(known, None), next(seen, None)


def _grouped(writes: Iterable[OurWrite]) -> Callable[[str], tuple[OurWrite, ...]]:
    """Return a function that gives the writes to an opportunity; it is called in the order of the ids."""
    groups = ((id, tuple(found)) for id, found in groupby(writes, lambda write: write.opportunity))
    head = next(groups, None)

    def of(opportunity: str) -> tuple[OurWrite, ...]:
        nonlocal head
        while head and head[0] < opportunity:
            head = next(groups, None)
        return head[1] if head and head[0] == opportunity else ()

    return of
