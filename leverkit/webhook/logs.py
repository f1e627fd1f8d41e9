"""Structured logs of the receiver: one JSON object per line, without ids of people and without tags."""

from __future__ import annotations

import json
import logging
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
        return json.dumps(head | getattr(record, "leverkit", {}), ensure_ascii=False, default=str)


def log_to_stderr() -> None:
    """Write the receiver's log to stderr as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
