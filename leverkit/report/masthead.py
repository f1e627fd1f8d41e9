"""The line under a page's title: which account this is, as of when, and DEMO where it is no real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from leverkit.report.html import Html


@dataclass(frozen=True)
class Masthead:
    """An account by the name that its users give it, its id and host, and when it was read (UTC).

    `copy` says on what its figures rest, if they were not read from Lever.
    """

    name: str = ""
    account: str = ""
    host: str = ""
    demo: bool = False
    as_of: str = ""
    copy: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, Any], as_of: int) -> Masthead:
        """Return the line from a snapshot's `account_facts`, read at a time in ms since the epoch."""
        names = (facts["account_name"], facts["account"], facts["host"], facts["demo"])
        return cls(*names, moment(as_of), str(facts.get("copy", "")))

    @property
    def emulated(self) -> bool:
        """Return True for the demo account, and for any other on this computer."""
        return self.demo or is_local(self.host)

    @property
    def text(self) -> str:
        """Return the line as plain text."""
        title = " ".join(filter(None, (self.name, self.account))) or "without a name"
        place = "" if self.emulated or not self.host else f" at {self.host}"
        mark = "DEMO, invented people on this computer. " if self.emulated else ""
        when = f", as of {self.as_of} UTC" if self.as_of else ""
        return f"{mark}Account {title}{place}{when}{self.copy and f', {self.copy}'}"

    @property
    def html(self) -> Html:
        """Return the line as markup."""
        return Html('<p class="masthead{}">{}</p>').format(" demo" if self.emulated else "", self.text)


def moment(milliseconds: int) -> str:
    """Return a time (ms since the epoch) to the minute, in UTC; empty for 0."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M") if milliseconds else ""


def is_local(host: str) -> bool:
    """Return True if a host is this computer."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
