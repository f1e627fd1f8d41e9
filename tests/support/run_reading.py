"""What a run wrote and recorded, read back for tests; and a pace at which something happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leverkit.api import threads
from leverkit.api.rate_limit import Pace
from leverkit.migration.journal import read
from leverkit.migration.result import Result
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan


def writes(emulated: Any) -> list[dict[str, Any]]:
    """The requests that were no reads."""
    return [entry for entry in emulated.log() if entry["method"] != "GET"]


def bodies(run: Path, kind: type[Any]) -> list[Any]:
    """The journal's bodies of this kind."""
    return [entry.body for entry in read(run / "journal.sqlite") if isinstance(entry.body, kind)]


def first(plan: Plan) -> Operation:
    """The first operation of a plan."""
    return plan.operations[0]


def outcome_of(result: Result, op: Operation) -> tuple[str, bool]:
    """The outcome of an operation, and whether it is effective."""
    (ended,) = [each for each in result.results if each.operation == op]
    return ended.outcome, ended.effective


class Queue(Pace):
    """A pace at which something happens, once, while all writes wait for their turn."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__(rate=1e6, burst=1000)
        self._happens, self._one, self._happened = happens, threading.Lock(), False

    def wait(self) -> None:
        if threading.current_thread().name.startswith(threads.NAME):
            with self._one:
                if not self._happened:
                    self._happened = True
                    self._happens()
        super().wait()
