"""Works events off: read the contacts they are about, and bring what their opportunities lack of each other.

Nothing rests on what an event says: it names contacts to look at, so a lost order, duplicates and repetition
are harmless. Writes go through `carry_out` with a plan and a journal; a broken-off run is finished first.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from leverkit.api.client import Lever
from leverkit.api.models import Opportunity
from leverkit.errors import AccessDenied, ApiError, Locked, Refused, Unreachable, UsageError
from leverkit.migration.apply import carry_out
from leverkit.migration.result import Result
from leverkit.planning.brakes import Brakes
from leverkit.planning.operation import Known
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.storage.files import digest
from leverkit.webhook.event_queue import KEEP_MS, Entry, Inbox, Waiting
from leverkit.webhook.logs import note
from leverkit.webhook.matching import missing_shared_tags
from leverkit.webhook.metrics import Metrics

CONTACTS = 50  # in one reading
ATTEMPTS = 8  # before an event is given up that Lever answers and refuses
LONGEST_PAUSE = 60.0  # seconds between attempts while Lever is not there
OVERLAP_MS = 60_000  # what two sweeps have in common, against clocks and late bookkeeping
POLL = 0.2  # seconds between looks into an empty inbox


@dataclass(frozen=True)
class Rules:
    """Which tags are shared, and where the runs go; `sweep_s` 0 switches the sweep off.

    The policy is read anew for each batch, so an edited file holds from the next event on.
    """

    policy: Path
    runs: Path
    sweep_s: float = 300.0
    patience_s: float = 30.0

    def tags(self) -> Collection[str]:
        """Return the tags with scope contact. Raises UsageError where the file cannot be read."""
        return {tag for tag, scope in Policy.read(self.policy).scopes.items() if scope == "contact"}


class Worker:
    """One thread that empties an inbox; `turn` is one batch of it, for tests and for loops of one's own."""

    def __init__(
        self,
        inbox: Inbox,
        lever: Lever,
        rules: Rules,
        metrics: Metrics | None = None,
        *,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._inbox, self._lever, self._rules = inbox, lever, rules
        self.metrics, self._now, self._chance = metrics or Metrics(), now, chance
        self.failures = 0  # in a row
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="leverkit-worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, grace_s: float) -> bool:
        """Ask the thread to end after its batch, and say whether it did within `grace_s` seconds."""
        self._stop.set()
        self._thread.join(grace_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Say whether the thread works."""
        return self._thread.is_alive()

    def turn(self) -> bool:
        """Finish broken-off runs, sweep if it is time, work one batch off; False where nothing was due.

        Raises what carrying out a plan raises; the events then stay where they are.
        """
        self._resume()
        self._tidy()
        self._sweep()
        batch = self._inbox.due(self._ms(), limit=CONTACTS)
        if batch:
            self._work(batch)
        return bool(batch)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                wait = 0.0 if self.turn() else POLL
                self.failures = 0
            except Exception as error:  # whatever it is, events must be worked off once it has passed
                wait = self._trouble(error)
            self._stop.wait(wait)

    def _trouble(self, error: Exception) -> float:
        kind = type(error).__name__
        self.failures += 1
        pause = min(2.0 ** min(self.failures, 10) / 2, LONGEST_PAUSE) * (0.5 + self._chance() / 2)
        self.metrics.count("troubles_total", kind)
        status = getattr(error, "status", None)
        note("trouble", level=30, kind=kind, status=status, pause_s=round(pause, 1))
        return pause

    def _work(self, batch: Sequence[Waiting]) -> None:
        """Work a batch off; where Lever refuses it as a whole, one contact at a time."""
        try:
            self._share(batch)
        except (AccessDenied, Unreachable, Locked):
            raise  # nothing to do with these events
        except (ApiError, Refused) as error:
            if len(batch) > 1:
                for waiting in batch:
                    self._work([waiting])
                return
            self.metrics.count("troubles_total", type(error).__name__)
            self._again(batch[0], limit=ATTEMPTS)

    def _share(self, batch: Sequence[Waiting]) -> None:
        tags = self._rules.tags()
        found = self._read(batch)
        operations = missing_shared_tags(found.values(), tags)
        unsettled: set[str] = set()
        if operations:
            concerned = {operation.contact for operation in operations}
            before = {o.id: Known(o.contact, o.tags) for o in found.values() if o.contact in concerned}
            unsettled = self._carry_out(
                Plan(
                    kind="migrate",
                    account=self._lever.account_id(),
                    host=self._lever.host,
                    snapshot_digest=digest((self._ms(), before)),
                    taken_at=self._ms(),
                    operations=tuple(sorted(operations)),
                    before=before,
                    brakes=Brakes(max_pct=None, max_tag_pct=None),
                )
            )
        for waiting in batch:
            self._settle(waiting, found, unsettled)

    def _settle(self, waiting: Waiting, found: dict[str, Opportunity], unsettled: set[str]) -> None:
        contacts = {found[one].contact for one in waiting.opportunities if one in found} | {waiting.contact}
        if contacts & unsettled:
            self._again(waiting, limit=ATTEMPTS)
        elif any(one not in found for one in waiting.opportunities):
            self._again(waiting, limit=3, end="gone")  # a new one may show a moment later
        else:
            self._end(waiting, "done")

    def _read(self, batch: Sequence[Waiting]) -> dict[str, Opportunity]:
        """Read all opportunities of the contacts concerned; whose an opportunity is, Lever says."""
        claimed = {waiting.contact for waiting in batch if waiting.contact}
        found = {one.id: one for one in self._lever.opportunities_of(sorted(claimed))}
        named = {one for waiting in batch for one in waiting.opportunities}
        strays = [one for name in sorted(named - found.keys()) if (one := self._single(name)) is not None]
        others = {one.contact for one in strays} - claimed
        found |= {one.id: one for one in strays}
        return found | {one.id: one for one in self._lever.opportunities_of(sorted(others))}

    def _single(self, opportunity: str) -> Opportunity | None:
        try:
            return self._lever.find_opportunity(opportunity)
        except ApiError as error:
            if error.status != 400:  # 400: an event may name what is no id at all
                raise
            return None

    def _carry_out(self, plan: Plan) -> set[str]:
        """Carry a plan out in a run folder of its own and return the contacts that are not yet settled."""
        name = f"{plan.taken_at}-{plan.short}"
        self._inbox.begin_run(name)
        plan.write(self._rules.runs / name)
        return self._finish(name, plan)

    def _finish(self, name: str, plan: Plan) -> set[str]:
        ended = carry_out(plan, self._rules.runs / name, self._lever, wait=self._rules.patience_s)
        self._inbox.end_run(name)
        self._tell(name, ended)
        late = {newcomer.contact for newcomer in ended.came_later}
        return late | {e.operation.contact for e in ended.ended if e.outcome not in ("done", "no_op")}

    def _tell(self, name: str, ended: Result) -> None:
        counts = {outcome: number for outcome, number in ended.counts.items() if number}
        self.metrics.count("runs_total", ended.state)
        for outcome, number in counts.items():
            self.metrics.count("operations_total", outcome, number)
        note("run", run=name, state=ended.state, **counts)

    def _resume(self) -> None:
        """Finish what a killed or interrupted process began, so that its journal says how it ended."""
        for name in self._inbox.open_runs():
            try:
                self._finish(name, Plan.read(self._rules.runs / name))
            except (AccessDenied, Unreachable):
                raise
            except (UsageError, Refused, ApiError) as error:  # killed while written, or of another account
                note("run set aside", level=30, run=name, kind=type(error).__name__)
                self._inbox.end_run(name)

    def _tidy(self) -> None:
        """Drop what ended long ago, once an hour."""
        if self._ms() - (self._inbox.mark("tidied") or 0) > 3_600_000:
            self._inbox.forget(self._ms() - KEEP_MS)
            self._inbox.set_mark("tidied", self._ms())

    def _sweep(self) -> None:
        """Put on the list what changed lately: Lever has no event for tags, merges, or a missing posting."""
        mark, now = self._inbox.mark("sweep"), self._ms()
        if not self._rules.sweep_s or (mark is not None and now - mark < self._rules.sweep_s * 1000):
            return
        since = now - OVERLAP_MS if mark is None else mark - OVERLAP_MS
        filters = self._lever.slim(updated_at_start=since)
        seen = fresh = 0
        for page in self._lever.pages("/opportunities", type=Opportunity, **filters):
            entries = [
                Entry(f"sweep:{o.id}:{o.updated_at}", "sweep", o.contact, o.id, now) for o in page.items
            ]
            seen, fresh = seen + len(entries), fresh + sum(self._inbox.store(entries))
        self._inbox.set_mark("sweep", now)
        note("sweep", seen=seen, fresh=fresh)

    def _again(self, waiting: Waiting, *, limit: int, end: str = "given up") -> None:
        if waiting.attempts + 1 >= limit:
            self._end(waiting, end)
            return
        pause = min(2.0**waiting.attempts, 600.0) * (0.5 + self._chance() / 2)
        self._inbox.postpone(waiting.seqs, self._ms() + int(pause * 1000))

    def _end(self, waiting: Waiting, how: str) -> None:
        self._inbox.end(waiting.seqs, how, self._ms())
        self.metrics.count("events_total", how, len(waiting.seqs))
        if how == "given up":
            note("given up", level=40, events=len(waiting.seqs))

    def _ms(self) -> int:
        return int(self._now() * 1000)
