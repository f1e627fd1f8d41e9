"""A request as the handlers get it, and checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leverkit.emulator.account.account import Account
from leverkit.emulator.account.filters import SINGLES, Query, single
from leverkit.emulator.config import Config
from leverkit.emulator.http import forms
from leverkit.emulator.http.auth import Key
from leverkit.emulator.response import bad_request, decode


def parse_query(query_string: str, config: Config) -> Query:
    """Return the parameters of a URL, repeated ones as lists; other forms of lists by switch (row 14)."""
    query: Query = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        key = name[:-2] if config.bracket_values and name.endswith("[]") else name
        values = value.split(",") if config.comma_values and key not in SINGLES else [value]
        query.setdefault(key, []).extend(values)
    return query


@dataclass
class Request:
    """One request. `ids` are the variable parts of the path.

    `stale_ms` and `shift` are set by faults: read what was so long ago; start the next page a row early or
    late.
    """

    method: str
    path: str
    query: Query
    body: bytes
    account: Account
    key: Key
    ids: list[str] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    stale_ms: float = 0.0
    shift: int = 0

    @property
    def config(self) -> Config:
        """Return the present switches."""
        return self.account.config

    @property
    def offset(self) -> str | None:
        """Return the offset token, None on the first page."""
        return single(self.query, "offset")

    @property
    def content_type(self) -> bytes:
        """Return the content type of the body."""
        return self.headers.get(b"content-type", b"")

    @property
    def base_url(self) -> str:
        """Return the address of this API as the client calls it."""
        return f"http://{self.headers.get(b'host', b'127.0.0.1').decode('latin-1')}/v1"

    def form(self) -> tuple[dict[str, Any], list[forms.File]]:
        """Return the fields and files of a multipart body, or the object of any other body and no files."""
        if self.content_type.startswith(b"multipart/"):
            return forms.multipart(self.content_type, self.body)
        return self.json(), []

    def limit(self) -> int:
        """Return the page size, 1 to 100, by default 100 (section 2). Raises RequestError 400."""
        text = single(self.query, "limit")
        if text is None:
            return 100
        number = int(text) if text.isascii() and text.isdigit() else 0
        if self.config.bad_limit == "clamp":
            return min(max(number, 1), 100)
        if not 1 <= number <= 100:
            raise bad_request("limit must be between 1 and 100")
        return number

    def json(self) -> dict[str, Any]:
        """Return the object in the body: JSON of any content type, or a form. Raises RequestError 400."""
        try:
            value = decode(self.body or b"{}")
        except msgspec.DecodeError as error:
            if self.content_type.startswith(b"application/x-www-form-urlencoded"):
                return forms.encoded(self.body)
            raise bad_request("Request body is not valid JSON") from error
        if not isinstance(value, dict):
            raise bad_request("Request body must be a JSON object")
        return value
