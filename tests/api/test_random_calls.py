"""Random calls through `each`, `frame` and `pages`, beside plain httpx: item by item the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from support.clients import reader

from leverkit.api.client import ReadOnlyLever
from leverkit.api.listings.catalogue import LISTINGS, Listing
from leverkit.emulator import Running, running

CALLS = 300
PATHS = [each for each in LISTINGS if "{" not in each.path or each.path.startswith("/opportunities/{id}")]


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with running(contacts=120, seed=8, rate=None) as served:
        for opportunity in list(served.state()["opportunities"])[:4]:
            served.delete(opportunity)
        yield served


class Plain:
    """What httpx alone reads of an account, with the few values that filters need."""

    def __init__(self, account: Running) -> None:
        self._http = httpx.Client(verify=False, auth=(account.api_key, ""))
        self._root = account.base_url
        self.rows = self.all("/opportunities", {"confidentiality": "all"})
        self.postings = self.all("/postings", {"confidentiality": "all"})

    def all(self, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        params = dict(params)
        while True:
            page = self._http.get(self._root + path, params=params).json()
            found += page["data"]
            if not page.get("hasNext"):
                return found
            params["offset"] = page["next"]

    def close(self) -> None:
        self._http.close()


def filters(rng: random.Random, plain: Plain, listing: Listing) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return some filters as a caller gives them, and as Lever takes them."""
    row, posting = rng.choice(plain.rows), rng.choice(plain.postings)
    moment = datetime.fromtimestamp(row["createdAt"] // 1000, UTC)
    values: dict[str, tuple[Any, Any]] = {
        "tag": (row["tags"][:2] or ["none"],) * 2,
        "origin": (row["origin"],) * 2,
        "stage_id": ([row["stage"], "offer"],) * 2,
        "contact_id": (row["contact"],) * 2,
        "posting_id": (posting["id"],) * 2,
        "archived": (True, "true"),
        "snoozed": (False, "false"),
        "state": ("published",) * 2,
        "team": (posting["categories"]["team"] or "none",) * 2,
        "created_at_start": (moment, int(moment.timestamp() * 1000)),
        "created_at_end": (moment, int(moment.timestamp() * 1000)),
        "advanced_at_start": (row["lastAdvancedAt"],) * 2,
        "includeDeactivated": (True, "true"),
        "type": ("hired",) * 2,
    }
    known = sorted(listing.filters.keys() & values.keys())
    chosen = rng.sample(known, min(len(known), rng.choice((0, 1, 1, 2))))
    return {name: values[name][0] for name in chosen}, {name: values[name][1] for name in chosen}


def through(lever: ReadOnlyLever, way: str, path: str, given: dict[str, Any], size: int) -> list[Any]:
    if way == "pages":
        return [item for page in lever.pages(path, limit=size, **given) for item in page.items]
    if way == "frame":
        return list(lever.frame(path, personal=True, page_size=size, **given).get("id", []))
    return list(lever.each(path, personal=True, page_size=size, **given))


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 10))]
)
def test_random_calls_agree_with_plain_httpx(account: Running, seed: int) -> None:
    rng, plain, differing = random.Random(seed), Plain(account), []
    with reader(account) as lever:
        for number in range(CALLS // 10):
            listing = rng.choice(PATHS)
            path = listing.path.replace("{id}", rng.choice(plain.rows)["id"])
            given, sent = filters(rng, plain, listing)
            way, size = rng.choice(("each", "frame", "pages")), rng.choice((7, 30, 100))
            sent |= {"confidentiality": "all"} if listing.has_confidential else {}
            expected: list[Any] = plain.all(path, sent)
            if way == "frame":
                expected = [each["id"] for each in expected if "id" in each]
            if through(lever, way, path, given, size) != expected:
                differing.append((number, way, path, given))
    plain.close()
    assert differing == []
