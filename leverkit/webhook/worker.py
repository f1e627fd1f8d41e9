"""Processes queued events: reads the contacts that they name and adds the contact tags that are missing.

An event only names contacts to read, so wrong order, duplicates and repetition are harmless. Each batch of
writes is a plan with a journal; a run that was interrupted is finished before anything else. What people took
off, and what a rollback took back, stays off: the account's ledger tells, when a batch is planned and again
when nobody else can write.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leverkit.api.client import Lever
from leverkit.api.contacts import read_contacts
from leverkit.api.models import Opportunity
from leverkit.api.rate_limit import CONTACTS
from leverkit.errors import (
    AccessDenied,
    ApiError,
    BrakeTripped,
    Locked,
    Refused,
    Unreachable,
    Unreadable,
    UsageError,
)
from leverkit.migration.apply import execute
from leverkit.migration.result import Result
from leverkit.migration.run import Run
from leverkit.planning.matching import needed_to_match
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.webhook.event_queue import KEEP_MS, DueEvents, EventQueue
from leverkit.webhook.live_plan import live_plan
from leverkit.webhook.logs import log_event
from leverkit.webhook.matching import gaps_of, matching_tags
from leverkit.webhook.memory import no_longer_wanted, without_left
from leverkit.webhook.metrics import Metrics
from leverkit.webhook.sweep import sweep

ATTEMPTS = 8  # after which an event is given up that Lever refuses
GONE_ATTEMPTS = 3  # after which an opportunity that is not found is gone; Lever may show a new one late
LONGEST_PAUSE = 60.0  # seconds between attempts while Lever cannot be reached
HOUR_MS = 3_600_000
POLL = 0.2  # seconds between two looks into an empty queue


@dataclass(frozen=True)
class WorkerConfig:
    """The policy file, the folder for the runs, and the times of a worker in seconds.

    The policy is read again for each batch, so an edit applies from the next event on. Every `sweep_s`
    seconds the worker looks for changed opportunities; 0 means never. It waits up to `lock_wait_s` seconds
    for another writer.
    """

    policy: Path
    runs: Path
    sweep_s: float = 300.0
    lock_wait_s: float = 30.0


class Worker:
    """One thread that processes the events of a queue; `run_once` processes one batch without the thread.

    `failures` is the number of failed batches since the last that succeeded.
    """

    def __init__(
        self,
        queue: EventQueue,
        lever: Lever,
        config: WorkerConfig,
        metrics: Metrics | None = None,
        *,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queue, self._lever, self._config = queue, lever, config
        self.metrics, self._now, self._chance = metrics or Metrics(), now, chance
        self.failures = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="leverkit-worker", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, grace_s: float) -> bool:
        """Ask the thread to end after its batch. Return True if it did within `grace_s` seconds."""
        self._stop.set()
        self._thread.join(grace_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Return True while the thread runs."""
        return self._thread.is_alive()

    def run_once(self) -> bool:
        """Finish interrupted runs, sweep if it is time, process one batch. Return False if nothing was due.

        Raises what carrying out a plan raises; the events then stay in the queue.
        """
        self._resume_runs()
        self._delete_old_events()
        sweep(self._queue, self._lever, self._now_ms(), every_s=self._config.sweep_s)
        batch = self._queue.claim(self._now_ms(), limit=CONTACTS)
        if batch:
            self._process(batch)
        return bool(batch)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                wait = 0.0 if self.run_once() else POLL
                self.failures = 0
            except Exception as error:  # of any kind: events must be processed once its cause is gone
                wait = self._record_failure(error)
            self._stop.wait(wait)

    def _record_failure(self, error: Exception) -> float:
        """Count and log a failure; return how many seconds to wait before the next attempt."""
        kind = type(error).__name__
        self.failures += 1
        pause = min(2.0 ** min(self.failures, 10) / 2, LONGEST_PAUSE) * self._jitter()
        self.metrics.count("troubles_total", kind)
        status = getattr(error, "status", None)
        log_event("trouble", level=logging.WARNING, kind=kind, status=status, pause_s=round(pause, 1))
        return pause

    def _process(self, batch: Sequence[DueEvents]) -> None:
        """Process a batch; where Lever refuses it as a whole, process it contact by contact."""
        try:
            self._share_tags(batch)
        except (AccessDenied, Unreachable, Unreadable, Locked):
            raise  # not because of these events
        except (ApiError, Refused) as error:
            if len(batch) > 1:
                for events in batch:
                    self._process([events])
                return
            self.metrics.count("troubles_total", type(error).__name__)
            self._reschedule(batch[0], limit=ATTEMPTS)

    def _share_tags(self, batch: Sequence[DueEvents]) -> None:
        policy = Policy.read(self._config.policy)
        matching, began = matching_tags(policy), time.time()
        found = self._read(batch, matching)
        operations, left = without_left(
            self._lever, found.values(), gaps_of(found, matching), matching, self._lever.now(began)
        )
        for why, number in Counter(why.partition(" (")[0] for why in left.values()).items():
            self.metrics.count("gaps_left_total", why, number)
        unsettled: set[str] = set()
        if operations:
            plan = live_plan(
                self._lever,
                found.values(),
                operations,
                taken_at=self._now_ms(),
                policy_digest=policy.digest,
                matching=matching,
            )
            unsettled = self._carry_out(plan)
        for events in batch:
            self._settle(events, found, unsettled)

    def _settle(self, events: DueEvents, found: Mapping[str, Opportunity], unsettled: set[str]) -> None:
        """Finish events, or reschedule them where a contact of theirs is unsettled or an id was not found."""
        known = [found[opportunity] for opportunity in events.opportunities if opportunity in found]
        contacts = {opportunity.contact for opportunity in known} | {events.contact}
        if contacts & unsettled:
            self._reschedule(events, limit=ATTEMPTS)
        elif len(known) < len(events.opportunities):
            self._reschedule(events, limit=GONE_ATTEMPTS, end="gone")
        else:
            self._finish(events, "done")

    def _read(self, batch: Sequence[DueEvents], matching: Mapping[str, str]) -> dict[str, Opportunity]:
        """Return all opportunities of the contacts concerned, by id.

        The contact of an opportunity is the one that Lever names, whatever the event says.
        """
        expand = needed_to_match(matching.values())
        claimed = {events.contact for events in batch if events.contact}
        named = {opportunity for events in batch for opportunity in events.opportunities}
        found = read_contacts(  # what an event names may be no id at all
            self._lever, sorted(claimed), opportunities=sorted(named), skip_malformed=True, **expand
        )
        others = {opportunity.contact for opportunity in found.values()} - claimed
        return found | read_contacts(self._lever, sorted(others), **expand)

    def _carry_out(self, plan: Plan) -> set[str]:
        """Carry out a plan in a run folder of its own; return the contacts that are not settled."""
        name = f"{plan.taken_at}-{plan.short}"
        self._queue.begin_run(name)
        run = Run(self._config.runs / name, plan)
        plan.write(run.folder)
        return self._finish_run(name, run)

    def _finish_run(self, name: str, run: Run) -> set[str]:
        matching = matching_tags(Policy.read(self._config.policy))
        refused = partial(no_longer_wanted, self._lever, matching=matching)
        try:
            result = execute(run, self._lever, wait=self._config.lock_wait_s, refused=refused)
        except BrakeTripped as error:
            if Run.open(run.folder).state.has_lost_writes:
                raise  # Lever is out of order: the same is tried again
            raise Refused(str(error)) from None
        self._queue.end_run(name)
        self._report(name, result)
        late = {newcomer.contact for newcomer in result.came_later}
        return late | {e.operation.contact for e in result.results if e.outcome not in ("done", "no_op")}

    def _report(self, name: str, result: Result) -> None:
        """Count and log how a run ended."""
        counts = {outcome: number for outcome, number in result.counts.items() if number}
        self.metrics.count("runs_total", result.state)
        for outcome, number in counts.items():
            self.metrics.count("operations_total", outcome, number)
        log_event("run", run=name, state=result.state, **counts)

    def _resume_runs(self) -> None:
        """Finish the runs that a killed or interrupted process began, so that their journals are complete."""
        for name in self._queue.open_runs():
            try:
                run = Run.planned(self._config.runs / name)
            except (UsageError, Refused) as error:  # not yet written
                self._set_aside(name, error)
                continue
            try:
                self._finish_run(name, run)
            except (AccessDenied, Unreachable, Unreadable):
                raise
            except (Refused, ApiError) as error:  # of another account
                self._set_aside(name, error)

    def _set_aside(self, name: str, error: Exception) -> None:
        log_event("run set aside", level=logging.WARNING, run=name, kind=type(error).__name__)
        self._queue.end_run(name)

    def _delete_old_events(self) -> None:
        """Delete events that ended long ago, once an hour."""
        if not 0 <= self._now_ms() - (self._queue.watermark("tidied") or 0) <= HOUR_MS:
            self._queue.delete_finished(self._now_ms() - KEEP_MS)
            self._queue.set_watermark("tidied", self._now_ms())

    def _reschedule(self, events: DueEvents, *, limit: int, end: str = "given up") -> None:
        """Make events due again after a growing pause; finish them as `end` after `limit` attempts."""
        if events.attempts + 1 >= limit:
            self._finish(events, end)
            return
        pause = min(2.0**events.attempts, 600.0) * self._jitter()
        self._queue.postpone(events.seqs, self._now_ms() + int(pause * 1000))

    def _finish(self, events: DueEvents, how: str) -> None:
        self._queue.finish(events.seqs, how, self._now_ms())
        self.metrics.count("events_total", how, len(events.seqs))
        if how == "given up":
            log_event("given up", level=logging.ERROR, events=len(events.seqs))

    def _jitter(self) -> float:
        return 0.5 + self._chance() / 2

    def _now_ms(self) -> int:
        return int(self._now() * 1000)
