"""The result of a run: every planned operation has exactly one of seven outcomes, with the evidence.

It follows from plan and journal, so it is the same whether the run ended, was stopped or was killed.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.errors import Locked, Partial, Stopped, VerificationFailed
from leverkit.migration.journal import NewOpportunity
from leverkit.migration.records import RESULT, read_records, spans
from leverkit.migration.run import OUTCOMES, Run
from leverkit.migration.stop import PAUSE, PAUSED
from leverkit.planning.operation import Operation, csv_cells
from leverkit.planning.plan_document import Kind
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.text import count
from leverkit.storage import csv_file, files
from leverkit.storage.lock import hold, holder

if TYPE_CHECKING:
    import pandas as pd

EXCEPTIONS = "exceptions.csv"
NAMED = 5  # reasons that `reasons` names
TRIED = ("done", "no_op")
OPEN = {  # what is no outcome yet, and why
    "pending": "not tried yet",
    "unknown": "sent, and interrupted before it was read back; the next apply settles it",
}


class OperationResult(msgspec.Struct, frozen=True, gc=False):
    """An operation with its outcome and the evidence; `effective` if our request changed the account."""

    operation: Operation
    outcome: str
    evidence: str = ""
    effective: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of a run. `state` tells how its last session ended; `finished`: every operation was tried.

    `read_to_write_ms` is the time from requesting a contact's state to the response to the write that rests
    on it (p50 and p99, milliseconds): a person's change within that time could go unseen. `entries` and
    `head` are the length and the end of the journal that it follows from.
    """

    run: str
    plan_id: str
    kind: Kind
    account: str
    account_name: str = ""
    host: str = ""
    demo: bool = False
    state: str
    results: tuple[OperationResult, ...]
    read_to_write_ms: dict[str, int]
    came_later: tuple[NewOpportunity, ...] = ()
    entries: int = 0
    head: str = ""

    @property
    def planned(self) -> int:
        """Return the number of planned operations."""
        return len(self.results)

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of operations under each of the seven outcomes; their sum is `planned`."""
        found = Counter(result.outcome for result in self.results)
        return {name: found[name] for name in OUTCOMES}

    @property
    def in_place(self) -> int:
        """Return how many of the planned changes are in place."""
        return sum(result.outcome in TRIED for result in self.results)

    @property
    def exit_code(self) -> int:
        """Return 0 only where everything is done or was already so; else 6, 8 or 3."""
        counts = self.counts
        if counts["unknown"]:
            return VerificationFailed.exit_code
        if counts["pending"]:
            return Stopped.exit_code
        if counts["drifted"] or counts["gone"] or counts["failed"]:
            return Partial.exit_code
        return 0

    @property
    def exceptions(self) -> tuple[OperationResult, ...]:
        """Return the operations that are not done, with their reasons."""
        return tuple(result for result in self.results if result.outcome not in TRIED)

    @property
    def reasons(self) -> list[str]:
        """Return the reasons for other outcomes than done, the most frequent first, with their numbers."""
        closed = [result for result in self.exceptions if result.outcome not in OPEN]
        found = Counter((r.outcome, r.evidence.replace(r.operation.opportunity, ":id")) for r in closed)
        lines = [f"{number:,} {outcome}: {reason}" for (outcome, reason), number in found.most_common(NAMED)]
        return lines + [f"and more: {EXCEPTIONS} has all"] * (len(found) > NAMED)

    @property
    def summary(self) -> str:
        """Return the result in one line."""
        if not self.planned:
            return "nothing to do"
        parts = ", ".join(f"{number:,} {self._word(name)}" for name, number in self.counts.items() if number)
        later = count(len(self.came_later), "opportunity", "opportunities")
        late = f"; {later} came after the plan" if self.came_later else ""
        return f"{self.state}: {parts} of {count(self.planned, 'planned change')}{late}"

    @property
    def verdict(self) -> str:
        """Return the result as a headline: how many of the planned changes are in place."""
        if not self.planned:
            return "Nothing to do"
        place = f"{self.in_place:,} of {count(self.planned, 'change')} in place"
        left = {name: number for name, number in self.counts.items() if number and name not in TRIED}
        rest = ", ".join(f"{number:,} {self._word(name)}" for name, number in left.items())
        return f"{place}: {rest}" if rest else f"Done: {place}"

    def require(self) -> Result:
        """Return the result if all is done; else raise Partial, Stopped or VerificationFailed."""
        for error in (VerificationFailed, Stopped, Partial):
            if self.exit_code == error.exit_code:
                raise error(f"{self.run}: {self.summary}")
        return self

    def write(self) -> None:
        """Write result.json, and exceptions.csv with what is not done, into the run folder."""
        document = msgspec.to_builtins(msgspec.structs.replace(self, results=self.exceptions))
        document |= {"format": 1, "planned": self.planned, "counts": self.counts, "exit_code": self.exit_code}
        document["exceptions"] = document.pop("results")
        ours = [number for number, result in enumerate(self.results) if result.effective]
        document["effective"] = spans(ours)
        files.write_atomic(Path(self.run) / EXCEPTIONS, self._table())
        files.write_json(Path(self.run) / RESULT, document)

    def _table(self) -> bytes:
        columns = ("contact", "opportunity", "action", "tag", "outcome", "reason")
        rows = []
        for result in self.exceptions:
            planned = [str(getattr(result.operation, name)) for name in columns[:4]]
            cells = (*planned, result.outcome, result.evidence)
            rows.append(csv_cells(columns, cells))
        return csv_file.render(columns, rows, csv_file.Dialect())

    def _word(self, outcome: str) -> str:
        """Return an outcome in words: `unknown` is an operation in flight, which is not lost."""
        if outcome != "unknown":
            return outcome
        alive = self.state.startswith(("running", PAUSED))
        return "in flight" if alive else "in flight when it was interrupted (the next apply settles them)"

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row per operation: contact, opportunity, action, tag, outcome, effective, evidence."""
        import pandas as pd

        columns = ["contact", "opportunity", "action", "tag", "outcome", "effective", "evidence"]
        rows = [
            (e.operation.contact, e.operation.opportunity, e.operation.action, e.operation.tag)
            + (e.outcome, e.effective, e.evidence)
            for e in self.results
        ]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        return f"<Result of plan {self.plan_id[:12]}: {self.summary}>"

    def html(self, people: PersonDisplay) -> str:
        """Return the result as markup, with people as `people` displays them."""
        from leverkit.report.html import Html, table

        frame = self.frame
        rest = frame[~frame["outcome"].isin(TRIED)]
        head = Html("<p><strong>Plan {}</strong> ({}): {}</p>").format(
            self.plan_id[:12], self.kind, self.summary
        )
        if rest.empty:
            return head
        return head + table(
            **people.table_arguments(rest, 50), caption="Changes not done", rest=f"{EXCEPTIONS} has all"
        )

    def _repr_html_(self) -> str:
        return self.html(PersonDisplay.at(self.host))


def result(run: Run) -> Result:
    """Return the result of a run by its journal."""
    plan, state = run.plan, run.state
    ended = []
    for number, operation in enumerate(plan.operations):
        outcome = state.outcomes.get(number)
        if outcome:
            ended.append(OperationResult(operation, outcome.outcome, outcome.evidence, outcome.effective))
        else:
            name = state.outcome_name(number)
            ended.append(OperationResult(operation, name, OPEN[name]))
    return Result(
        run=str(run.folder),
        plan_id=plan.plan_id,
        kind=plan.kind,
        account=plan.account,
        account_name=plan.account_name,
        host=plan.host,
        demo=plan.demo,
        state=state.state,
        results=tuple(ended),
        read_to_write_ms=_window(sorted(state.windows_ms)),
        came_later=state.new_opportunities,
        entries=len(run.entries),
        head=run.head,
    )


def renew_result(run: Run) -> None:
    """Write result.json again where a kill left it behind the journal, and nobody writes to the run."""
    if not run.entries:
        return
    file = run.folder / RESULT
    known = [record for record in read_records(run.folder, run.plan.plan_id) if record.file == RESULT]
    current = [found for found in known if found.entries == len(run.entries) or found.counts == run.counts]
    if current or (file.exists() and not known):  # up to date, or damaged, which no kill does
        return
    with suppress(Locked), hold(run.lock_file, purpose=f"write {RESULT}"):
        if Run.open(run.folder).head == run.head:
            result(run).write()


def status(run: Run) -> Result:
    """Return the result so far of a run that may be running, and who writes to it; sends nothing to Lever."""
    found = result(run)
    running = found.state == "broken off" and holder(run.lock_file)
    if not running:
        return found
    doing = PAUSED if (run.folder / PAUSE).exists() else "running"
    return msgspec.structs.replace(found, state=f"{doing}: {running}")


def _window(sorted_ms: list[int]) -> dict[str, int]:
    if not sorted_ms:
        return {"writes": 0}
    last = len(sorted_ms) - 1
    return {"writes": len(sorted_ms), "p50": sorted_ms[last // 2], "p99": sorted_ms[last * 99 // 100]}
