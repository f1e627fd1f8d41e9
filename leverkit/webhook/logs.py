"""Structured logs of long-running commands: one JSON object a line, no ids of people, no tags."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

LOG = logging.getLogger("leverkit.receiver")


def note(what: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log that something happened, with numbers and words that name nobody."""
    LOG.log(level, what, extra={"leverkit": fields})


class Lines(logging.Formatter):
    """Formats records as JSON lines: at (UTC), level, what, and the fields of `note`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"at": at, "level": record.levelname.lower(), "what": record.getMessage()}
        return json.dumps(head | getattr(record, "leverkit", {}), ensure_ascii=False, default=str)


def to_stderr() -> None:
    """Write the receiver's log to stderr as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
