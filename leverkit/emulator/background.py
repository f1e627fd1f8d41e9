"""The demo account: one emulator process per user, shared by all processes and kernels, started on need.

Its address and key are in `demo-account.json`, which only its owner can read. A lock file beside it keeps
two processes from starting one at the same time.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock
from platformdirs import user_cache_dir

LOOPBACK, TIMEOUT = "127.0.0.1", 30.0  # timeout in seconds
IDLE = 3600  # seconds without a request after which the emulator ends by itself
OPTIONS = ("--contacts", "400", "--seed", "7", "--idle-exit", str(IDLE))


class NotStarted(Exception):
    """The emulator process ended before it named its address."""


def demo_account(folder: Path | None = None, options: tuple[str, ...] = OPTIONS) -> tuple[str, str]:
    """Return base URL and key of this user's demo account; start it if it does not run.

    Raises NotStarted.
    """
    folder = folder or _state_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder / "demo-account.json"
    with FileLock(folder / "demo-account.lock", mode=0o600):
        known = _read(state)
        if not _is_running(known):
            known = _start(options)
            _write(state, known)
    return known["base_url"], known["api_key"]


def _state_folder() -> Path:
    """Return this user's cache folder, which is made. Raises NotStarted without a home to write to."""
    try:
        folder = Path(user_cache_dir("leverkit"))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: this user has no home folder
        raise NotStarted(
            "the demo account has no folder to keep its address in: set XDG_CACHE_HOME to one that this user "
            "can write"
        ) from None
    return folder


def _read(state: Path) -> dict[str, Any]:
    try:
        found = json.loads(state.read_text())
    except (OSError, ValueError):
        return {}
    keys = ("base_url", "api_key", "version")
    complete = isinstance(found, dict) and all(isinstance(found.get(key), str) for key in keys)
    return found if complete else {}


def _is_running(known: dict[str, Any]) -> bool:
    """Return True if the account itself answers: its process id or port may belong to another program now.

    The key is sent to this computer only.
    """
    if known.get("version") != _version():
        return False
    token = base64.b64encode(f"{known['api_key']}:".encode()).decode()
    try:
        url = urlsplit(known["base_url"])
        if (url.scheme, url.hostname) != ("http", LOOPBACK):
            return False
        with closing(HTTPConnection(LOOPBACK, url.port, timeout=TIMEOUT)) as connection:
            connection.request(
                "GET", f"{url.path}/archive_reasons", headers={"Authorization": f"Basic {token}"}
            )
            response = connection.getresponse()
            return response.status == 200 and isinstance(json.loads(response.read())["data"], list)
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
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
    process.returncode = 0  # it outlives us on purpose; Popen warns of a child whose code is unset
    try:
        started = json.loads(line)
    except ValueError:
        raise NotStarted("the demo account did not start: try `leverkit emulator` to see why") from None
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
