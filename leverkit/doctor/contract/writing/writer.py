"""The writer of the write probes: tags and the archive of one test opportunity, and the one it creates.

It is no plan's writer and nobody else's: `migration.writer` writes what people approved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.reader import ContractReader
from leverkit.doctor.contract.writing.step import Step, Write
from leverkit.errors import UsageError

NAME = "leverkit contract check"
METHODS = {"addTags": "POST", "removeTags": "POST", "archived": "PUT"}
Noted = Callable[[Write, Exchange], None]


class ProbeWriter(ContractReader):
    """A Lever account of which one opportunity is written to. `noted` is called after each write."""

    def __init__(self, *given: Any, **parts: Any) -> None:
        super().__init__(*given, **parts)
        self._opportunity = ""
        self._noted: Noted = lambda write, exchange: None

    def write_only_to(self, opportunity: str, noted: Noted) -> None:
        """Name the one opportunity that may be written to."""
        self._opportunity, self._noted = opportunity, noted

    def perform(self, step: Step) -> Exchange:
        """Send what a write probe asks for. A tag is in or not, so that a repeated write does no harm.

        Raises OverBudget, UsageError where no opportunity was named.
        """
        if isinstance(step, Ask):
            return self.ask(step)
        if not self._opportunity:
            raise UsageError("no test opportunity is named, so nothing is written")
        path = f"{step.root}/{quote(self._opportunity, safe='')}/{step.verb}"
        method, body = METHODS[step.verb], dict(step.body)
        exchange = self._session.run(self._until_answered(method, path, step.params, body))
        self._noted(step, exchange)
        return exchange

    def create(self, performer: str, email: str) -> Exchange:
        """Create a test opportunity, in the user's name; sent once, since each call makes another one."""
        headline = "made by leverkit doctor --contract; may be ignored"
        body = {"name": NAME, "headline": headline, "emails": [email]}
        return self._session.run(self._sent("POST", "/opportunities", {"perform_as": performer}, body))
