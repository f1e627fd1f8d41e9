"""What the tests of the emulator share: a client of an account, and a walk through a listing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from leverkit.emulator import Running, running


def client(account: Running, key: str | None = None) -> httpx.Client:
    """Return an HTTP client that authenticates with a key, the account's own by default."""
    plain = {"verify": False}  # plain HTTP: to load certificates would take longer than most tests
    return httpx.Client(base_url=account.base_url, auth=(key or account.api_key, ""), **plain)


@contextmanager
def served(contacts: int = 20, **options: Any) -> Iterator[tuple[Running, httpx.Client]]:
    """Serve an account without rate limit, and give a client of it."""
    with running(contacts=contacts, **{"rate": None, **options}) as account, client(account) as lever:
        yield account, lever


def walk(lever: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return every item of a listing, tokens passed back as they came."""
    items: list[dict[str, Any]] = []
    while True:
        answer = lever.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        items += body["data"]
        if not body["hasNext"]:
            assert "next" not in body
            return items
        params["offset"] = body["next"]


def some(lever: httpx.Client) -> dict[str, Any]:
    """Return an opportunity of a person with data."""
    found: list[dict[str, Any]] = lever.get("/opportunities").json()["data"]
    return next(item for item in found if item["emails"] and not item["isAnonymized"])
