"""Which opportunities get a contact tag: all, the active ones, those of a posting. Each may be its source.

A text of several words, as a plan makes it from a policy and an option, means that all of them must hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from leverkit.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

_OF_POSTINGS = """
    SELECT posting, count(*) FROM (SELECT unnest(postings) AS posting FROM opportunities)
    WHERE posting IN (SELECT unnest($postings)) GROUP BY posting
"""
ALL, ACTIVE, POSTING = "all", "active", "posting:"


def matching_of(where: str, text: str) -> str:
    """Return which opportunities a person named; empty where nothing is. Raises UsageError."""
    words = [_word(where, text, word) for word in text.split()]
    return " ".join(dict.fromkeys(words))


def narrower(*texts: str) -> str:
    """Return what matches all of these; empty for all opportunities."""
    return " ".join(sorted({word for text in texts for word in text.split()} - {ALL}))


def matches(matching: str, *, archived: bool, postings: Collection[str]) -> bool:
    """Return True if an opportunity with these postings (ids) gets a tag."""
    words = narrower(matching).split()
    return all(not archived if word == ACTIVE else word.removeprefix(POSTING) in postings for word in words)


def postings_in(matching: str) -> list[str]:
    """Return the ids of the postings that a matching names."""
    return [word.removeprefix(POSTING) for word in matching.split() if word.startswith(POSTING)]


def without_opportunities(matchings: Iterable[str], snapshot: Snapshot) -> list[str]:
    """Return a note for each posting that these texts name and no opportunity of an account has."""
    named = sorted({posting for matching in matchings for posting in postings_in(matching)})
    seen = dict(snapshot.sql(_OF_POSTINGS, params={"postings": named}).fetchall()) if named else {}
    return [f"no opportunity is of posting {posting[:40]!r}" for posting in named if posting not in seen]


def _word(where: str, text: str, word: str) -> str:
    kind, colon, posting = word.partition(":")
    name = kind.casefold() + colon
    if name in (ALL, ACTIVE) or (name == POSTING and posting):
        return name + posting
    hint = did_you_mean(name, (ALL, ACTIVE, POSTING)) or "."
    raise UsageError(f"{where}: {text!r} names no opportunities{hint} Allowed: all, active, posting:ID")
