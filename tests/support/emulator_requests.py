"""Requests that many tests of the emulator send, and the objects they start from."""

from __future__ import annotations

from typing import Any

import httpx
from support.emulator_accounts import walk

from leverkit.emulator import Running

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WRITES: dict[str, tuple[str, Any]] = {
    "addTags": ("POST", {"tags": ["x"]}),
    "removeTags": ("POST", {"tags": ["x"]}),
    "addLinks": ("POST", {"links": ["https://example.com/x"]}),
    "removeLinks": ("POST", {"links": ["https://example.com/x"]}),
    "addSources": ("POST", {"sources": ["x"]}),
    "removeSources": ("POST", {"sources": ["x"]}),
    "stage": ("PUT", {"stage": "offer"}),
    "archived": ("PUT", {"reason": None}),
    "notes": ("POST", {"value": "x"}),
}


def first(lever: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = lever.get(path, params={"limit": 1, **params}).json()["data"][0]
    return found


def later(account: Running, seconds: float) -> None:
    account.do(lambda held: setattr(held, "skew_ms", held.skew_ms + int(1000 * seconds)))


def read(lever: httpx.Client, identifier: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = lever.get(f"/opportunities/{identifier}", params=params).json()["data"]
    return found


def create(lever: httpx.Client, **body: Any) -> httpx.Response:
    user = first(lever, "/users")["id"]
    return lever.post("/opportunities", json={"name": "N", **body}, params={"perform_as": user})


def write(lever: httpx.Client, identifier: str, verb: str, **body: Any) -> dict[str, Any]:
    method, default = WRITES[verb]
    answer = lever.request(method, f"/opportunities/{identifier}/{verb}", json=body or default)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def reason(lever: httpx.Client, kind: str = "non-hired") -> str:
    found: str = walk(lever, "/archive_reasons", type=kind)[0]["id"]
    return found


def active(lever: httpx.Client) -> dict[str, Any]:
    """Return an active opportunity with an application and a person's data."""
    found = walk(lever, "/opportunities", archived="false")
    return next(item for item in found if item["applications"] and item["emails"])


def pair(account: Running, lever: httpx.Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two opportunities of two people, each with e-mail, phone and link."""
    made = []
    for name in ("one", "two"):
        data = {"emails": [f"{name}@example.com"], "phones": [{"value": name}]}
        links = [f"https://example.com/{name}"]
        identifier = account.create(name=name, links=links, tags=[name], **data)
        made.append(read(lever, identifier))
    return made[0], made[1]
