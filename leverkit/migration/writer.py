"""Carries out the operations of a wave in batches: read the contacts, write, read back, record the outcome.

Only this module calls `add_tags` and `remove_tags`. Nothing is written that the reading just before
contradicts, and no request is sent before its intent is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from msgspec import UNSET

from leverkit.api.client import Lever
from leverkit.api.models import Opportunity
from leverkit.api.threads import thread_pool
from leverkit.errors import ApiError
from leverkit.migration.journal import Intent, Journal, Outcome, WriteResponse
from leverkit.migration.outcomes import (
    ContactWatch,
    Judgement,
    Reading,
    after_write,
    before_write,
    held_back_by,
    read_batch,
    write_status,
)
from leverkit.migration.renames import left_by_renames
from leverkit.migration.run import Run
from leverkit.migration.run_state import RunState
from leverkit.migration.stop import PAUSED, StopControl
from leverkit.migration.times import Times
from leverkit.planning.operation import ACTIONS, Operation, batches, by_opportunity
from leverkit.planning.waves import Wave
from leverkit.report.progress import Progress

WORKERS = 8  # writes in flight: enough for 10 requests a second at 800 ms latency
FRESH = 10.0  # seconds after which a reading is too old for a write to rest on it
PAUSE_POLL = 0.5  # seconds between two checks for the file PAUSE


class Writer:
    """Carries out a wave of a run in this process."""

    def __init__(
        self,
        run: Run,
        lever: Lever,
        journal: Journal,
        wave: Wave,
        stop: StopControl,
        times: Times,
        bar: Progress,
    ) -> None:
        self._run, self._lever, self._journal = run, lever, journal
        self._stop, self._times, self._bar = stop, times, bar
        self._positions = {operation: number for number, operation in enumerate(run.plan.operations)}
        self._state = run.state
        self._wave = wave.positions
        self._ended = sum(map(self._state.is_settled, wave.positions))
        self._ours = {(i.opportunity, tag) for i in self._state.intents.values() for tag in i.tags}
        by_id = by_opportunity(run.plan.operations)
        self._named = {opportunity: [op.tag for op in ops] for opportunity, ops in by_id.items()}
        self._began_ms = 0  # by Lever's clock, at the first reading
        self._landed = set[str]()  # opportunities whose response was lost, with the effect seen since
        self._watch = ContactWatch(run.plan, self._state)
        self._decided = run.decided_since(lever.account.label.workspace)

    def phases(self) -> None:
        """Carry out all additions, and only then the removals."""
        with thread_pool(WORKERS) as pool:
            for action in ACTIONS:
                for batch in batches(self._left(action), self._run.plan.siblings):
                    parts = [batch]
                    while parts:
                        self._wait_while_paused()
                        if self._stop.reason:
                            return
                        parts += self._batch(parts.pop(), pool)

    def _wait_while_paused(self) -> None:
        while self._stop.paused:
            self._bar.update(self._ended, PAUSED)
            self._times.sleep(PAUSE_POLL)

    def _left(self, action: str) -> list[Operation]:
        """Return the operations of a phase that are not settled, without removals that must be held back."""
        ops = [op for op, number in self._positions.items() if op.action == action and number in self._wave]
        # That of a large run takes seconds and much memory; before the additions it is the one at hand.
        state = self._run.at(self._journal.entries).state if ops and action == "remove" else self._state
        left = [op for op in ops if not state.is_settled(self._positions[op])]
        if action == "add" or self._stop.reason:
            return left
        return self._without_renamed(self._held_back(left, state), state)

    def _held_back(self, removals: list[Operation], state: RunState) -> list[Operation]:
        """Settle the removals whose contact lacks an addition; return the others."""
        short = {
            operation.contact: state.outcome_name(number)
            for operation, number in self._positions.items()
            if operation.action == "add" and state.outcome_name(number) not in ("done", "no_op", "gone")
        }
        held = {operation: short[operation.contact] for operation in removals if operation.contact in short}
        self._settle({operation: held_back_by(name) for operation, name in held.items()})
        return [operation for operation in removals if operation not in held]

    def _without_renamed(self, removals: list[Operation], state: RunState) -> list[Operation]:
        """Settle the removals of a rollback whose tag was renamed in Lever; return the others."""
        if self._run.plan.kind != "rollback":
            return removals
        fresh = [op for op in removals if state.open_intent(self._positions[op]) is None]
        left = left_by_renames(self._run.plan, self._lever, fresh)
        self._settle({operation: Judgement("drifted", note) for operation, note in left.items()})
        return [operation for operation in removals if operation not in left]

    def _batch(self, batch: Sequence[Operation], pool: ThreadPoolExecutor) -> list[tuple[Operation, ...]]:
        """Read, judge, write and read back; return what was not sent, in halves where nothing was."""
        reading = self._read(batch)
        judgements = {operation: self._judge(operation, reading) for operation in batch}
        self._settle(judgements, reading)
        todo = [operation for operation, judgement in judgements.items() if judgement.outcome is None]
        responses = self._write(todo, reading, pool)
        self._confirm(responses, reading)
        left = tuple(operation for operation in todo if operation not in responses)
        half = len(left) // 2 if len(left) == len(batch) else 0  # else it may be too slow for ever
        return [part for part in (left[half:], left[:half]) if part]

    def _read(self, operations: Iterable[Operation]) -> Reading:
        reading = read_batch(self._lever, self._run.plan, tuple(operations), self._times.now)
        self._began_ms = self._began_ms or self._lever.now()
        if notes := self._watch.notes(reading):
            self._journal.append(*notes)
        return reading

    def _judge(self, operation: Operation, reading: Reading) -> Judgement:
        return before_write(
            self._run.plan,
            operation,
            now=reading.found.get(operation.opportunity),
            source=reading.has_source(operation, except_for=self._ours),
            intent=self._state.open_intent(self._positions[operation]),
            without_effect=self._state.outcome_name(self._positions[operation]) == "failed",
            named=self._named[operation.opportunity],
            decided=self._decided.get(self._positions[operation], ""),
        )

    def _write(
        self, todo: Sequence[Operation], reading: Reading, pool: ThreadPoolExecutor
    ) -> dict[Operation, WriteResponse]:
        """Send one request per opportunity, several at once; return the response to each operation sent."""
        groups = [tuple(group) for _, group in groupby(todo, key=lambda operation: operation.opportunity)]
        sent = [pool.submit(self._request, group, reading) for group in groups]
        return {operation: response for future in sent for operation, response in future.result().items()}

    def _request(self, group: tuple[Operation, ...], reading: Reading) -> dict[Operation, WriteResponse]:
        """Send a request when the rate limit allows it, unless the run should stop or the reading is old."""
        self._lever.pace.wait()
        if self._stop.reason or reading.age(self._times) > FRESH:
            self._lever.pace.give_back()
            return {}
        now = reading.found[group[0].opportunity]
        intent = Intent(
            ops=tuple(self._positions[operation] for operation in group),
            opportunity=now.id,
            action=group[0].action,
            tags=tuple(operation.tag for operation in group),
            before=now.tags,
            updated_at=now.updated_at,
        )
        self._ours.update((now.id, tag) for tag in intent.tags)
        self._watch.sent(intent)
        number = self._journal.append(intent)
        error = self._send(intent, lambda in_doubt: self._may_repeat(group, now, in_doubt))
        status, note, in_doubt = write_status(error), str(error or ""), bool(error and error.in_doubt)
        window = round(self._times.since(reading.requested_at) * 1000)
        response = WriteResponse(number, status, window, note, in_doubt)
        self._journal.append(response)
        if status == "denied":
            return {}
        self._stop.record_write(status == "ok" or now.id in self._landed, note)
        return dict.fromkeys(group, response)

    def _may_repeat(self, group: tuple[Operation, ...], before: Opportunity, in_doubt: bool) -> bool:
        """Return True if a request without a response may be repeated: its opportunity is as it was read.

        `in_doubt`: the request may have had its effect, which a person may have undone since. Then the
        opportunity must be wholly unchanged.
        """
        if self._stop.reason:
            return False
        try:
            reading = self._read(group)
        except ApiError:
            return False  # the reading back settles it
        now = reading.found.get(before.id)
        if in_doubt and now is not None and all(operation.is_in_effect(now.tags) for operation in group):
            self._landed.add(now.id)
        if in_doubt and now != before:
            return False
        return all(self._judge(operation, reading).outcome is None for operation in group)

    def _send(self, intent: Intent, may_retry: Callable[[bool], bool]) -> ApiError | None:
        """Send a request; return what went wrong, if anything. What denies every write stops the run."""
        send = self._lever.add_tags if intent.action == "add" else self._lever.remove_tags
        try:
            send(intent.opportunity, intent.tags, may_retry=may_retry, turn_taken=True)
        except ApiError as error:
            if write_status(error) == "denied":
                self._stop.deny(error)
            return error
        return None

    def _confirm(self, responses: dict[Operation, WriteResponse], before: Reading) -> None:
        """Read back what was sent until every effect is seen or known to be missing."""
        waits = (0.0, *self._times.reread_after)
        for turn, wait in enumerate(waits, 1):
            if not responses:
                return
            if wait:
                self._times.sleep(wait)
            reading = self._read(responses)
            judgements = {
                operation: after_write(
                    operation,
                    reading.found.get(operation.opportunity),
                    response,
                    before=before.found[operation.opportunity],
                    named=self._named[operation.opportunity],
                    last=turn == len(waits),
                )
                for operation, response in responses.items()
            }
            self._settle(judgements, reading)
            self._record_without_effect(judgements, responses)
            responses = {op: response for op, response in responses.items() if judgements[op].outcome is None}

    def _record_without_effect(
        self, judgements: Mapping[Operation, Judgement], responses: Mapping[Operation, WriteResponse]
    ) -> None:
        """Record as failures the writes that Lever accepted and that had no effect."""
        without = {
            responses[operation].intent: judgement.evidence
            for operation, judgement in judgements.items()
            if judgement.outcome == "failed" and responses[operation].status == "ok"
        }
        for evidence in without.values():
            self._stop.record_write(False, evidence)

    def _settle(self, judgements: Mapping[Operation, Judgement], reading: Reading | None = None) -> None:
        """Record the judgements that are outcomes, in one commit; `reading` is what they rest on."""
        outcomes = [
            Outcome(
                self._positions[operation],
                judgement.outcome,
                judgement.effective,
                judgement.evidence,
                judgement.stored,
                reading.lever_ms(operation.opportunity) if reading else None,
                reading.updated_at(operation.opportunity) if reading else UNSET,
            )
            for operation, judgement in judgements.items()
            if judgement.outcome is not None
        ]
        if outcomes:
            self._journal.append(*outcomes)
            self._watch.ended(outcomes)
            self._ended += len(outcomes)
            self._record_foreign_effects(outcomes, reading)
            self._bar.update(self._ended, self._stop.reason)

    def _record_foreign_effects(self, outcomes: Sequence[Outcome], reading: Reading | None) -> None:
        """Report what others did while we held the lock; of a rollback, since the snapshot of its run."""
        plan, undoing = self._run.plan, self._run.plan.kind == "rollback"
        since = (plan.lever_ms or plan.taken_at) if undoing else self._began_ms
        pairs = [plan.operations[outcome.op] for outcome in outcomes if outcome.outcome == "no_op"]
        foreign = {op.opportunity for op in pairs if (op.opportunity, op.tag) not in self._ours}
        times = [reading.found[opportunity].updated_at or 0 for opportunity in foreign] if reading else []
        self._stop.record_foreign_effects((at for at in times if at > since), undoing=undoing)
