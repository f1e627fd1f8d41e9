"""The status page at `/`: contents, last requests, faults, deliveries. It has no script and loads nothing."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_plus

import msgspec

from leverkit.emulator.account.account import Object
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


class Cell(NamedTuple):
    """A table cell. `kind` is a CSS class (good, warn, bad or long); `whole` is the tooltip."""

    text: str
    kind: str = ""
    whole: str = ""


Rows = Iterable[Sequence[Cell]]


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


def _status(status: int | None) -> Cell:
    if status is None:
        return Cell("no answer", "bad")
    return Cell(str(status), "good" if status < 400 else "warn" if status < 500 else "bad")


def _requests(service: Service) -> Rows:
    now = time.monotonic()
    for entry in list(service.log)[: -LATEST - 1 : -1]:
        whole = entry["path"] + ("?" + entry["query"] if entry["query"] else "")
        took = "" if entry["ms"] is None else f"{entry['ms']} ms"
        yield (
            Cell(entry["method"]),
            Cell(_short(whole), "long", whole),
            _status(entry["status"]),
            Cell(entry["fault"] or "", "warn"),
            Cell(took),
            Cell(_ago(now - entry["at"])),
        )


PLAIN = Fault(kind="delay")
SHOWN = ("query", "status", "when", "ms", "retry_after", "skip", "probability")


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _faults(service: Service) -> Rows:
    for fault in service.faults.all:
        special = [name for name in SHOWN if getattr(fault, name) != getattr(PLAIN, name)]
        options = ", ".join(f"{name} {_plain(getattr(fault, name))}" for name in special)
        limit = "" if fault.times is None else f" of {fault.times}"
        active = fault.times is None or fault.fired < fault.times
        yield (
            Cell(fault.kind),
            Cell(f"{fault.method} {fault.path}" + (f" · {options}" if options else ""), "long"),
            Cell(f"fired {fault.fired}{limit}"),
            Cell(f"matched {fault.matched}"),
            Cell("active" if active else "used up", "warn" if active else ""),
        )
    for name, count in service.faults.accidents.items():
        yield (
            Cell("accident"),
            Cell(name, "long"),
            Cell(f"fired {count}"),
            Cell(""),
            Cell("by chance", "warn"),
        )


def _outcomes(delivery: Object) -> str:
    """Return the outcomes of the attempts, such as `500, Connection refused (2 times)`."""
    found = Counter(re.sub(r"^\[Errno \d+\] ", "", str(item["outcome"])) for item in delivery["attempts"])
    return ", ".join(text if times == 1 else f"{text} ({times} times)" for text, times in found.items())


def _outcome(delivery: Object, tries: int) -> Cell:
    if delivery["delivered"]:
        return Cell("delivered", "good")
    return Cell("given up", "bad") if len(delivery["attempts"]) >= tries else Cell("on its way", "warn")


def _deliveries(service: Service) -> Rows:
    tries = 1 + service.account.config.webhook_retries
    for delivery in list(service.deliveries.history)[: -LATEST - 1 : -1]:
        outcomes = _outcomes(delivery)
        yield (
            Cell(delivery["event"]),
            Cell(f"{delivery['url'][:200]}{f' · {outcomes[:200]}' if outcomes else ''}", "long"),
            _outcome(delivery, tries),
            Cell(f"tries {len(delivery['attempts'])}"),
        )


def _switches(service: Service) -> Rows:
    config, plain = service.account.config, type(service.account.config)()
    for name in msgspec.structs.asdict(config):
        value = getattr(config, name)
        if value != getattr(plain, name):
            yield Cell(name), Cell(str(value), "long"), Cell(f"default {getattr(plain, name)}")


def _simulated_users(service: Service) -> Rows:
    counts = service.simulated_users.counts
    return ((Cell(action), Cell(str(count), "long")) for action, count in sorted(counts.items()))


def render(service: Service, root: str) -> bytes:
    """Return the page as UTF-8 HTML; `root` is the address of this server.

    The key is not on it: whoever can open this page may not have it.
    """
    from jinja2 import Environment, FileSystemLoader  # the emulator starts faster without it

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("status_page.html.j2")
    tables = {
        "requests": _requests(service),
        "faults": _faults(service),
        "deliveries": _deliveries(service),
        "switches": _switches(service),
        "humans": _simulated_users(service),
    }
    rows = {anchor: list(found) for anchor, found in tables.items()}
    return template.render(root=root, counts=_counts(service), rows=rows).encode()
