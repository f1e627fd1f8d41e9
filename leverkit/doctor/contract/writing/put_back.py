"""Put the tags of the test opportunity back as they were, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from leverkit.doctor.contract.writing.step import AT_ONCE, Steps, Subject, cleaned, tags_of


def put_back(subject: Subject) -> Steps[list[str]]:
    """Remove what was added, add what is missing, and return the tags that the opportunity then has."""
    yield from cleaned(subject)
    now = tags_of((yield subject.read(include=["tags"])))
    missing = [tag for tag in subject.tags if tag not in now]
    moved = _moved(subject.tags, [*(tag for tag in now if tag in subject.tags), *missing])
    yield from _in_parts(subject, [tag for tag in moved if tag in now], add=False)
    yield from _in_parts(subject, [tag for tag in subject.tags if tag in {*moved, *missing}], add=True)
    return tags_of((yield subject.read(include=["tags"])))


def _moved(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the tags from the first on that is not where it was: they have to be added anew, in order."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False))
    return list(before[sum(1 for _ in same) :])


def _in_parts(subject: Subject, tags: Sequence[str], *, add: bool) -> Steps[None]:
    for start in range(0, len(tags), AT_ONCE):
        part = tags[start : start + AT_ONCE]
        yield subject.add(*part) if add else subject.remove(*part)
