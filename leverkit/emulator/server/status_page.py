"""The status page at `/`: contents, last requests, faults, deliveries. It has no script and loads nothing."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote_plus

from msgspec.structs import asdict

from leverkit.emulator.account.account import Object
from leverkit.emulator.config import Config
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.server.service import Service

CSP = (
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", CSP),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
LATEST = 25
TEMPLATES = Path(__file__).parent / "templates"
UUID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _counts(service: Service) -> dict[str, int]:
    account = service.account
    rows = account.rows.values()
    return {
        "opportunities": len(account.rows),
        "of them archived": sum(row.archived is not None for row in rows),
        "of them confidential": sum(row.confidential for row in rows),
        "contacts": len(account.by_contact),
        "with two or more opportunities": sum(len(item) > 1 for item in account.by_contact.values()),
        "tags in use": len(account.tags),
        "postings": len(account.postings),
        "users": len(account.users),
        "deleted opportunities": len(account.deleted),
        "webhooks": len(account.webhooks),
        "requests so far": len(service.log),
        "deliveries so far": len(service.deliveries.history),
    }


def _short(text: str) -> str:
    """Return a path or query that is easy to read: decoded, ids cut to their first part."""
    return UUID.sub(r"\1…", unquote_plus(unquote_plus(text)))[:200]


def _ago(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


PLAIN = Fault(kind="delay")
SHOWN = ("query", "status", "when", "ms", "retry_after", "skip", "probability")


def _options(fault: Fault) -> str:
    """Return the options of a fault that differ from the defaults."""
    values = {name: getattr(fault, name) for name in SHOWN if getattr(fault, name) != getattr(PLAIN, name)}
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def _outcomes(delivery: Object) -> str:
    """Return the outcomes of the attempts, such as `500, Connection refused (2 times)`."""
    found = Counter(re.sub(r"^\[Errno \d+\] ", "", str(item["outcome"])) for item in delivery["attempts"])
    return ", ".join(text if times == 1 else f"{text} ({times} times)" for text, times in found.items())


def _switches(config: Config) -> list[tuple[str, object, object]]:
    """Return the switches that differ from the defaults: name, value, default."""
    pairs = zip(asdict(config).items(), asdict(Config()).values(), strict=True)
    return [(name, value, default) for (name, value), default in pairs if value != default]


def render(service: Service, root: str) -> bytes:
    """Return the page as UTF-8 HTML; `root` is the address of this server.

    The key is not on it: whoever can open this page may not have it.
    """
    from jinja2 import Environment, FileSystemLoader  # the emulator starts faster without it

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"short": _short, "ago": _ago, "options": _options, "outcomes": _outcomes}
    config = service.account.config
    return (
        environment.get_template("status_page.html.j2")
        .render(
            root=root,
            now=time.monotonic(),
            counts=_counts(service),
            requests=list(service.log)[: -LATEST - 1 : -1],
            faults=service.faults,
            deliveries=list(service.deliveries.history)[: -LATEST - 1 : -1],
            config=config,
            switches=_switches(config),
            humans=service.simulated_users.counts,
        )
        .encode()
    )
