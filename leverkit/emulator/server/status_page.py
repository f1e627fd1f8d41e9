"""The status page at `/`: contents, last requests, faults, deliveries. It has no script and loads nothing."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import unquote_plus

import msgspec

from leverkit.emulator.account.account import Object
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.server.service import Service

STYLE = """
:root { color-scheme: light dark; --line: #d8dce3; --soft: #5b6472; --card: #f5f7fa; --accent: #0b5cad;
  --good: #17663a; --warn: #8a5300; --bad: #b3261e; font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --line: #3a414d; --soft: #a4adba; --card: #1d2129;
  --accent: #7cb7ff; --good: #74d39b; --warn: #f0b95c; --bad: #ff9a91;
  background: #14171c; color: #e8ebf0; } }
* { box-sizing: border-box; }
body { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { border-bottom: 3px solid var(--accent); padding-bottom: .8rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; max-width: 46rem; } .soft { color: var(--soft); }
a { color: var(--accent); } nav a { display: inline-block; margin: .2rem .9rem .2rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  margin: .6rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .6rem; margin: 0; }
dl > div { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .55rem .8rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dd { margin: 0; font-size: 1.45rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
dt { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .88rem; }
th, td { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { white-space: nowrap; } td.long { white-space: normal; overflow-wrap: anywhere; width: 99%; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); font-weight: 600; }
@media (max-width: 44rem) {
  thead { position: absolute; left: -99rem; }
  tr { display: flex; flex-wrap: wrap; gap: 0 .8rem; padding: .35rem 0; }
  tr { border-bottom: 1px solid var(--line); } td { border: 0; padding: 0; } td:empty { display: none; }
  td.long { flex-basis: 100%; width: auto; order: 9; }
}
"""


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
UUID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Cell(NamedTuple):
    """A table cell. `kind` is a CSS class (good, warn, bad or long); `whole` is the tooltip."""

    text: str
    kind: str = ""
    whole: str = ""

    def html(self) -> str:
        """Return the cell, escaped."""
        kind = f' class="{self.kind}"' if self.kind else ""
        whole = f' title="{escape(self.whole)}"' if self.whole else ""
        return f"<td{kind}{whole}>{escape(self.text)}</td>"


Rows = Iterable[Sequence[Cell]]


def _table(names: Sequence[str], rows: Rows, otherwise: str) -> str:
    lines = ["".join(cell.html() for cell in row) for row in rows]
    if not lines:
        return f'<p class="soft">{otherwise}</p>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _holdings(service: Service) -> str:
    account = service.account
    rows = account.rows.values()
    counts = {
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
    cards = (f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in counts.items())
    return f"<dl>{''.join(cards)}</dl>"


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


def _start(root: str) -> str:
    """Return how to point a client here, without the key: whoever can open this page may not have it."""
    base = escape(root)
    return (
        "<p>Use this address in place of <code>https://api.lever.co/v1</code>, and the key that the emulator "
        "printed when it started (user name of Basic authentication, no password):</p>"
        f"<pre>{base}/v1</pre>"
        f"<pre>curl -u API_KEY: '{base}/v1/opportunities?limit=2'</pre>"
        "<p>Let the next tag write fail after it took effect:</p>"
        f"<pre>curl -u API_KEY: {base}/_emulator/faults -d "
        """'{"kind": "status", "status": 503, "path": "*/addTags", "when": "after"}'</pre>"""
        '<p>For any OpenAPI tool: <a href="/_emulator/openapi.json">the description of every path</a>.</p>'
    )


def _sections(service: Service, root: str) -> list[tuple[str, str, str]]:
    """Return anchor, title and content of each part."""
    asked = ("method", "path", "status", "fault", "took", "when")
    return [
        ("start", "Point a client at it", _start(root)),
        ("holds", "What it holds", _holdings(service)),
        ("requests", "Last requests", _table(asked, _requests(service), "No request yet.")),
        (
            "faults",
            "Faults",
            _table(
                ("kind", "requests", "fired", "matched", "now"), _faults(service), "Everything goes right."
            ),
        ),
        (
            "deliveries",
            "Webhook deliveries",
            _table(("event", "to, and its answers", "now", "tries"), _deliveries(service), "None so far."),
        ),
        (
            "switches",
            "Switches",
            _table(("switch", "value", "default"), _switches(service), "All as they are by default."),
        ),
        (
            "humans",
            "Humans at work",
            _table(("what they did", "times"), _simulated_users(service), "Nobody changes anything by hand."),
        ),
    ]


def render(service: Service, root: str) -> bytes:
    """Return the page as UTF-8 HTML; `root` is the address of this server."""
    sections = _sections(service, root)
    links = "".join(f'<a href="#{anchor}">{title}</a>' for anchor, title, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{title}</h2>{content}</section>'
        for anchor, title, content in sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Emulated Lever account</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><header><h1>A Lever account on this computer</h1>"
        "<p>Everything in it is invented or was loaded from files, and nothing reaches Lever. "
        f"Reload to see what is new.</p><nav>{links}</nav></header><main>{body}</main></body></html>"
    ).encode()
