"""The page at `/`: what the account holds, last requests, faults, deliveries. No script, nothing external."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from leverkit.emulator.app import App

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
STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
p { margin: .3rem 0; } .wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: GrayText; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8884; }
td { overflow-wrap: anywhere; vertical-align: top; min-width: 4.5em; }
code { font-family: ui-monospace, monospace; font-size: .92em; }
"""


def _table(caption: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows]
    if not lines:
        return f"<p>{escape(caption)}: none.</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _holdings(app: App) -> list[tuple[str, int]]:
    account = app.account
    rows = account.rows.values()
    split = sum(1 for siblings in account.by_contact.values() if len(siblings) > 1)
    return [
        ("Opportunities", len(account.rows)),
        ("of them archived", sum(1 for row in rows if row.archived is not None)),
        ("of them confidential", sum(1 for row in rows if row.confidential)),
        ("Contacts", len(account.by_contact)),
        ("of them with two or more opportunities", split),
        ("Tags", len(account.tags)),
        ("Postings", len(account.postings)),
        ("Users", len(account.users)),
        ("Deleted opportunities", len(account.deleted)),
    ]


def _requests(app: App) -> Iterable[Sequence[Any]]:
    for entry in list(app.log)[:-26:-1]:
        target = entry["path"] + ("?" + entry["query"] if entry["query"] else "")
        status = "no answer" if entry["status"] is None else entry["status"]
        yield entry["method"], target[:200], status, entry["fault"] or "", entry["ms"]


def _faults(app: App) -> Iterable[Sequence[Any]]:
    for fault in app.faults.all:
        yield fault.kind, f"{fault.method} {fault.path}", fault.matched, fault.fired
    for name, count in app.faults.accidents.items():
        yield "accident", name, "", count


def _deliveries(app: App) -> Iterable[Sequence[Any]]:
    for each in list(app.deliveries.history)[:-26:-1]:
        outcomes = Counter(str(attempt["outcome"]) for attempt in each["attempts"])
        text = ", ".join(f"{count} × {outcome}" for outcome, count in outcomes.items())
        yield each["event"], each["url"], "yes" if each["delivered"] else "no", text or "on its way"


def _switches(app: App) -> Iterable[Sequence[Any]]:
    config, plain = app.account.config, type(app.account.config)()
    for name in msgspec.structs.asdict(config):
        value = getattr(config, name)
        if value != getattr(plain, name):
            yield name, value, getattr(plain, name)


def render(app: App) -> bytes:
    """Return the page as UTF-8 HTML."""
    sections = [
        ("What it holds", _table("Counts", ("", "number"), _holdings(app))),
        (
            "Last requests",
            _table("The latest 25", ("method", "path", "status", "fault", "ms"), _requests(app)),
        ),
        (
            "Faults",
            _table("Faults set, and accidents", ("kind", "requests", "matched", "fired"), _faults(app)),
        ),
        (
            "Webhook deliveries",
            _table("The latest 25", ("event", "to", "delivered", "answers"), _deliveries(app)),
        ),
        (
            "Switches",
            _table("Those that differ from the defaults", ("switch", "now", "default"), _switches(app)),
        ),
        ("Humans at work", _table("What they did", ("act", "times"), sorted(app.actor.done.items()))),
    ]
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Emulated Lever account</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>An emulated Lever account</h1>"
        "<p>Everything in it is invented or was loaded from files; nothing reaches Lever. The API is under "
        "<code>/v1</code>, its description at <code>/_emulator/openapi.json</code>. Reload to see more.</p>"
        f"{body}</main></body></html>"
    ).encode()
