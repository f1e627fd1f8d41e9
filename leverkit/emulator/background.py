"""The demo account: one emulator process a user, shared by all processes and kernels, started on need.

What is known about it is in a file that only its owner can read; who starts it holds a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from leverkit.api.auth import Secret
from leverkit.api.client import ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.errors import LeverkitError

IDLE = 3600  # seconds without a request after which the emulator ends by itself
OPTIONS = ("--contacts", "400", "--seed", "7", "--idle-exit", str(IDLE))


def demo_account(folder: Path | None = None, options: tuple[str, ...] = OPTIONS) -> tuple[str, Secret]:
    """Return base URL and key of this user's demo account, starting it if it does not run."""
    folder = folder or Path(user_cache_dir("leverkit"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder / "demo-account.json"
    with _alone(folder / "demo-account.lock"):
        known = _read(state)
        if not _answers(known):
            known = _start(options)
            _write(state, known)
    return known["base_url"], Secret(known["api_key"])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(state: Path) -> dict[str, Any]:
    try:
        found = json.loads(state.read_text())
    except (OSError, ValueError):
        return {}
    keys = ("base_url", "api_key", "version")
    complete = isinstance(found, dict) and all(isinstance(found.get(key), str) for key in keys)
    return found if complete else {}


def _answers(known: dict[str, Any]) -> bool:
    """Ask the account itself: a process id may have gone to another program, a port as well."""
    if known.get("version") != _version():
        return False
    try:
        with ReadOnlyLever(base_url=known["base_url"], key=known["api_key"], pace=Pace(), retries=0) as lever:
            return bool(lever.account_id())
    except LeverkitError:
        return False


def _start(options: tuple[str, ...]) -> dict[str, Any]:
    package = Path(__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, "-m", f"{package.name}.emulator", *options],
        cwd=package.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
    try:
        started = json.loads(line)
    except ValueError:
        raise LeverkitError("the demo account did not start: try `leverkit emulator` to see why") from None
    process.returncode = 0  # it outlives us on purpose; unset, Popen complains of it when collected
    return {**started, "version": _version()}


def _write(state: Path, known: dict[str, Any]) -> None:
    fresh = state.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(known, file)
    fresh.replace(state)


def _version() -> str:
    try:
        return version("leverkit")
    except PackageNotFoundError:
        return "source"
