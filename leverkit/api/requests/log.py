"""One line for each request sent, where the log is on: no key, and no value that may be about a person.

The logger is `leverkit.api`, at DEBUG. LEVERKIT_LOG=debug shows it on stderr.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leverkit.api.requests.steps import Send
from leverkit.api.responses import Response

LOGGER = logging.getLogger("leverkit.api")
SHOWN = (
    "limit",
    "include",
    "expand",
    "confidentiality",
    "archived",
    "snoozed",
    "state",
    "includeDeactivated",
)
ENDS = ("_start", "_end", "_id")


def log_request(
    send: Send, response: Response, seconds: float, attempt: int, hide: Callable[[str], str]
) -> None:
    """Log a request with its answer: method, path, query, status, milliseconds, request id, attempt."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        answer = response.status or f"no answer ({response.failure})"
        theirs = f" lever={response.lever_id}" if response.lever_id else ""
        line = f"{send.method} {send.path.partition('?')[0]}{_query(send.params or {})} {answer} "
        line += f"{1000 * seconds:.0f} ms request={send.request_id}{theirs} attempt={attempt}"
        LOGGER.debug("%s", hide(line))


@dataclass(frozen=True)
class _WithoutQuery:
    """Takes queries, in which an e-mail may be, out of what httpx logs of requests to an account."""

    base_url: str

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a line that names such a request; all are logged."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._shown, record.args))
        return True

    def _shown(self, value: object) -> object:
        return text.partition("?")[0] if (text := str(value)).startswith(self.base_url) else value


def hide_queries(base_url: str) -> None:
    """Let httpx log requests to an account without their queries, where its log is on."""
    logging.getLogger("httpx").addFilter(_WithoutQuery(base_url))  # once, as equal ones are one


def show_requests() -> None:
    """Show the log on stderr, unless it is shown already."""
    if not LOGGER.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)


def _query(params: Mapping[str, Any]) -> str:
    """Return the parameters, each value that may be personal as a mark; of many values their number."""
    shown = [f"{name}={_value(name, value)}" for name, value in params.items()]
    return f"?{'&'.join(shown)}" if shown else ""


def _value(name: str, value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) > 1:
        return f"({len(value)})"
    one = value[0] if isinstance(value, list | tuple) and value else value
    return str(one) if name in SHOWN or name.endswith(ENDS) else "…"
