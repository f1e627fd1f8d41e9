"""Bring a ledger up to date in a child that is killed by SIGKILL at an SQLite statement, then again.

`python -m support.killed_update ACCOUNT SNAPSHOT NUMBER…` prints one line for each number (0: not killed):
how the child ended, and what the ledger knows after a second child has brought it up to date to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  loaded once, before the forks
import pandas  # noqa: F401

from leverkit.history import reading
from leverkit.history.ledger import Ledger
from leverkit.jobs.ledger import update_ledger
from leverkit.snapshot.snapshot import Snapshot

TABLES = ("readings", "base", "marks", "runs", "events")


def update(account: Path, snapshot: Path, number: int) -> int:
    """Update in a child, which is killed before its statement of this number; return how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = number

    def count(_: Any, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and isinstance(getattr(called, "__self__", None), sqlite3.Connection):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    update_ledger(account, Snapshot.open(snapshot))
    os._exit(0)


def known(account: Path) -> dict[str, list[Any]]:
    """All that the ledger holds, but for the folder of the account."""
    with Ledger.open(account) as ledger:
        rows = {table: ledger.rows(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    return json.loads(json.dumps(rows).replace(str(account), ""))  # type: ignore[no-any-return]


def main(account: Path, snapshot: Path, numbers: list[int]) -> None:
    """Print how each child ended and what is known afterwards."""
    reading.MARGIN = 0
    for number in numbers:
        copy = account.with_name(f"killed {number}")
        shutil.copytree(account, copy)
        ended = update(copy, snapshot, number)
        again = update(copy, snapshot, 0)
        print(json.dumps([ended, again, known(copy)]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), list(map(int, sys.argv[3:])))
