"""Whole commands in children of one process that has everything loaded: some 50 ms each instead of a second.

Each child has the surroundings that its order names: environment, folder, user, and a limit on file sizes.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO
from pathlib import Path
from typing import Any

if __name__ != "__main__":
    from support.commands import Ended

PATIENCE = 60  # seconds until a command that hangs is ended by SIGALRM


class CommandServer:
    """Runs commands one after another; `environ` is all that they inherit."""

    def __init__(self, process: subprocess.Popen[str], environ: Mapping[str, str]) -> None:
        self._process, self._environ = process, dict(environ)

    def __call__(
        self,
        *words: object,
        cwd: Path | str = "/",
        environ: Mapping[str, str] | None = None,
        uid: int = 0,
        file_size: int = 0,
        patience: int = PATIENCE,
    ) -> Ended:
        """Run a command; with `uid` as that user, with `file_size` no file may grow beyond so many bytes."""
        order: dict[str, Any] = {
            "words": [str(word) for word in words],
            "cwd": str(cwd),
            "uid": uid,
            "limit": file_size,
        }
        order["patience"] = patience
        order["environ"] = self._environ | dict(environ or {})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return Ended(*json.loads(self._process.stdout.readline()))


@contextmanager
def command_server(environ: Mapping[str, str]) -> Iterator[CommandServer]:
    """Keep the process for a `with` block."""
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, __file__], **streams) as process:
        yield CommandServer(process, environ)
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        finally:
            process.kill()  # nobody waits for a process that does not end by itself


def main() -> None:
    """Read orders, one JSON object a line; answer each with the exit code of its child."""
    for line in sys.stdin:
        print(json.dumps(_ended(json.loads(line))), flush=True)


def _ended(order: dict[str, Any]) -> tuple[int, str, str]:
    """Run an order in a child; return its exit code and what it printed, which must fit into pipes."""
    pipes = [os.pipe(), os.pipe()]
    child = os.fork()
    if not child:
        for descriptor, (_, writing) in enumerate(pipes, 1):
            os.dup2(writing, descriptor)
        _obey(order)
    _, status = os.waitpid(child, 0)
    for _, writing in pipes:
        os.close(writing)
    printed = []
    for reading, _ in pipes:
        with os.fdopen(reading, "rb") as file:
            printed.append(file.read().decode(errors="replace"))
    return (os.waitstatus_to_exitcode(status), *printed)  # type: ignore[return-value]


def _lower_rights(uid: int) -> None:
    """Let file modes count for root too, and become another user, who may read what root may."""
    if os.geteuid() != 0:
        return
    libc, kept = ctypes.CDLL(None), 0
    if uid:
        libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
        os.setgid(uid)
        os.setuid(uid)
        kept = 1 << 2  # CAP_DAC_READ_SEARCH: the interpreter may lie where only root may look
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))


def _obey(order: dict[str, Any]) -> None:
    from leverkit.cli.main import main

    code = 1
    sys.stdin = open(os.devnull)  # noqa: SIM115  the orders are not for it
    sys.stdout, sys.stderr = open(1, "w"), open(2, "w")  # noqa: SIM115  other files than when they were made
    try:
        os.environ.clear()
        os.environ.update(order["environ"])
        os.chdir(order["cwd"])
        if order["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
        _lower_rights(order["uid"])
        signal.alarm(order["patience"])
        main(order["words"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    import duckdb  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import pandas  # noqa: F401

    from leverkit import *  # noqa: F403  loads what the public names need
    from leverkit.cli.main import main as command

    with redirect_stderr(StringIO()), suppress(SystemExit):
        command(["status", os.devnull])  # fails, and loads what commands need at their first use
    main()
