"""What an operation asks of whoever carries it out: send this, wait so long, take a turn, do what may block.

An operation is a generator of steps that returns its result. It neither sends nor waits, so threads and an
event loop carry out the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Send(NamedTuple):
    """Send a request; the result is its `Response`, also where there is no answer."""

    method: str
    path: str
    params: Mapping[str, Any] | None
    body: object
    request_id: str


class Sleep(NamedTuple):
    """Wait so many seconds."""

    seconds: float


class Turn(NamedTuple):
    """Wait for a turn at the pace, and take it."""


class Do(NamedTuple):
    """Call something that may block, such as a file that other processes lock; the result is its own."""

    action: Callable[[], Any]


Step: TypeAlias = Send | Sleep | Turn | Do
Operation: TypeAlias = Generator[Step, Any, T]
