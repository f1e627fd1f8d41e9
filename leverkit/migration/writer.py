"""One process's work on a run: read a batch of contacts, write, read back, record; adds before removes.

The only calls of the two tag writes are here. Nothing is written that the reading just before
contradicts, and no request leaves before its intent is on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from leverkit.api.client import Lever
from leverkit.api.models import Opportunity
from leverkit.api.threads import thread_pool
from leverkit.errors import AccessDenied, ApiError, Unreachable
from leverkit.migration.journal import (
    Answer,
    Intent,
    Journal,
    Noticed,
    Outcome,
    OutcomeName,
    Said,
    Standing,
)
from leverkit.migration.outcomes import Reading, Verdict, after_write, before_write, read
from leverkit.migration.run import Run
from leverkit.migration.stop import DENIED, PAUSED, Halt
from leverkit.planning.operation import ACTIONS, Operation, batches
from leverkit.planning.waves import Wave
from leverkit.report.progress import Progress

WORKERS = 8  # writes in flight: enough to reach 10 a second at 800 ms latency
FRESH = 10.0  # seconds after which a reading is too old for a write to rest on it
LOOK_AGAIN = 0.5  # seconds between two looks at the file PAUSE
REREAD_AFTER = (0.5, 1.0, 2.0, 4.0)  # seconds; Lever may show a write a moment later


@dataclass(frozen=True)
class Times:
    """Where a run takes its time from, and the waits before an effect is looked for again."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    reread_after: tuple[float, ...] = REREAD_AFTER


class Writer:
    """One process's work on a run."""

    def __init__(
        self,
        run: Run,
        lever: Lever,
        journal: Journal,
        wave: Wave,
        halt: Halt,
        times: Times,
        bar: Progress,
    ) -> None:
        self._run, self._lever, self._journal = run, lever, journal
        self._halt, self._times, self._bar = halt, times, bar
        self._numbers = {operation: number for number, operation in enumerate(run.plan.operations)}
        self._standing = run.state
        self._inside = wave.positions
        self._ended = sum(map(self._standing.settled, wave.positions))
        self._ours = {(i.opportunity, tag) for i in self._standing.intents.values() for tag in i.tags}
        self._landed = set[str]()  # opportunities whose answer was lost, with the effect seen since
        self._known = {*run.plan.before, *(late.opportunity for late in self._standing.noticed)}

    def phases(self) -> None:
        """Add everything; only when that has ended, remove."""
        with thread_pool(WORKERS) as pool:
            for action in ACTIONS:
                for batch in batches(self._left(action), self._run.plan.siblings):
                    left = batch
                    while left:
                        self._pause()
                        if self._halt.reason:
                            return
                        left = self._batch(left, pool)

    def _pause(self) -> None:
        while self._halt.paused:
            self._bar.update(self._ended, PAUSED)
            self._times.sleep(LOOK_AGAIN)

    def _left(self, action: str) -> list[Operation]:
        """Return what is still to do in a phase; a removal waits for the additions to its contact."""
        standing = self._run.at(self._journal.entries).state
        left = [
            operation
            for operation, number in self._numbers.items()
            if operation.action == action and number in self._inside and not standing.settled(number)
        ]
        if action == "add" or self._halt.reason:
            return left
        return self._held_back(left, standing)

    def _held_back(self, removals: list[Operation], standing: Standing) -> list[Operation]:
        """Settle the removals whose contact did not get all it should have; return the others."""
        short = {
            operation.contact: standing.name(number)
            for operation, number in self._numbers.items()
            if operation.action == "add" and standing.name(number) not in ("done", "no_op", "gone")
        }
        held = {operation: short[operation.contact] for operation in removals if operation.contact in short}
        self._settle({operation: _held(name) for operation, name in held.items()})
        return [operation for operation in removals if operation not in held]

    def _batch(self, batch: Sequence[Operation], pool: ThreadPoolExecutor) -> tuple[Operation, ...]:
        """Read, settle, write, read back; return what was not sent, as its turn came too late."""
        reading = self._read(batch)
        self._notice(batch, reading)
        verdicts = {operation: self._judge(operation, reading) for operation in batch}
        self._settle(verdicts)
        todo = [operation for operation, verdict in verdicts.items() if verdict.outcome is None]
        answers = self._write(todo, reading, pool)
        self._confirm(answers, reading)
        return tuple(operation for operation in todo if operation not in answers)

    def _read(self, operations: Iterable[Operation]) -> Reading:
        return read(self._lever, tuple(operations), self._times.clock)

    def _judge(self, operation: Operation, reading: Reading) -> Verdict:
        return before_write(
            self._run.plan,
            operation,
            now=reading.found.get(operation.opportunity),
            source=self._has_source(operation, reading),
            intent=self._standing.unanswered(self._numbers[operation]),
        )

    def _has_source(self, operation: Operation, reading: Reading) -> bool:
        """Say whether the contact still carries the tag on an opportunity that we did not write it to."""
        return any(
            operation.tag in sibling.tags
            and (sibling.id, operation.tag) not in self._ours
            and not sibling.is_anonymized
            for sibling in reading.siblings(operation.contact)
        )

    def _notice(self, batch: Sequence[Operation], reading: Reading) -> None:
        """Record opportunities that came after the plan: the next plan will have them."""
        contacts = {operation.contact for operation in batch}
        late = [
            Noticed(opportunity.contact, opportunity.id)
            for opportunity in reading.found.values()
            if opportunity.contact in contacts and opportunity.id not in self._known
        ]
        if late:
            self._journal.append(*late)
            self._known.update(newcomer.opportunity for newcomer in late)

    def _write(
        self, todo: Sequence[Operation], reading: Reading, pool: ThreadPoolExecutor
    ) -> dict[Operation, Answer]:
        """Send one request per opportunity, several at once; return the answers to what was sent."""
        groups = [tuple(group) for _, group in groupby(todo, key=lambda operation: operation.opportunity)]
        sent = [pool.submit(self._request, group, reading) for group in groups]
        return {operation: answer for future in sent for operation, answer in future.result().items()}

    def _request(self, group: tuple[Operation, ...], reading: Reading) -> dict[Operation, Answer]:
        """Send a request when it is its turn, unless the run should stop by then or the reading is old."""
        self._lever.pace.wait()
        if self._halt.reason or self._times.clock() - reading.answered_at > FRESH:
            self._lever.pace.give_back()
            return {}
        now = reading.found[group[0].opportunity]
        intent = Intent(
            ops=tuple(self._numbers[operation] for operation in group),
            opportunity=now.id,
            action=group[0].action,
            tags=tuple(operation.tag for operation in group),
            before=now.tags,
            updated_at=now.updated_at,
        )
        self._ours.update((now.id, tag) for tag in intent.tags)
        number = self._journal.append(intent)
        said, note = self._send(intent, lambda in_doubt: self._may_repeat(group, now, in_doubt))
        window = round((self._times.clock() - reading.asked_at) * 1000)
        answer = Answer(number, said, window, note)
        self._journal.append(answer)
        if said == "denied":
            return {}
        self._halt.heard(said == "ok" or now.id in self._landed, note)
        return dict.fromkeys(group, answer)

    def _may_repeat(self, group: tuple[Operation, ...], before: Opportunity, in_doubt: bool) -> bool:
        """Say whether a request without an answer may be repeated: what it was decided on is still so.

        `in_doubt`: it may have had its effect, which a person may have undone, so nothing may have changed.
        """
        if self._halt.reason:
            return False
        try:
            reading = self._read(group)
        except ApiError:
            return False  # the reading back settles it
        now = reading.found.get(before.id)
        if in_doubt and now is not None and all(operation.is_so(now.tags) for operation in group):
            self._landed.add(now.id)
        if in_doubt and now != before:
            return False
        return all(self._judge(operation, reading).outcome is None for operation in group)

    def _send(self, intent: Intent, may_retry: Callable[[bool], bool]) -> tuple[Said, str]:
        send = self._lever.add_tags if intent.action == "add" else self._lever.remove_tags
        try:
            send(intent.opportunity, intent.tags, may_retry=may_retry, turn_taken=True)
        except AccessDenied as error:
            self._halt.ask(DENIED, error)
            return "denied", str(error)
        except Unreachable as error:
            return ("refused" if error.status == 429 else "lost"), str(error)
        except ApiError as error:
            return ("refused" if error.status else "lost"), str(error)
        return "ok", ""

    def _confirm(self, answers: dict[Operation, Answer], before: Reading) -> None:
        """Read back what was sent until each effect is seen or known to be missing."""
        waits = (0.0, *self._times.reread_after)
        for turn, wait in enumerate(waits, 1):
            if not answers:
                return
            if wait:
                self._times.sleep(wait)
            reading = self._read(answers)
            verdicts = {
                operation: after_write(
                    operation,
                    reading.found.get(operation.opportunity),
                    answer,
                    before=before.found[operation.opportunity].tags,
                    last=turn == len(waits),
                )
                for operation, answer in answers.items()
            }
            self._settle(verdicts)
            self._hear(verdicts, answers)
            answers = {op: answer for op, answer in answers.items() if verdicts[op].outcome is None}

    def _hear(self, verdicts: Mapping[Operation, Verdict], answers: Mapping[Operation, Answer]) -> None:
        """Count writes that Lever accepted and that had no effect as failures too."""
        without = {
            answers[operation].intent: verdict.evidence
            for operation, verdict in verdicts.items()
            if verdict.outcome == "failed" and answers[operation].said == "ok"
        }
        for evidence in without.values():
            self._halt.heard(False, evidence)

    def _settle(self, verdicts: Mapping[Operation, Verdict]) -> None:
        """Record the verdicts that are outcomes, in one commit."""
        outcomes = [
            Outcome(
                self._numbers[operation], verdict.outcome, verdict.effective, verdict.evidence, verdict.stored
            )
            for operation, verdict in verdicts.items()
            if verdict.outcome is not None
        ]
        if outcomes:
            self._journal.append(*outcomes)
            self._ended += len(outcomes)
            self._bar.update(self._ended, self._halt.reason)


def _held(name: str) -> Verdict:
    outcome: OutcomeName = "drifted" if name == "drifted" else "failed"
    return Verdict(outcome, f"held back: an addition to the same contact ended {name}")
