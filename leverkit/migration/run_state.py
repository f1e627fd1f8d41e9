"""The state of a run, which follows from the entries of its journal."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from leverkit.migration.journal import (
    Entry,
    Intent,
    NewOpportunity,
    Opened,
    Outcome,
    SessionEnded,
    SessionStarted,
    WriteResponse,
)


class RunState(msgspec.Struct, frozen=True):
    """The last intent, response and outcome of each operation, by its position in the plan.

    `intents` are in the order in which they were made; `windows_ms` are those of all responses; `state`
    tells how the last session ended; `waves` are the names of those that were begun.
    """

    intents: dict[int, Intent]
    responses: dict[int, WriteResponse]
    outcomes: dict[int, Outcome]
    windows_ms: tuple[int, ...]
    new_opportunities: tuple[NewOpportunity, ...]
    state: str
    waves: tuple[str, ...] = ()

    def is_settled(self, op: int) -> bool:
        """Return True if an operation needs no more work; a failed one is tried again."""
        return op in self.outcomes and self.outcomes[op].outcome != "failed"

    @property
    def has_lost_writes(self) -> bool:
        """Return True if a write that failed had no answer, which is not because of what it was to write."""
        failed = (op for op, outcome in self.outcomes.items() if outcome.outcome == "failed")
        return any(self.responses[op].status == "lost" for op in failed if op in self.responses)

    def open_intent(self, op: int) -> Intent | None:
        """Return the last intent of an operation if its request may have changed the account, else None."""
        response = self.responses.get(op)
        return None if response is not None and response.is_without_effect else self.intents.get(op)

    def outcome_name(self, op: int) -> str:
        """Return the outcome of an operation: one of the five, or `unknown` or `pending`."""
        if op in self.outcomes:
            return self.outcomes[op].outcome
        return "pending" if self.open_intent(op) is None else "unknown"


def replay_entries(entries: Iterable[Entry]) -> RunState:
    """Return the state of a run whose journal holds these entries."""
    by_seq, intents = dict[int, Intent](), dict[int, Intent]()
    responses, outcomes = dict[int, WriteResponse](), dict[int, Outcome]()
    windows_ms: list[int] = []
    new_opportunities: dict[str, NewOpportunity] = {}
    state = "not begun"
    waves: dict[str, None] = {}
    for entry in entries:
        match entry.body:
            case Intent(ops=ops) as intent:
                by_seq[entry.seq] = intent
                for op in ops:
                    intents.pop(op, None)  # so that the latest is last
                    intents[op] = intent
                    responses.pop(op, None)
                    outcomes.pop(op, None)
            case WriteResponse() as response:
                windows_ms.append(response.window_ms)
                responses.update(dict.fromkeys(by_seq[response.intent].ops, response))
            case Outcome(op=op) as outcome:
                outcomes[op] = outcome
            case NewOpportunity(opportunity=opportunity) as created:
                new_opportunities[opportunity] = created
            case SessionEnded(reason=reason):
                state = reason
            case SessionStarted(wave=wave):
                waves[wave] = None
                state = "broken off"  # until it is sealed
            case Opened():  # a process died before it began
                state = "broken off"
    return RunState(
        intents=intents,
        responses=responses,
        outcomes=outcomes,
        windows_ms=tuple(windows_ms),
        new_opportunities=tuple(new_opportunities.values()),
        state=state,
        waves=tuple(waves),
    )
