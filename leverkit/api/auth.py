"""The key: kept secret, sent with each request, and only to an address where that is safe."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Generator
from urllib.parse import quote

import httpx

from leverkit.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEVER = "lever.co"


class Secret:
    """A key or token that appears in no repr, message, pickle or traceback."""

    __slots__ = ("reveal",)

    def __init__(self, value: str) -> None:
        self.reveal: Callable[[], str] = lambda: value  # a closure: no attribute holds the value

    def __repr__(self) -> str:
        return "Secret(…)"

    def is_in(self, text: str) -> bool:
        """Return True if a text contains the secret, raw or as HTTP, base64, JSON or HTML would write it."""
        value = self.reveal()
        encoded = (base64.b64encode(part.encode()).decode().rstrip("=") for part in (value, f"{value}:"))
        forms = (value, *encoded, quote(value, safe=""), html.escape(value), json.dumps(value)[1:-1])
        return bool(value) and any(form in text for form in forms)

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")


class Signature(httpx.Auth):
    """Send the key with each request: as Basic user name without a password, or as Bearer token."""

    def __init__(self, key: Secret, scheme: str) -> None:
        self._key, self._scheme = key, scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header last, so that it is kept nowhere else."""
        if self._scheme == "bearer":
            request.headers["Authorization"] = "Bearer " + self._key.reveal()
        else:
            token = base64.b64encode(self._key.reveal().encode() + b":").decode()
            request.headers["Authorization"] = "Basic " + token
        yield request


def checked_url(text: str) -> str:
    """Return the base URL without a trailing slash. Raises UsageError if it is no URL, or an unsafe one."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise UsageError("LEVER_BASE_URL is not a URL, such as https://api.lever.co/v1") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
        raise UsageError(
            "LEVER_BASE_URL must look like https://api.lever.co/v1, without a key or query in it"
        )
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise UsageError(
            f"LEVER_BASE_URL must begin with https:// for {url.host}: http would show the key to the network"
        )
    return str(url).rstrip("/")


def is_safe_host(host: str) -> bool:
    """Return True if a host is Lever's own, or this computer: a key may go there whoever names it."""
    return host in LOOPBACK or host == LEVER or host.endswith(f".{LEVER}")
