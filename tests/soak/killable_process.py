"""A parent process whose children carry out a run and are killed by SIGKILL at a named point.

Forking from a process that has everything loaded makes a kill take 20 ms instead of a second.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

POINTS = (
    "before the intent",
    "intent not synced",
    "intent synced, not sent",
    "sent, not applied",
    "applied, answer lost",
    "answer read, no result",
    "result not synced",
    "result synced",
)
FAULTS = {"sent, not applied": "before", "applied, answer lost": "after"}  # what the account must do there
SETTLING = ("before the outcome", "outcome not synced", "outcome synced", "before the seal")


class ChildRunner:
    """Sends orders to the parent process; a call returns the child's exit code, or minus the signal."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, **order: Any) -> int:
        """Let a child carry out an order and return how it ended.

        Keys: what (apply, pull, plan, rollback, sync), run (the folder to write), base_url, key, point,
        number; cut (root, shadow, number: see power_cut.py); for a plan snapshot and policy, for a rollback
        of, for a sync policy and home.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def child_runner(cache: Path, *, preload: Path | None = None) -> Iterator[ChildRunner]:
    """Keep the process for a `with` block, with its locks in a folder of its own and a library loaded."""
    environ = os.environ | {"XDG_CACHE_HOME": str(cache)}
    environ |= {"LD_PRELOAD": str(preload)} if preload else {}
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("LOUD") else subprocess.DEVNULL,
        text=True,
        env=environ,
    ) as process:
        yield ChildRunner(process)
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        finally:
            process.kill()  # nobody waits for a process that does not end by itself


def main() -> None:
    """Read orders, one JSON object per line; write how the child of each ended."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_carry_out(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _carry_out(order: dict[str, Any]) -> int:
    from leverkit.errors import LeverkitError

    acts = {"apply": _apply, "pull": _pull, "plan": _plan, "rollback": _rollback, "sync": _sync}
    if "cut" in order:
        root, shadow, number = order["cut"]
        ctypes.CDLL(None).power_cut_begin(root.encode(), shadow.encode(), ctypes.c_long(number))
    try:
        return acts[order["what"]](order)
    except LeverkitError as error:
        return error.exit_code


class KillPoint:
    """Kills this process when the point is reached for the n-th time."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._point, self._left = order.get("point", ""), order.get("number", 1)

    def at(self, point: str) -> None:
        """Reach a point."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def _apply(order: dict[str, Any]) -> int:
    from leverkit.migration.apply import apply

    kill_point = KillPoint(order)
    _make_journal_killable(kill_point)
    with _killable_lever(order, kill_point) as lever:
        return apply(order["run"], approve=order["approve"], lever=lever).exit_code


def _sync(order: dict[str, Any]) -> int:
    from leverkit.jobs.nightly.order import SyncOrder
    from leverkit.jobs.sync import sync
    from leverkit.settings import Settings

    kill_point = KillPoint(order)
    _make_journal_killable(kill_point)
    asked = SyncOrder(policy=Path(order["policy"]), out=Path(order["run"]))
    settings = Settings(order["base_url"], home=Path(order["home"]))
    transport = _killable_transport(kill_point)
    with _killable_lever(order, kill_point, transport=transport) as lever:
        return sync(asked, settings=settings, lever=lever, reread_after=()).record.exit_code or 0


def _killable_lever(order: dict[str, Any], kill_point: KillPoint, **options: Any) -> Any:
    """Return a client that reaches kill points around its writes."""
    from leverkit.api.client import Lever
    from leverkit.api.rate_limit import Pace
    from leverkit.errors import ApiError

    class KillableLever(Lever):
        def _write(self, *args: Any) -> Any:
            kill_point.at("intent synced, not sent")
            try:
                answer = super()._write(*args)
            except ApiError:
                kill_point.at("sent, not applied")
                kill_point.at("applied, answer lost")
                raise
            kill_point.at("answer read, no result")
            return answer

    pace = Pace(rate=1e6, burst=1000)
    return KillableLever(base_url=order["base_url"], key=order["key"], pace=pace, retries=0, **options)


def _make_journal_killable(kill_point: KillPoint) -> None:
    """Reach kill points before an append to the journal, within its transaction, and after it."""
    from leverkit.migration.journal import Journal

    names = {"Intent": "intent", "WriteResponse": "result", "Outcome": "outcome", "SessionEnded": "seal"}
    append, connect = Journal.append, sqlite3.connect
    current: dict[str, str] = {}

    class Commits(sqlite3.Connection):
        def __exit__(self, *args: Any) -> Any:
            kill_point.at(f"{current.get('name')} not synced")
            return super().__exit__(*args)

        def executescript(self, script: str) -> sqlite3.Cursor:
            kill_point.at("journal without a table")
            return super().executescript(script)

    def append_at_points(self: Journal, *bodies: Any) -> int:
        name = names.get(type(bodies[-1]).__name__, "")
        with _lock(self):
            kill_point.at(f"before the {name}")
            current["name"] = name
            number = append(self, *bodies)
            kill_point.at(f"{name} synced")
        return number

    Journal.append = append_at_points  # type: ignore[method-assign]
    sqlite3.connect = lambda *args, **options: connect(*args, factory=Commits, **options)  # type: ignore[assignment,misc]


def _lock(journal: Any) -> Any:
    import threading

    if not hasattr(journal, "append_lock"):
        journal.append_lock = threading.RLock()
    return journal.append_lock


def _killable_transport(kill_point: KillPoint) -> Any:
    """Return a transport that reaches kill points around each request."""
    import httpx

    class KillableTransport(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            kill_point.at("before the request")
            response = super().handle_request(request)
            response.read()
            kill_point.at("answered, not kept")
            return response

    return KillableTransport()


def _pull(order: dict[str, Any]) -> int:
    from leverkit.api.client import ReadOnlyLever
    from leverkit.api.rate_limit import Pace
    from leverkit.snapshot.pull import pull

    transport, pace = _killable_transport(KillPoint(order)), Pace(rate=1e6, burst=1000)
    with ReadOnlyLever(
        base_url=order["base_url"], key=order["key"], pace=pace, retries=0, transport=transport
    ) as lever:
        pull(order["run"], lever=lever, workers=4)
    return 0


def _plan(order: dict[str, Any]) -> int:
    from leverkit.planning.planner import plan
    from leverkit.policy.policy import Policy
    from leverkit.snapshot.snapshot import Snapshot

    policy = Policy.read(order["policy"])
    plan(Snapshot.open(order["snapshot"]), policy, order["run"], max_pct=None, max_tag_pct=None)
    return 0


def _rollback(order: dict[str, Any]) -> int:
    from leverkit.migration.rollback import rollback

    rollback(order["of"], order["run"])
    return 0


if __name__ == "__main__":
    import duckdb  # noqa: F401

    from leverkit import *  # noqa: F403  loads what the public names need, once for all children

    main()
