"""Recomputes offline what a run did: the tags before it and its journal give the tags after it.

It compares that with the journal's chain, the seven outcomes, what each request had read before, and the tags
that `verify` read. It sends no request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from leverkit.errors import Refused, VerificationFailed
from leverkit.migration.journal import Entry, Intent, Outcome, SessionEnded
from leverkit.migration.next_step import hint
from leverkit.migration.records import RESULT, SINCE, VerificationRecord
from leverkit.migration.result import renew_result
from leverkit.migration.run import Run
from leverkit.planning.waves import ALL
from leverkit.report.text import count
from leverkit.storage import files
from leverkit.verification.verification import PairCheck

Tags = dict[str, set[str]]


class Gap(msgspec.Struct, frozen=True):
    """A tag that a reading has (+) or lacks (-) against the replay; `explained` if others changed it."""

    opportunity: str
    tag: str
    sign: str
    seen: str
    explained: bool

    @property
    def text(self) -> str:
        """Return the difference in words."""
        then, now = ("gone", "found") if self.sign == "+" else ("there", "did not find")
        seen = f"the run had seen it {then}, verify {now} it, and Lever shows no change since"
        return f"{self.sign}{self.tag!r} on {self.opportunity}: {seen}"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a replay. `changes` is the effect on each tag's count, `head` the end of the chain.

    `gaps` are differences to what requests and `verify` read; `problems` are contradictions; `hint` tells why
    the run is not as planned, if its files do.
    """

    run: str
    plan_id: str
    entries: int
    head: str
    counts: dict[str, int]
    changes: dict[str, int]
    after: dict[str, tuple[str, ...]]
    compared: int
    gaps: tuple[Gap, ...]
    problems: tuple[str, ...]
    hint: str = ""

    def to_json(self) -> bytes:
        """Return the replay as a JSON document."""
        return files.json_text(self)

    @property
    def exit_code(self) -> int:
        """Return 0 if the files agree, else 6."""
        wrong = self.problems or any(not gap.explained for gap in self.gaps)
        return VerificationFailed.exit_code if wrong else 0

    @property
    def summary(self) -> str:
        """Return the result in one line."""
        others = sum(gap.explained for gap in self.gaps)
        gaps = [gap.text for gap in self.gaps if not gap.explained]
        wrong = [*self.problems, *gaps]
        verdict = f"replay DIFFERS: {'; '.join(wrong[:5])}" if wrong else "replay agrees"
        unseen = "nothing to compare with: verify it first"
        compared = f"{count(self.compared, 'opportunity', 'opportunities')} compared"
        held = compared if self.compared else unseen
        entries = count(self.entries, "entry", "entries")
        return f"{verdict}; {entries}, {held}, {count(others, 'change')} by others"

    def require(self) -> Replay:
        """Return the replay if the files agree; else raise VerificationFailed."""
        if self.exit_code:
            raise VerificationFailed(f"{self.run}: {self.summary}")
        return self

    def __repr__(self) -> str:
        return f"<Replay of plan {self.plan_id[:12]}: {self.summary}>"


def replay(run: Run) -> Replay:
    """Replay a run from its files and write replay.json there; sends nothing.

    Raises Refused where what `verify` wrote is damaged.
    """
    renew_result(run)
    states = TagStates(run)
    gaps = [gap for entry in run.entries for gap in states.step(entry)]
    seen, since = _seen(run)
    gaps += states.against(seen, since)
    found = Replay(
        run=str(run.folder),
        plan_id=run.plan.plan_id,
        entries=len(run.entries),
        head=run.head if run.entries else "",
        counts=run.counts,
        changes=dict(sorted(states.changes.items())),
        after={opportunity: tuple(sorted(tags)) for opportunity, tags in states.tags.items()},
        compared=len(seen),
        gaps=tuple(gaps),
        problems=tuple(_problems(run, states)),
    )
    if found.exit_code or since or found.counts["pending"] or found.counts["unknown"]:
        found = msgspec.structs.replace(found, hint=hint(run, run.wave(ALL)))
    try:
        files.write_atomic(run.folder / "replay.json", found.to_json())
    except OSError as error:  # as on a read-only disk
        note = f"replay.json could not be written: {error.strerror}"
        found = msgspec.structs.replace(found, hint="; ".join(filter(None, (found.hint, note))))
    return found


class _Verified(VerificationRecord, frozen=True, kw_only=True):
    differences: tuple[PairCheck, ...] = ()


class TagStates:
    """The tags of the plan's opportunities, entry by entry."""

    def __init__(self, run: Run) -> None:
        self._plan = run.plan
        ops = enumerate(run.plan.operations)
        self._open = {(op.opportunity, op.tag) for n, op in ops if run.state.outcome_name(n) == "unknown"}
        self.tags: Tags = {opportunity: set(known.tags) for opportunity, known in run.plan.before.items()}
        self.changes = Counter[str]()
        self.twice: list[int] = []
        self.unrequested: list[int] = []
        self._sent: set[int] = set()
        self._done: set[int] = set()
        self._seen: set[tuple[str, str]] = set()

    def step(self, entry: Entry) -> Iterator[Gap]:
        """Apply an entry; yield the differences between its reading and the replay, which others made."""
        body = entry.body
        if isinstance(body, Intent):
            self._sent.update(body.ops)
            yield from self._differences(body.opportunity, set(body.before), "before a request")
            self.tags[body.opportunity] = set(body.before)
        elif isinstance(body, Outcome):
            self._apply_outcome(body)

    def against(self, seen: Mapping[str, Sequence[str]], since: Collection[tuple[str, str]]) -> list[Gap]:
        """Return the differences to what `verify` read, without those of operations in flight.

        `since` are the planned changes that, by Lever, were changed after the run.
        """
        self._seen -= set(since)
        return [
            gap
            for opportunity, tags in seen.items()
            for gap in self._differences(opportunity, set(tags), "by verify")
            if (gap.opportunity, gap.tag) not in self._open
        ]

    def _apply_outcome(self, outcome: Outcome) -> None:
        op = self._plan.operations[outcome.op]
        pair = (op.opportunity, op.tag)
        (self._seen.add if outcome.effective or outcome.outcome == "no_op" else self._seen.discard)(pair)
        if outcome.effective:
            if outcome.op in self._done:
                self.twice.append(outcome.op)
            if outcome.op not in self._sent:
                self.unrequested.append(outcome.op)
            self._done.add(outcome.op)
            self.changes[op.tag] += op.delta
        elif outcome.stored and outcome.stored not in self.tags[op.opportunity]:
            self.tags[op.opportunity].add(outcome.stored)
            self.changes[outcome.stored] += 1
        if not outcome.effective and outcome.outcome != "no_op":
            return
        (self.tags[op.opportunity].add if op.action == "add" else self.tags[op.opportunity].discard)(op.tag)

    def _differences(self, opportunity: str, seen: set[str], where: str) -> Iterator[Gap]:
        have = self.tags.get(opportunity, set())
        for tag in sorted(seen ^ have):
            # What was never seen in place contradicts nothing: whoever it is from, the run did not claim it.
            ours = (opportunity, tag) in self._seen and where == "by verify"
            yield Gap(opportunity, tag, "+" if tag in seen else "-", where, not ours)


def _seen(run: Run) -> tuple[Mapping[str, Sequence[str]], frozenset[tuple[str, str]]]:
    """Return the tags that `verify` read after the last write, and the planned changes that others undid."""
    path = run.folder / "after.json"
    try:
        seen = msgspec.json.decode(files.read(path), type=dict[str, list[str]])
        verified = msgspec.json.decode(files.read(run.folder / "verify.json"), type=_Verified)
    except FileNotFoundError:
        return {}, frozenset()
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(f"{path}: damaged, verify again: {error}") from None
    if verified.plan_id != run.plan.plan_id:
        return {}, frozenset()
    since = frozenset((each.opportunity, each.tag) for each in verified.differences if each.reported == SINCE)
    return (seen, since) if verified.is_after_writes(run.entries) else ({}, frozenset())


def _problems(run: Run, states: TagStates) -> Iterator[str]:
    """Yield the contradictions between the files of a run."""
    if states.twice:
        yield f"operations {states.twice} are recorded as effective twice"
    if states.unrequested:
        yield f"operations {states.unrequested} are effective without a request before"
    if not run.entries or not isinstance(run.entries[-1].body, SessionEnded):
        return  # not begun, or broken off: result.json is of an earlier end, if it is there
    reported = files.read_json(run.folder / RESULT, dict[str, Any])
    if reported is None or "counts" not in reported:
        yield "result.json is missing or damaged: apply again writes it"
    elif reported["counts"] != run.counts:
        yield f"result.json counts {reported['counts']}, the journal {run.counts}"
