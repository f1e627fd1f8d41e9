"""Faults on demand: which requests go wrong and how, with counts."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

import msgspec

from leverkit.emulator.account import offset_tokens
from leverkit.emulator.account.account import Account
from leverkit.emulator.config import Config
from leverkit.emulator.response import CODES, RequestError, Response, decode

Replacing = Literal["throttle", "status", "html", "reset", "empty", "no_rows", "refuse_offset"]
Kind = Literal[Replacing, "delay", "cut", "malformed", "ignored", "stale", "duplicate", "drop", "clock"]


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Requests whose method, path (without /v1) and query match these shell patterns go wrong.

    The first `skip` matches pass, the next `times` fail (None: all), each with `probability`.
    Where a fault replaces the response, `when` tells whether the request has its effect first.

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
    def replaces_response(self) -> bool:
        """Return True if the fault replaces the response."""
        return self.kind in get_args(Replacing)

    def matches(self, method: str, path: str, query: str) -> bool:
        """Return True if a request matches the patterns."""
        if self.kind == "refuse_offset" and "offset=" not in query:
            return False
        return (
            fnmatchcase(method, self.method)
            and fnmatchcase(path, self.path)
            and (self.query == "*" or fnmatchcase(query, self.query))
        )


class Faults:
    """The faults of an account, in the order they were set. The first that fires applies."""

    def __init__(self, seed: int = 0) -> None:
        self.all: list[Fault] = []
        self.accidents: dict[str, int] = {}
        self._random: list[random.Random] = []
        self._accident_rng = random.Random(seed)

    def add(self, fault: Fault) -> None:
        """Set a fault beside the others."""
        self.all.append(fault)
        self._random.append(random.Random(fault.seed))

    def clear(self) -> None:
        """Remove all faults."""
        self.all.clear()
        self._random.clear()

    def pick(self, method: str, path: str, query: str, config: Config) -> Fault | None:
        """Return the fault for this request and count it; those by share (`error_share`, …) come last."""
        for fault, rng in zip(self.all, self._random, strict=True):
            if fault.matches(method, path, query) and _fires(fault, rng):
                fault.fired += 1
                return fault
        return self._accident(config)

    def _accident(self, config: Config) -> Fault | None:
        shares: dict[str, float] = {name: getattr(config, name) for name in _ACCIDENTS}
        if not any(shares.values()):
            return None
        chance = self._accident_rng.random()
        for name, share in shares.items():
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


def _fires(fault: Fault, rng: random.Random) -> bool:
    fault.matched += 1
    if fault.matched <= fault.skip or (fault.times is not None and fault.fired >= fault.times):
        return False
    return fault.probability >= 1.0 or rng.random() < fault.probability


WRONG = "Something went wrong."
MESSAGES = {
    401: "The request requires authentication.",
    403: "You do not have permission to do this.",
    429: "Too many requests. Please retry later.",
    503: "Lever is undergoing maintenance.",
}
HTML = b"<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n<body>Bad Gateway</body>\r\n</html>\r\n"


def throttled(code: str, retry_after: float | None) -> RequestError:
    """Return a 429, without Retry-After by default (section 7.1)."""
    return RequestError(429, MESSAGES[429], code=code, retry_after=retry_after)


def replacement(fault: Fault) -> Response | None:
    """Return what replaces the response; None for a broken connection."""
    if fault.kind == "reset":
        return None
    if fault.kind == "throttle":
        return throttled(CODES[429], fault.retry_after).response()
    if fault.kind == "html":
        return Response(fault.status, HTML % fault.status, [(b"content-type", b"text/html")])
    if fault.kind == "empty":
        return Response(200, b"")
    if fault.kind == "no_rows":
        return Response(200, b'{"data":[],"hasNext":false}')
    if fault.kind == "refuse_offset":
        return offset_tokens.invalid_offset("Offset token is invalid for sort").response()
    response = RequestError(fault.status, MESSAGES.get(fault.status, WRONG)).response()
    if fault.location is None:
        return response
    return response.with_header(b"location", fault.location.encode())


# Attributes of an account that handlers change beside opportunities and their children.
RESTORED = ("postings", "users", "lists", "webhooks", "uploads", "application_archives")


def without_effect(account: Account, ids: list[str], handle: Callable[[], Response]) -> Response:
    """Return a handler's response, but undo its changes and send no event.

    `ids` are those of the request's path: a handler changes no child of another opportunity.
    """
    restored = {name: deepcopy(getattr(account, name)) for name in RESTORED}
    children = _children_of(account, ids)
    account.undo_log, emit = [], account.emit
    account.emit = lambda event, data: None
    try:
        return handle()
    finally:
        changes, account.undo_log, account.emit = account.undo_log, None, emit
        for name, value in restored.items():
            setattr(account, name, value)
        _restore(account, changes)
        for key in _children_of(account, [*ids, *(identifier for identifier, _, _ in changes)]):
            del account.children[key]
        account.children.update(children)


def _children_of(account: Account, ids: list[str]) -> dict[tuple[str, str], list[Any]]:
    """Return copies of the child objects of some opportunities."""
    wanted = set(ids)
    return {key: deepcopy(items) for key, items in account.children.items() if key[1] in wanted}


def _restore(account: Account, changes: list[tuple[str, bytes | None, str | None]]) -> None:
    for identifier, raw, posting in reversed(changes):
        row = account.rows.get(identifier)
        if row is not None and raw is None:
            account.remove(row)
        elif row is not None and raw is not None:
            account.replace(row, decode(raw), posting=posting)
