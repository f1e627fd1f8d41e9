"""Forget a person in a child that is killed by SIGKILL at a change of a file, then again.

`python -m support.killed_forget HOME ACCOUNT SNAPSHOT PERSON STEP` prints one line for no kill, and one for a
kill at each change whose number is a multiple of STEP: how the child ended, how a second one did, and the
files that name the person then.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  loaded once, before the forks
import pandas  # noqa: F401

import leverkit as lk
from leverkit.jobs.erasure.forget import forget_people
from leverkit.migration.run import Run
from leverkit.verification.replay import replay

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect")


def forget(account: Path, snapshot: Path, person: str, number: int) -> int:
    """Forget in a child, which is killed before its change of this number; return how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = number

    def count(event: str, _: Any) -> None:
        nonlocal left
        if event not in CHANGES:
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    try:
        found = forget_people(account, [snapshot], [person])
        (account.parent.parent / "changes").write_text(str(-left))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(bool(found.left))


def places(home: Path, ids: set[str]) -> list[str]:
    """The files that name any of these ids, and what does not agree with itself."""
    files = [path for path in home.rglob("*") if path.is_file()]
    found = [str(path) for path in files if any(id.encode() in path.read_bytes() for id in ids)]
    for path in files:
        if path.name == "snapshot.json":
            rows = lk.Snapshot.open(path.parent).sql("SELECT id, contact FROM opportunities").fetchall()
            found += [str(path) for row in rows if ids.intersection(row)]
        if path.name == "plan.json":
            found += replay(Run.open(path.parent)).problems
    return found


def main(home: Path, account: Path, snapshot: Path, person: str, step: int) -> None:
    """Print how each child ended and what is left afterwards."""
    backup = home.with_name("backup")
    shutil.copytree(home, backup)
    plans = [Run.open(path.parent).plan for path in home.rglob("plan.json")]
    ids = {person} | {id for plan in plans for id, at in plan.before.items() if at.contact == person}
    numbers, done = [0], 0
    while done < len(numbers):
        shutil.rmtree(home)
        shutil.copytree(backup, home)
        ended = forget(account, snapshot, person, numbers[done])
        if done == 0:
            numbers += range(step, int(home.with_name("changes").read_text()), step)
        again = forget(account, snapshot, person, 0)
        print(json.dumps([ended, again, places(home, ids)]), flush=True)
        done += 1


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4], int(sys.argv[5]))  # type: ignore[arg-type]
