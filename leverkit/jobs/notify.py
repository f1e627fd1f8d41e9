"""Tell somebody how a job ended: one small JSON to the address in LEVERKIT_NOTIFY.

It names no tag, no person and no key. Whatever becomes of it, the job's exit code stays what it is.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import msgspec

from leverkit.api.auth import LOOPBACK, Secret
from leverkit.errors import INTERRUPTED

TIMEOUT = 5.0  # seconds
SLACK = "hooks.slack.com"
TEAMS = (".office.com", ".office365.com", ".logic.azure.com", ".powerplatform.com")
OUTCOMES = {
    0: "done",
    2: "found something to do",
    3: "done in part",
    4: "refused, a person is needed",
    5: "stopped by a brake, a person is needed",
    6: "the account is not as planned",
    8: "stopped; continues next time",
    11: "another process was writing",
    12: "the key was refused",
    64: "wrong settings",
    INTERRUPTED: "interrupted; continues next time",
}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended: its name, the account's, the exit code, a few numbers, and where the report is."""

    job: str
    account: str
    exit_code: int
    counts: Mapping[str, int] = {}
    report: str = ""

    @property
    def outcome(self) -> str:
        """Return how it ended in fixed words: messages of errors may name tags."""
        return OUTCOMES.get(self.exit_code, "failed")

    @property
    def text(self) -> str:
        """Return the notice as one line."""
        counts = ", ".join(f"{number:,} {name}" for name, number in self.counts.items())
        parts = (f"leverkit {self.job}, account {self.account}: {self.outcome}", counts, self.report)
        return "; ".join(filter(None, parts))


def tell(address: Secret | None, notice: Notice) -> str:
    """Send a notice; return why that did not succeed, without the address; empty where it did."""
    if address is None:
        return ""
    host = _host(address)
    if not host:
        return (
            "nobody was told: what LEVERKIT_NOTIFY names is no https address, and http is only for this "
            "computer (127.0.0.1); nothing was sent"
        )
    try:
        _send(address, msgspec.json.encode(_shaped(host, notice)))
    except HTTPError as error:
        return f"nobody was told: the address in LEVERKIT_NOTIFY answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return f"nobody was told: the address in LEVERKIT_NOTIFY gave no answer ({type(error).__name__})"
    return ""


def _host(address: Secret) -> str:
    """Return the host of an address to which a notice may go; empty for any other address."""
    try:
        url = urlsplit(address.reveal())
    except ValueError:
        return ""
    host = url.hostname or ""
    return host if url.scheme == "https" or (url.scheme == "http" and host in LOOPBACK) else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is refused: it would lead to where nobody wanted the notice to go."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _send(address: Secret, body: bytes) -> None:
    request = urllib.request.Request(
        address.reveal(), data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
        answer.read(1024)


def _shaped(host: str, notice: Notice) -> object:
    """Return what the receiver at a host takes: Slack's text, a card of Teams, or all as plain JSON."""
    if host == SLACK:
        return {"text": notice.text}
    if host.endswith(TEAMS):
        block = {"type": "TextBlock", "text": notice.text, "wrap": True}
        card = {"type": "AdaptiveCard", "version": "1.2", "body": [block]}
        attached = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return {"type": "message", "attachments": [attached]}
    return {"text": notice.text, "outcome": notice.outcome} | msgspec.to_builtins(notice)
