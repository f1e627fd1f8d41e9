"""`leverkit listen` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leverkit.emulator import Running

COMMAND = "import typer; from leverkit.cli import integration as c; a = typer.Typer(); c.register(a); a()"
SECRET = "5" * 48


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Wait until a condition holds, which another thread or process brings about; return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


class Listener:
    """A running `leverkit listen`; its log goes to the file `log` in its folder."""

    def __init__(self, account: Running, folder: Path, policy: Path, port: int = 0, **options: Any) -> None:
        extra = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        own = {"LEVER_BASE_URL": account.base_url, "LEVER_API_KEY": account.api_key}
        own |= {"LEVER_WEBHOOK_SECRETS": f"old-one, {SECRET}", "XDG_CACHE_HOME": str(folder / "cache")}
        own["LEVERKIT_WORKSPACE"] = str(folder / "workspace")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "listen", "--policy", str(policy), "--state", str(folder)]
                + ["--port", str(port), *extra],
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | own,
                text=True,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.kill()
            raise AssertionError((folder / "log").read_text())
        self.url = str(json.loads(line)["url"])
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self.process.kill()
        self.process.wait()
        self._close()

    def stop(self) -> int:
        """Stop the process with SIGTERM and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._close()
        return code

    def _close(self) -> None:
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def listening(account: Running, folder: Path, policy: Path, **options: Any) -> Iterator[Listener]:
    """Run `leverkit listen` for the length of a `with` block; kill it where the test fails."""
    listener = Listener(account, folder, policy, **options)
    try:
        yield listener
    finally:
        if listener.process.poll() is None:
            listener.kill()
