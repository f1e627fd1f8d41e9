"""The folder of a run: a plan, the lock of whoever works on it, and the journal that makes it begun."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from leverkit.errors import Refused, UsageError
from leverkit.storage.lock import hold
from leverkit.storage.sqlite import holds_nothing, readable, sound

JOURNAL = "journal.sqlite"  # beside a plan: what was done
INBOX = "inbox.sqlite"  # beside the folder of a receiver's runs: the events that it accepted
PACKED = ".tar.gz"  # after the name of a run folder that a nightly job packed
DRAFT = "draft"  # the folder in which notebooks of an account make a plan

_FILES = frozenset(
    (
        *("plan.json", "plan.csv", "before.json", "holders.json", "skipped.csv", "lock"),
        *(JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", "result.json", "exceptions.csv"),
        *("verify.json", "differences.csv", "replay.json", "after.json"),
        *("related.json", "same_account.json", "approval.json", "STOP", "PAUSE"),
    )
)


class _Opened(msgspec.Struct, tag="opened"):
    plan_id: str


def require_plan(folder: Path) -> None:
    """Raise UsageError where a folder holds no plan; for a packed one it says how it comes back."""
    packed = folder.absolute().with_name(f"{folder.absolute().name}{PACKED}")
    if not folder.exists() and packed.is_file():
        back = shlex.join(["tar", "-xzf", str(packed), "-C", str(packed.parent)])
        raise UsageError(f"{folder}: a nightly job packed this run; to have it back: {back}")
    if not (folder / "plan.json").is_file():
        raise UsageError(f"{folder}: no plan.json here; `leverkit plan` makes one")


def run_folders(folder: Path) -> list[Path]:
    """Return the run folders of an account, newest first, without a draft that tripped a brake."""
    plans = [*folder.glob("*/plan.json"), *folder.glob("runs/*/plan.json")]
    kept = [plan for plan in plans if plan.parent.name != DRAFT]
    return [plan.parent for plan in sorted(kept, key=lambda plan: -plan.stat().st_mtime_ns)]


def holds_only_a_run(folder: Path) -> bool:
    """Return True if everything in a folder is a run's; False where there is none, or more than that."""
    return folder.is_dir() and _FILES.issuperset(path.name for path in folder.iterdir())


def lock_file(folder: Path) -> Path:
    """Return the lock of a run folder, which whoever writes to it holds."""
    return folder / "lock"


def draft_lock(runs: Path) -> Path:
    """Return the lock of whoever makes a plan among the runs of an account."""
    return runs / "draft.lock"


def journal_owner(folder: Path) -> str:
    """Return the id of the plan that the journal of a run folder is of; empty where nothing was begun.

    Raises Refused where the journal is damaged.
    """
    row = _entry(folder, "body", "seq")
    return msgspec.json.decode(row, type=_Opened).plan_id if row else ""


def journal_head(folder: Path) -> str:
    """Return the end of the journal's chain, without checking it; empty where nothing was begun.

    Raises Refused where the journal is damaged.
    """
    return _entry(folder, "chain", "seq DESC")


def _entry(folder: Path, column: str, order: str) -> str:
    """Return a column of the journal's first entry in an order; empty where there is none."""
    path = folder / JOURNAL
    if not path.exists():
        return ""
    with sound(path), readable(path) as db:
        if holds_nothing(db):
            return ""
        row = db.execute(f"SELECT {column} FROM entries ORDER BY {order} LIMIT 1").fetchone()
        return str(row[0]) if row else ""


def was_begun(folder: Path) -> bool:
    """Return True if the plan of a run folder was begun; so it counts too where its journal is damaged."""
    try:
        return bool(journal_owner(folder))
    except (Refused, UsageError, sqlite3.Error):
        return True


@contextmanager
def replacing(folder: Path, plan_id: str) -> Iterator[None]:
    """Hold the lock of a run folder while a plan is written there.

    Raises Refused where its journal is of another plan, Locked where somebody works on it.
    """
    with hold(lock_file(folder), purpose=f"write plan {plan_id[:12]}"):
        if journal_owner(folder) not in ("", plan_id):
            raise Refused(
                f"{folder} holds another plan that was begun, and its journal. Nothing was replaced: "
                "a rollback needs both. Choose another folder"
            )
        yield
