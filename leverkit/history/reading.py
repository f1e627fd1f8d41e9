"""What is handed in to the ledger: readings of an account, and what our runs wrote there.

Tags of an opportunity travel as one text, the JSON of the sorted list: a million of them are compared so.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from sys import intern
from typing import NamedTuple

import msgspec

MARGIN = 60_000  # ms: Lever may show a write so late, so nothing younger is judged
Pair = tuple[str, str]  # opportunity, tag


class Seen(NamedTuple):
    """An opportunity as a reading has it; `tags` and `postings` are JSON texts of lists."""

    opportunity: str
    contact: str
    tags: str
    created_at: int
    is_anonymized: bool = False
    postings: str = "[]"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it was read, complete.

    `account_ids` are all ids by which the account can be recognised. `taken_at` is when the reading began, by
    Lever's clock, in milliseconds since the epoch: all older changes are in it. `rows` are sorted by
    opportunity and are used once. `deleted` are the ids that Lever lists as deleted since the reading before,
    `tag_counts` the number of opportunities of each tag, `posting_tags` the tags that Lever takes from each
    posting.
    """

    account_ids: tuple[str, ...]
    taken_at: int
    digest: str
    rows: Iterable[Seen]
    deleted: Collection[str] = frozenset()
    tag_counts: Mapping[str, int] = {}
    posting_tags: Mapping[str, Collection[str]] = {}


class Write(NamedTuple):
    """A change that a run of ours made, as it was read back.

    `seq` is the number of its entry in the journal, `at_ms` the time of the reading back, by Lever's clock
    where that is known. One that was not `kept` was accepted, and not seen when read back.
    """

    seq: int
    at_ms: int
    contact: str
    opportunity: str
    tag: str
    added: bool
    kept: bool = True


class RunWrites(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal of a run tells: its length and end, what it changed, and where that is not known yet.

    `folder` identifies it: two runs may carry out equal plans.
    """

    plan_id: str
    folder: str
    kind: str
    entries: int
    head: str
    writes: tuple[Write, ...] = ()
    unsettled: frozenset[Pair] = frozenset()


def shown_until(taken_at: int) -> int:
    """Return until when (ms since epoch) all our writes surely show in a reading that began at `taken_at`."""
    return taken_at - MARGIN


def tags_text(tags: Iterable[str]) -> str:
    """Return tags as the text in which they are kept."""
    return json.dumps(sorted(set(tags)), ensure_ascii=False, separators=(",", ":"))


def tags_of(text: str) -> frozenset[str]:
    """Return the tags that a text keeps."""
    return frozenset(map(intern, msgspec.json.decode(text, type=list[str])))
