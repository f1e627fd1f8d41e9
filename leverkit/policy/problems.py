"""What deserves a look in an edited policy.csv, one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from leverkit.policy.account_fit import nearest, present_tags, some
from leverkit.policy.decision import Decision, Undecided
from leverkit.policy.matching import without_opportunities
from leverkit.report.text import count
from leverkit.storage.typed_date import span

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

HINTS = 20  # tags that are not in the snapshot, for which the nearest is looked up


def problems(
    rows: Sequence[Decision],
    snapshot: Snapshot,
    *,
    where: str,
    overwritten: Sequence[str],
    undecided: Sequence[Undecided],
) -> list[str]:
    """Return the problems of the rows for a snapshot; undecided tags last, of these those of postings."""
    present = present_tags(snapshot)
    matchings = [row.matching for row in rows if row.standing == "contact"]
    lines = [
        *_absent([row.tag for row in rows], present),
        *_without_row({row.tag for row in rows}, present),
        *_without_date(rows),
        *overwritten,
        *(row.warning for row in rows if row.warning),
        *without_opportunities(matchings, snapshot),
    ]
    of_postings = {row.tag for row in rows if row.from_posting}
    return [f"{where}: {line}" for line in lines] + _undecided(where, undecided, of_postings)


def _absent(tags: Sequence[str], present: Collection[str]) -> Iterator[str]:
    for number, tag in enumerate(tag for tag in tags if tag not in present):
        yield f"tag {tag!r} is not in the snapshot{nearest(tag, present) if number < HINTS else ''}"


def _without_row(tags: Collection[str], present: Collection[str]) -> Iterator[str]:
    if missing := sorted(set(present).difference(tags, {""})):
        lack = count(len(missing), "tag has", "tags have")
        yield f"{lack} no row, so undecided: {some(missing)}"


def _without_date(rows: Sequence[Decision]) -> Iterator[str]:
    for row in rows:
        if row.decided_at and span(row.decided_at) == span("?"):
            yield f"tag {row.tag!r}: decided_at {row.decided_at!r} is no date that leverkit can read"


def _undecided(where: str, undecided: Sequence[Undecided], of_postings: Collection[str]) -> list[str]:
    ranked = sorted((row.tag in of_postings, -row.opportunities, row.tag) for row in undecided)
    tags = [tag for *_, tag in ranked]
    if not tags:
        return []
    posted = len(set(of_postings).intersection(tags))
    number = count(len(tags), "tag is", "tags are") + " undecided"
    number += f", {posted:,} of them from postings" if posted else ""
    return [f"LK201 {where}: {number}: {some(tags)}"]
