"""Faults on demand: which requests go wrong, how, and how often that happened."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from leverkit.emulator.config import Config

Kind = Literal[
    "delay",
    "throttle",
    "status",
    "html",
    "reset",
    "cut",
    "malformed",
    "empty",
    "no_rows",
    "ignored",
    "stale",
    "duplicate",
    "drop",
    "refuse_offset",
    "clock",
]
INSTEAD = ("throttle", "status", "html", "reset", "empty", "no_rows", "refuse_offset")


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Requests whose method, path (without /v1) and query match these shell patterns go wrong.

    The first `skip` matches pass, the next `times` fail (None: all), each with `probability`.
    Where a fault takes the place of the answer, `when` says whether the request's effect has happened.

    - delay: `ms` longer; throttle: 429, with Retry-After where `retry_after` is given
    - status: this `status` in Lever's envelope (401 and 403 mid-run, 500, 503 …; a 301 names `location`)
    - html: the same with a page
    - reset: the connection breaks; cut: it breaks within the body
    - malformed: half the JSON; empty: 200 without a body; no_rows: a list without anything in it
    - ignored: 200 as if it had worked, but nothing changed
    - stale: a read that shows what was `ms` ago; duplicate, drop: the next page starts a row early or late
    - refuse_offset: 400 Invalid offset token; clock: the account's clock jumps by `ms`
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    query: str = "*"
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    when: Literal["before", "after"] = "before"
    status: int = 500
    ms: float = 0.0
    retry_after: float | None = None
    location: str | None = None
    matched: int = 0
    fired: int = 0

    @property
    def instead(self) -> bool:
        """Say whether the fault takes the place of the answer."""
        return self.kind in INSTEAD

    def matches(self, method: str, path: str, query: str) -> bool:
        """Say whether a request is one that may go wrong."""
        if self.kind == "refuse_offset" and "offset=" not in query:
            return False
        return (
            fnmatchcase(method, self.method)
            and fnmatchcase(path, self.path)
            and (self.query == "*" or fnmatchcase(query, self.query))
        )


class Faults:
    """The faults of an account, in the order they were set; the first that fires is the one."""

    def __init__(self, seed: int = 0) -> None:
        self.all: list[Fault] = []
        self.accidents: dict[str, int] = {}
        self._dice: list[random.Random] = []
        self._chance = random.Random(seed)

    def add(self, fault: Fault) -> None:
        """Set a fault beside the others."""
        self.all.append(fault)
        self._dice.append(random.Random(fault.seed))

    def clear(self) -> None:
        """Let everything go right again."""
        self.all.clear()
        self._dice.clear()

    def pick(self, method: str, path: str, query: str, config: Config) -> Fault | None:
        """Return the fault that strikes this request, counting it; accidents by share come last."""
        for fault, dice in zip(self.all, self._dice, strict=True):
            if fault.matches(method, path, query) and _fires(fault, dice):
                fault.fired += 1
                return fault
        return self._accident(config)

    def _accident(self, config: Config) -> Fault | None:
        shares = (
            ("error_share", config.error_share),
            ("gateway_share", config.gateway_share),
            ("maintenance_share", config.maintenance_share),
            ("reset_share", config.reset_share),
            ("lost_share", config.lost_share),
        )
        if not any(share for _, share in shares):
            return None
        chance = self._chance.random()
        for name, share in shares:
            if chance < share:
                self.accidents[name] = self.accidents.get(name, 0) + 1
                return _ACCIDENTS[name]
            chance -= share
        return None


_ACCIDENTS = {
    "error_share": Fault(kind="status", status=500),
    "gateway_share": Fault(kind="html", status=502),
    "maintenance_share": Fault(kind="status", status=503),
    "reset_share": Fault(kind="reset"),
    "lost_share": Fault(kind="reset", when="after"),
}


def _fires(fault: Fault, dice: random.Random) -> bool:
    fault.matched += 1
    if fault.matched <= fault.skip or (fault.times is not None and fault.fired >= fault.times):
        return False
    return fault.probability >= 1.0 or dice.random() < fault.probability
