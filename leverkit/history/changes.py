"""What changed between two readings, from the events of the ledger: taggings, and by whom.

A tag that was added and removed again in between does not count as a change. Tags have the names that
they have now: a renamed tag was neither removed nor added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from leverkit.history.reading import Pair, tags_of, tags_text
from leverkit.history.tables import Event

By = Literal["us", "others", "posting", "new opportunity", "gone opportunity"]
ADDED = ("added by us", "added by others")
REMOVED = ("taken back", "removed by others", "removed everywhere")
OURS, FROM_POSTING = ("added by us", "taken back"), "from posting"
CAME, WENT = ("new opportunity", "seen again"), ("deleted", "anonymized", "hidden")


class Change(NamedTuple):
    """A tagging that is there now and was not, or the other way round; `at_ms` and `run` of the last event.

    `run` is the beginning of the id of the plan by which we made it so.
    """

    at_ms: int
    contact: str
    opportunity: str
    tag: str
    added: bool
    by: By
    run: str = ""


def with_names_of_now(events: Sequence[Event]) -> list[Event]:
    """Return the events, oldest first, with the tags named as they are after the last of them."""
    names: dict[str, str] = {}
    renamed = list[Event]()
    for event in reversed(events):
        if event.kind == "renamed":
            names[event.tag] = names.get(event.detail, event.detail)
        elif names:
            event = _renamed(event, names)
        renamed.append(event)
    return renamed[::-1]


def _renamed(event: Event, names: dict[str, str]) -> Event:
    if event.kind in CAME + WENT and event.detail:
        tags = tags_text(names.get(tag, tag) for tag in tags_of(event.detail))
        return event._replace(detail=tags)
    return event._replace(tag=names.get(event.tag, event.tag))


def net_changes(events: Iterable[Event]) -> list[Change]:
    """Return what is otherwise after these events, oldest first, than it was before them."""
    before, last = dict[Pair, bool](), dict[Pair, Change]()
    held: dict[str, set[str]] = {}  # tags that came to an opportunity, and go with it
    for event in events:
        own = held.setdefault(event.opportunity, set())
        for change in _changes(event, own):
            pair = change.opportunity, change.tag
            before.setdefault(pair, not change.added)
            last[pair] = change
            (own.add if change.added else own.discard)(change.tag)
    return sorted(change for pair, change in last.items() if change.added != before[pair])


def _changes(event: Event, held: Collection[str]) -> Iterator[Change]:
    """Yield what one event changed; `held` are the tags that came to its opportunity earlier."""
    who, added = (event.at_ms, event.contact, event.opportunity), event.kind in ADDED + CAME
    if event.kind in ADDED + REMOVED:
        by: By = "us" if event.kind in OURS else "posting" if event.detail == FROM_POSTING else "others"
        yield Change(*who, event.tag, added, by, event.run)
    elif event.kind in CAME + WENT:
        tags = tags_of(event.detail or "[]")
        for tag in sorted(tags.difference(held) if added else tags.union(held)):
            yield Change(*who, tag, added, "new opportunity" if added else "gone opportunity")
