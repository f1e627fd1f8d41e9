"""What a plan warns of: tags that it leaves out, gaps of the snapshot, tags that look like a posting's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from leverkit.api.tags import unwritable
from leverkit.planning.operation import Operation
from leverkit.policy.account_fit import nowhere, present_tags
from leverkit.policy.matching import without_opportunities
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.policy.near_duplicates import NearDuplicates
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

_POSTING_WORDS = """
    SELECT DISTINCT word FROM (
        SELECT unnest(list_concat([text, team, department, location, commitment, level], locations, tags))
        FROM postings) AS words(word)
    WHERE word IN (SELECT unnest($tags))
"""


def left_out(snapshot: Snapshot, policy: Policy, tags: Collection[str], alike: NearDuplicates) -> list[str]:
    """Return which contact tags are not planned, and why; `tags` are."""
    every = [tag for tag in policy.contact_tags if tag not in alike.left]
    absent = filter(None, [nowhere(policy.decisions, present_tags(snapshot))])
    notes = [f"tag {tag[:40]!r} is not planned: {why}" for tag in every if (why := unwritable(tag))]
    if len(tags) + len(notes) < len(every):
        notes.append(f"only {len(tags)} of {count(len(every), 'contact tag')} planned, as asked")
    return [*absent, *notes]


def warnings(snapshot: Snapshot, policy: Policy, operations: Sequence[Operation]) -> list[str]:
    """Return what to know of the snapshot, and of the tags that are copied."""
    tags = sorted({operation.tag for operation in operations})
    notes = [str(note) for note in snapshot.meta.get("not_seen", ())]
    notes += without_opportunities(policy.matchings, snapshot)
    if not snapshot.meta.get("complete", True):
        notes.append("the snapshot is not complete: opportunities that it does not hold are not planned for")
    if not tags:
        return notes
    named = ", ".join(repr(tag) for tag in tags)
    notes.append(f"Lever automations with a 'tag added' trigger may fire for: {named}")
    words = {word for (word,) in snapshot.sql(_POSTING_WORDS, params={"tags": tags}).fetchall()}
    words |= {row.tag for row in policy.decisions if row.suggested_scope == "opportunity"} & set(tags)
    notes += [
        f"{word!r} looks like a word of a posting, yet it is copied to the person" for word in sorted(words)
    ]
    return notes
