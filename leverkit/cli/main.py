"""The entry point: run a command, turn an error into one line and an exit code.

Human text goes to stderr, results to stdout. Only the standard library is imported at the top, so that an
interruption is reported in one line from the first moment.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from functools import partial
from typing import NoReturn

from leverkit.errors import INTERRUPTED, LeverkitError, exit_code_of, is_interrupt


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; errors are one line, with `--debug` also where they come from."""
    arguments = sys.argv[1:] if arguments is None else arguments
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _encode(utf8="--json" in arguments)
    try:
        code = _run(arguments)
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in arguments:
            import traceback

            traceback.print_exc()
            _print_lever_text(error)
        code = _report(error)
    if code == INTERRUPTED and _threads_left():
        _leave(code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Load the commands, run one and return its exit code. Raises the errors of the command."""
    try:
        from leverkit.cli.app import app
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing was begun") from None
    from leverkit.cli.connection import run_as_account

    code = run_as_account(partial(app, prog_name="leverkit", standalone_mode=False), arguments)
    if code == INTERRUPTED:  # typer has turned a KeyboardInterrupt into its exit code by now
        raise KeyboardInterrupt
    return code


def _threads_left() -> bool:
    """Return True if threads of an interrupted command still run."""
    from leverkit.api.threads import threads_left

    return threads_left()


def _leave(code: int) -> NoReturn:
    """End at once: everything that must not be lost is on disk."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _encode(*, utf8: bool) -> None:
    """Escape what a terminal cannot show, so that no tag stops a command; JSON is UTF-8 everywhere."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if utf8 else None, errors="backslashreplace")


def _report(error: BaseException) -> int:
    """Print an error in one line and return its exit code."""
    if isinstance(error, BrokenPipeError):  # `leverkit … | head`: nobody reads the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if is_interrupt(error):  # nothing is imported here: a second Ctrl-C would interrupt that
        how = (isinstance(error, KeyboardInterrupt) and str(error)) or "the same command resumes"
        print(f"leverkit: interrupted; {how}", file=sys.stderr, flush=True)
        return INTERRUPTED
    from leverkit.cli.output import print_message

    print_message(f"leverkit: {_described(error)}")
    return exit_code_of(error)


def _print_lever_text(error: BaseException) -> None:
    """Print what Lever wrote in its refusal, if anything: it is in no message, as it may name people."""
    if text := getattr(error, "lever_text", ""):
        from leverkit.cli.output import print_message

        print_message(f"Lever wrote: {text}")


def _described(error: BaseException) -> str:
    """Return an error in one sentence, with what to do if that is known."""
    if isinstance(error, LeverkitError):
        return str(error)
    if hasattr(error, "format_message"):  # typer's usage errors, wherever its version keeps them
        command = getattr(getattr(error, "ctx", None), "command_path", "leverkit")
        return f"{error.format_message()} Try `{command} --help`.".lstrip()
    import sqlite3

    if isinstance(error, OSError | sqlite3.Error):
        what = getattr(error, "strerror", None) or str(error)
        where = getattr(error, "filename", None)
        return f"{f'{where}: ' if where else ''}{what}; fix this, then the same command resumes"
    return f"unexpected {type(error).__name__}: {error} (`leverkit --debug …` shows where)"
