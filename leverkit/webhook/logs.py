"""Structured logs of the receiver: one JSON object per line, without ids of people and without tags."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime

LOG = logging.getLogger("leverkit.receiver")


def log_event(message: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log a message with fields, none of which may name a person or a tag."""
    LOG.log(level, message, extra={"leverkit": fields})


class JsonLines(logging.Formatter):
    """Formats records as JSON lines: `at` (UTC), `level`, `what`, and the fields of `log_event`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"at": at, "level": record.levelname.lower(), "what": record.getMessage()}
        error = {"kind": record.exc_info[0].__name__} if record.exc_info and record.exc_info[0] else {}
        return json.dumps(head | error | getattr(record, "leverkit", {}), default=str)


class LogStream(io.TextIOBase):
    """A text stream whose lines become records of the log."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        """Log the lines that are complete."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            LOG.info(line)
        return len(text)


@contextmanager
def json_stderr() -> Iterator[None]:
    """Make stderr a log of JSON lines, with what other loggers and modules write there."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    LOG.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        with redirect_stderr(LogStream()):
            yield
    finally:
        root.handlers = before
        logging.captureWarnings(False)
