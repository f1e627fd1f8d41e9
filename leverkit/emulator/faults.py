"""Faults on demand: which requests go wrong, how, and how often that happened."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Kind = Literal["status", "reset", "delay"]


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Requests whose method and path (shell pattern, without /v1) match go wrong.

    The first `skip` matches pass, the next `times` fail (None: all), each with `probability`.
    `when` says whether the effect of a failing request happens: "before" it fails, or "after" it.
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    when: Literal["before", "after"] = "before"
    status: int = 500
    ms: float = 0.0
    retry_after: float | None = None
    matched: int = 0
    fired: int = 0


class Faults:
    """The faults of an account, in the order they were set; the first that fires is the one."""

    def __init__(self) -> None:
        self.all: list[Fault] = []
        self._random: dict[int, random.Random] = {}

    def add(self, fault: Fault) -> None:
        """Set a fault beside the others."""
        self.all.append(fault)
        self._random[id(fault)] = random.Random(fault.seed)

    def clear(self) -> None:
        """Let everything go right again."""
        self.all.clear()
        self._random.clear()

    def pick(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, counting it."""
        for fault in self.all:
            if fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path) and self._fires(fault):
                fault.fired += 1
                return fault
        return None

    def _fires(self, fault: Fault) -> bool:
        fault.matched += 1
        if fault.matched <= fault.skip or (fault.times is not None and fault.fired >= fault.times):
            return False
        return fault.probability >= 1.0 or self._random[id(fault)].random() < fault.probability
