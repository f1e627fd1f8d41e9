"""Rows a second of the client beside dlt's rest_client and plain httpx, on one listing: `make bench`.

`PYTHONPATH=tests python -m bench.bench_client [OPPORTUNITIES]`. The account is served by another process,
without a limit. Each reads all opportunities in turn, some rounds; the best of each counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.rate_limit import Pace

OPPORTUNITIES_OF_A_PERSON = 1.453  # in a generated account
ROUNDS = 5
LEAST = 0.9  # of dlt's rows a second


@contextmanager
def served(opportunities: int) -> Iterator[tuple[str, str]]:
    """Serve an account in a process of its own; give address and key."""
    contacts = str(round(opportunities / OPPORTUNITIES_OF_A_PERSON))
    words = [sys.executable, "-m", "leverkit.emulator", "--contacts", contacts, "--rate", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as emulator:
        assert emulator.stdout is not None
        found = json.loads(emulator.stdout.readline())
        yield found["base_url"], found["api_key"]
        emulator.terminate()


def with_leverkit(url: str, key: str, **given: Any) -> int:
    with ReadOnlyLever(base_url=url, key=key, pace=Pace(1e6, 1000)) as lever:
        return sum(1 for _ in lever.each("/opportunities", **given))


def with_dlt(url: str, key: str) -> int:
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    client = RESTClient(
        base_url=url,
        auth=HttpBasicAuth(key, ""),
        paginator=JSONResponseCursorPaginator(cursor_path="next", cursor_param="offset"),
        data_selector="data",
    )
    pages = client.paginate("/opportunities", params={"limit": 100, "confidentiality": "all"})
    return sum(1 for page in pages for _ in page)


def with_httpx(url: str, key: str) -> int:
    params: dict[str, Any] = {"limit": 100, "confidentiality": "all"}
    rows, following = 0, ""
    with httpx.Client(auth=(key, ""), verify=False) as client:
        while following is not None:
            params |= {"offset": following} if following else {}
            page = client.get(f"{url}/opportunities", params=params).json()
            rows, following = rows + sum(1 for _ in page["data"]), page.get("next")
    return rows


READERS: dict[str, Callable[[str, str], int]] = {
    "leverkit, as it is": with_leverkit,
    "leverkit, personal=True": lambda url, key: with_leverkit(url, key, personal=True),
    "leverkit, type=Opportunity": lambda url, key: with_leverkit(url, key, type=Opportunity),
    "dlt rest_client": with_dlt,
    "plain httpx": with_httpx,
}


def main(opportunities: int) -> int:
    """Print rows a second of each reader and the ratio to dlt's; return 1 where it is too low."""
    best: dict[str, float] = dict.fromkeys(READERS, 0.0)
    with served(opportunities) as (url, key):
        for _ in range(ROUNDS):
            for name, read in READERS.items():
                began = time.perf_counter()
                rows = read(url, key)
                best[name] = max(best[name], rows / (time.perf_counter() - began))
    print(f"| reader of {rows} opportunities | rows a second | of dlt's |\n| --- | --- | --- |")
    for name, rate in best.items():
        print(f"| {name} | {rate:,.0f} | {rate / best['dlt rest_client']:.2f} |")
    return int(best["leverkit, personal=True"] < LEAST * best["dlt rest_client"])


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000))
