"""A request as the handlers see it, and the checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from leverkit.emulator.account import Account
from leverkit.emulator.answers import bad_request
from leverkit.emulator.auth import Key
from leverkit.emulator.config import Config
from leverkit.emulator.filters import Query, one
from leverkit.emulator.rows import decode


@dataclass
class Request:
    """Method, path, decoded query, body; `ids` are the variable parts of the path."""

    method: str
    path: str
    query: Query
    body: bytes
    account: Account
    config: Config
    key: Key
    ids: list[str] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def offset(self) -> str | None:
        """Return the offset token, None on the first page."""
        return one(self.query, "offset")

    def limit(self) -> int:
        """Return the page size, 1 to 100, by default 100. Raises Failure 400 outside (section 2)."""
        text = one(self.query, "limit")
        if text is None:
            return 100
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
            raise bad_request("limit must be between 1 and 100")
        return int(text)

    def json(self) -> dict[str, Any]:
        """Return the body, an object. Raises Failure 400 for anything else."""
        try:
            value = decode(self.body or b"{}")
        except msgspec.DecodeError as error:
            raise bad_request("Request body is not valid JSON") from error
        if not isinstance(value, dict):
            raise bad_request("Request body must be a JSON object")
        return value
