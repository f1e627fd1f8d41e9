"""run.json: the parameters of a notebook job, whether it runs, and how it ended.

The executed notebook is no such record: papermill marks every cell completed even if the kernel died.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Literal, Self

import msgspec

from leverkit.errors import Locked, UsageError
from leverkit.notebook.parameters import Value
from leverkit.settings import Settings
from leverkit.storage import files
from leverkit.storage.lock import hold, holder

NAME = "run.json"
LOCK = "job.lock"
Status = Literal["running", "died", "done", "failed", "interrupted"]
PACKAGES = ("leverkit", "papermill", "nbclient", "ipykernel", "pandas", "duckdb")


class Failure(msgspec.Struct, frozen=True):
    """What ended a job: the class name of the error, its message, the count of its cell if it has one."""

    type: str
    message: str
    cell: int | None = None


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a job. Times are ISO 8601 in UTC; `exit_code` is None while it runs.

    A killed process leaves "running" in the file; `read` returns it as "died". `next` is what the notebook
    says is to be done next, `verdict` its headline. `demo`: the demo account. Where the notebook planned or
    carried out something, `account`, `plan_id`, `run_folder` and `counts` (operations by outcome) say what.
    """

    format: int = 1
    status: Status
    exit_code: int | None = None
    error: Failure | None = None
    notebook: str
    notebook_sha256: str
    parameters: dict[str, Value]
    attempt: int
    pid: int
    started_at: str
    ended_at: str | None = None
    git: str | None
    versions: dict[str, str]
    files: tuple[str, ...] = ()
    next: str = ""
    account_name: str = ""
    host: str = ""
    demo: bool = False
    account: str = ""
    plan_id: str = ""
    run_folder: str = ""
    counts: dict[str, int] = {}
    verdict: str = ""

    @classmethod
    def begin(
        cls, notebook: Path, parameters: Mapping[str, Value], settings: Settings, *, attempt: int
    ) -> Self:
        """Return the record of a job that starts now in this process."""
        return cls(
            status="running",
            notebook=notebook.name,
            notebook_sha256=hashlib.sha256(notebook.read_bytes()).hexdigest(),
            parameters=dict(parameters),
            attempt=attempt,
            pid=os.getpid(),
            started_at=_now(),
            git=_commit(notebook.parent),
            versions={"python": python_version()} | {name: version(name) for name in PACKAGES},
            account_name=settings.account_name,
            host=settings.host,
            demo=settings.demo,
        )

    def end(self, status: Status, exit_code: int, error: Failure | None, files: tuple[str, ...]) -> Self:
        """Return the record of the same job, ended."""
        how = {"status": status, "exit_code": exit_code, "error": error}
        return msgspec.structs.replace(self, **how, files=files, ended_at=_now())

    def write(self, folder: Path) -> None:
        """Write run.json in one step."""
        files.write_json(folder / NAME, self)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the record of a job's folder; "died" if its process is gone. Raises UsageError."""
        try:
            record = msgspec.json.decode((folder / NAME).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(f"{folder / NAME}: no record of a job: {error}") from None
        return record.end("died", 1, None, ()) if record.status == "running" and _free(folder) else record

    @property
    def summary(self) -> str:
        """Return the record in one line."""
        reason = f": {self.error.type}: {self.error.message}" if self.error else ""
        return f"{self.notebook} {self.status}{reason}"


def _free(folder: Path) -> bool:
    try:
        with hold(folder / LOCK, purpose="looking whether the job runs"):
            return True
    except Locked:
        return False
    except UsageError:  # a folder that cannot be written, as on a read-only disk
        return not holder(folder / LOCK)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _commit(folder: Path) -> str | None:
    """Return the commit of the repository that the notebook is in; None without a repository or git."""
    try:
        command = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() or None
