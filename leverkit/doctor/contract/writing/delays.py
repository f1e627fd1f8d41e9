"""When reads show what was written (section 10.27), and what happens to a tag that nobody has any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.sample import slim
from leverkit.doctor.contract.writing.step import Steps, Subject, WriteProbing, cleaned, siblings, tags_of

PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # seconds before each read
Way = tuple[Ask, Callable[[Exchange], bool]]


def _by_id(subject: Subject, tag: str) -> Way:
    return Ask(subject.path, {"include": ["tags"]}), lambda page: tag in tags_of(page)


def _by_contact(subject: Subject, tag: str) -> Way:
    def is_listed(page: Exchange) -> bool:
        return any(row["id"] == subject.id and tag in row["tags"] for row in page.rows)

    return siblings(subject), is_listed


def _by_tag(subject: Subject, tag: str) -> Way:
    return slim(limit=1, tag=tag), lambda page: bool(page.rows)


def _by_count(subject: Subject, tag: str) -> Way:
    """The tag begins with a digit, so that it is on the first page."""
    return Ask("/tags", {"limit": 100}), lambda page: _is_counted(page, tag)


WAYS = {
    "stale_single_ms": _by_id,
    "stale_list_ms": _by_contact,
    "stale_tag_filter_ms": _by_tag,
    "stale_counts_ms": _by_count,
}


def delays(subject: Subject) -> WriteProbing:
    """Add a tag for each way to read it, and read until it is shown."""
    found: dict[str, Outcome] = {}
    for key, way in WAYS.items():
        tag = subject.tag(f"seen-{len(found)}")
        yield subject.add(tag)
        found[key] = yield from _shown(key, *way(subject, tag))
    yield from cleaned(subject)
    lists, tags = (found[key].switches.get(key, 0.0) for key in ("stale_list_ms", "stale_tag_filter_ms"))
    if 0 < tags <= lists:
        found["stale_tag_filter_ms"] = confirmed("stale_tag_filter_ms", "no later than in other lists")
    return list(found.values())


def _shown(key: str, ask: Ask, shows: Callable[[Exchange], bool]) -> Steps[Outcome]:
    waited = 0.0
    for pause in PAUSES:
        waited += pause
        page = yield ask._replace(after=pause)
        if not page.ok:
            return not_tried(key, page.told)
        if shows(page) and waited:
            return refuted(key, f"shown after about {waited:.2f} s", **{key: 1000 * waited})
        if shows(page):
            return confirmed(key, "shown at once")
    if key == "stale_counts_ms":
        return not_tried(key, f"not on the first page of the tags within {waited:.1f} s")
    return refuted(key, f"not shown within {waited:.1f} s", **{key: 1000 * waited})


def settled(subject: Subject, lags: Iterable[Outcome]) -> Subject:
    """Return the opportunity with the delays that were found."""
    seconds = {key: value / 1000 for lag in lags for key, value in lag.switches.items()}
    lists = max((value for key, value in seconds.items() if key != "stale_single_ms"), default=0.0)
    return replace(subject, lag=seconds.get("stale_single_ms", 0.0), list_lag=lists)


def _is_counted(page: Exchange, tag: str) -> bool:
    return any(row.get("text") == tag for row in page.rows)


def leaving(subject: Subject) -> WriteProbing:
    """Add a tag and remove it, and look for it among the tags."""
    tag = subject.tag("gone")
    yield subject.add(tag)
    there = yield Ask("/tags", {"limit": 100}, after=subject.list_lag)
    yield from cleaned(subject)
    then = yield Ask("/tags", {"limit": 100}, after=subject.list_lag)
    if not (then.ok and _is_counted(there, tag)):
        return [not_tried("tag_leaves", "the tag is not on the first page of the tags")]
    return [judged("tag_leaves", not _is_counted(then, tag), "looked for after its removal")]


class Obstacle(NamedTuple):
    """Why no tag can be added, and what that says about the account."""

    why: str
    outcomes: tuple[Outcome, ...] = ()


def obstacle(subject: Subject) -> Steps[Obstacle | None]:
    """Add a tag with a new text; return what hinders that, as no other probe can write then."""
    tag = subject.tag("new")
    added = yield subject.add(tag)
    kept = tag in tags_of(added)
    yield from cleaned(subject)
    if added.ok and kept:
        return None
    if added.ok:
        return Obstacle("new tags are skipped", (refuted("tag_lock", "it is skipped", tag_lock="skip"),))
    if "perform_as" in added.message:
        return Obstacle("set LEVER_PERFORM_AS to a user of the account: it takes no write without one")
    if added.status not in (400, 403):
        return Obstacle(f"no tag can be added: {added.told}")
    told = f"it is refused with {added.status}"
    return Obstacle(
        f"new tags are refused with {added.status}", (refuted("tag_lock", told, tag_lock=added.status),)
    )
