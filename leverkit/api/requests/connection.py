"""What both kinds of client share: their parts, and what they know without asking."""

from __future__ import annotations

import time
from copy import copy
from typing import Generic, Self, TypeVar
from urllib.parse import urlsplit

from leverkit.api.http import AnySession
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.reads import Reads

Session = TypeVar("Session", bound=AnySession)


class Connection(Generic[Session]):
    """An open account: its address, session and reads."""

    _session: Session

    def __init__(self, base_url: str, session: Session, perform_as: str | None) -> None:
        self.base_url, self._session = base_url, session
        self._reads = Reads(session, perform_as)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    @property
    def pace(self) -> Pace:
        """Return the queue at which the requests of this key wait."""
        return self._session.pace

    @property
    def host(self) -> str:
        """Return the host of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    def with_options(self, *, timeout: float | None = None, retries: int | None = None) -> Self:
        """Return this client with other limits: seconds to wait for a piece of an answer, retries.

        It shares connections, pace and what is known of the key; to close it closes nothing.
        """
        other = copy(self)
        other._session = self._session.with_options(timeout=timeout, retries=retries)
        other._reads = self._reads.through(other._session)
        return other

    def now(self, at: float | None = None) -> int:
        """Return the time by Lever's clock, in milliseconds since epoch: now, or `at` a time of ours, in s.

        It is as of Lever's latest response: before the first one, our clock is all that is known.
        """
        return int(((time.time() if at is None else at) + self._session.server.ahead) * 1000)

    @property
    def ahead_ms(self) -> int:
        """Return by how many ms at most Lever's clock, which shows whole seconds, is ahead; 0 if unknown."""
        return int(self._session.server.at_most * 1000)

    @property
    def date_ms(self) -> int | None:
        """Return Lever's clock in its latest response (end of the second, ms since epoch), if known."""
        return self._session.server.date_ms
