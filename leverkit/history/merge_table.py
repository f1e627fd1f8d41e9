"""The merge table: whether a tag that is wished on an opportunity is added there, and if not, why.

It is one function over values; planner, sync, receiver and propagation call it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from leverkit.report.text import day

MarkKind = Literal[
    "added by us", "added by others", "removed by others", "removed everywhere", "taken back", "not kept"
]
Verdict = Literal[
    "in place",
    "add",
    "removed by others",
    "gone for the contact",
    "taken back",
    "not kept",
    "left as it was",
    "too fresh to tell",
    "nobody carries it",
]
ADDED: Collection[MarkKind] = ("added by us", "added by others")
REMOVED: Collection[MarkKind] = ("removed by others", "removed everywhere")
UNDONE: Collection[MarkKind] = ("taken back", "not kept")  # by us, by Lever


class Mark(msgspec.Struct, frozen=True):
    """What a reading cannot tell of a tagging: who made it so, when, and by which run of ours.

    `not kept`: Lever accepted a write of ours, and showed it late, in another form or not at all.
    `at_ms` is in milliseconds since the epoch: of our own writes the time, of others' changes that of the
    reading that found them. `reading` is the number of the reading that followed or found it.
    """

    contact: str
    kind: MarkKind
    at_ms: int
    run: str = ""
    reading: int = 0


class PairFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and an opportunity of a contact, and all that is known of the two.

    `now`: the tag is there. `before`: it was expected there by the ledger; None where the opportunity is new.
    `mark` is its own, or for an opportunity without one, that of the whole contact. `carried`: a visible
    opportunity of the contact that is not anonymized carries it now. `newer_carrier`: one carries it that did
    not when the pair was considered, or when the tag was removed everywhere. `considered`: the first
    plan of this decision has listed the gap. `fresh`: we wrote it too late for the reading to show.
    `named`: a caller or an option names the tag.
    """

    now: bool = False
    before: bool | None = None
    mark: Mark | None = None
    carried: bool = True
    newer_carrier: bool = False
    considered: bool = False
    fresh: bool = False
    named: bool = False


def judge(pair: PairFacts, *, unattended: bool) -> Verdict:
    """Return what becomes of a pair; `unattended` where no person reads the plan before it is carried out.

    Anonymized opportunities, and those that do not match, are left by the callers before they ask.
    """
    if pair.now:
        return "in place"
    if pair.named:
        return "add"
    return _removed(pair) or _left(pair, unattended) or "add"


def _removed(pair: PairFacts) -> Verdict | None:
    """Return why a pair is left: people removed the tag, or no opportunity carries it any more."""
    kind = pair.mark.kind if pair.mark else None
    if kind == "removed everywhere" and not pair.newer_carrier:
        return "gone for the contact"
    if kind == "removed by others":
        return "removed by others"
    if not pair.carried:
        return "nobody carries it"
    if pair.fresh:
        return "too fresh to tell"
    return "removed by others" if pair.before and kind != "taken back" else None


def _left(pair: PairFacts, unattended: bool) -> Verdict | None:
    """Return why an unattended run leaves a pair that a person may plan."""
    if not unattended:
        return None
    if pair.mark is not None and (pair.mark.kind == "taken back" or pair.mark.kind == "not kept"):
        return pair.mark.kind
    return "left as it was" if pair.considered and not pair.newer_carrier else None


def reason(verdict: Verdict, mark: Mark | None) -> str:
    """Return a verdict as people read it; of a removal, with the day on which it was found."""
    if mark is None or verdict not in ("removed by others", "gone for the contact", *UNDONE):
        return verdict
    if mark.kind in ADDED:  # the last that is known is that it was there
        return verdict
    return f"{verdict} ({'found ' if mark.kind in REMOVED else ''}on {day(mark.at_ms)})"


def decided_since(marks: Iterable[Mark | None], at_ms: int) -> str:
    """Return what others decided later than a time (ms) on a tag that is not there; empty where nothing.

    `marks` are its own and that of the whole contact. One of an addition tells that the tag was there.
    """
    for mark in marks:
        if mark and mark.at_ms > at_ms and mark.kind not in UNDONE:
            everywhere = mark.kind == "removed everywhere"
            verdict: Verdict = "gone for the contact" if everywhere else "removed by others"
            return f"{reason(verdict, mark)}, since the plan was made"
    return ""


def since(mark: Mark) -> str:
    """Return what is known of a tagging after a run, in words."""
    whose = f"plan {mark.run}" if mark.run else "somebody else"
    return f"{mark.kind} since, by the ledger ({whose}, {day(mark.at_ms)})"
