"""A request of the contract check and its answer, as a probe sees them.

A probe is a generator: it yields requests, is sent the exchanges, and returns outcomes. It neither sends
nor waits, so it is a function of the answers alone.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from leverkit.doctor.contract.outcome import Outcome

T = TypeVar("T")
Row = dict[str, Any]
NO_PARAMS: Mapping[str, Any] = {}


class Ask(NamedTuple):
    """A GET, sent `after` so many seconds; a parameter with a list is repeated."""

    path: str
    params: Mapping[str, Any] = NO_PARAMS
    after: float = 0.0


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer. `content` is the JSON of the body, None where it is none.

    `status` is None where no answer came; `headers` have lower-case names; `number` counts from 1.
    """

    number: int
    method: str
    path: str
    params: Mapping[str, Any]
    body: Any = None
    status: int | None
    headers: Mapping[str, str]
    content: Any
    ms: float

    @property
    def ok(self) -> bool:
        """True for an answer with a status of success and JSON in it."""
        return self.status is not None and self.status < 300 and isinstance(self.content, dict)

    @property
    def data(self) -> Any:
        """Return what the answer holds; an empty dict where it holds nothing."""
        return self.content.get("data", {}) if isinstance(self.content, dict) else {}

    @property
    def rows(self) -> list[Row]:
        """Return the objects of a page; none where it is no page."""
        return [row for row in self.data if isinstance(row, dict)] if isinstance(self.data, list) else []

    @property
    def ids(self) -> list[str]:
        """Return the ids of a page, in its order."""
        return [str(row.get("id")) for row in self.rows]

    @property
    def next(self) -> str:
        """Return the token of the next page; empty on the last one."""
        return str(self.content.get("next") or "") if isinstance(self.content, dict) else ""

    @property
    def retry_after(self) -> float | None:
        """Return the seconds that a refusal asks to wait; None where it names none."""
        wait = self.headers.get("retry-after", "")
        return float(wait) if wait.isdigit() else None

    @property
    def code(self) -> str:
        """Return Lever's code of an error."""
        return str(self.content.get("code", "")) if isinstance(self.content, dict) else ""

    @property
    def message(self) -> str:
        """Return Lever's words of an error; they may name people."""
        return str(self.content.get("message", "")) if isinstance(self.content, dict) else ""

    @property
    def told(self) -> str:
        """Return how the request ended, without anything that may be about a person."""
        status = "no answer" if self.status is None else str(self.status)
        return f"{self.path.split('/')[1]} answered {status}"


Asking = Generator[Ask, Exchange, T]
Probing = Asking[list[Outcome]]
