"""A pull at Lever's own limit beside a single cursor, for each order of the listing: `make bench`.

`PYTHONPATH=tests python -m bench.bench_pull [OPPORTUNITIES [ORDER …]]`. The account answers at 10 requests a
second, bursts to 20, and takes 300 ms for each. The floor is what the pages alone take at that rate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.rate_limit import BURST, LEVER_RATE, PAGE, RATE, Pace
from leverkit.snapshot.pull import pull

LEVER_BURST, LATENCY = 20, 300
OPPORTUNITIES_OF_A_PERSON = 1.758  # in a generated account
ORDERS = {
    "by stage": {},
    "by time": {"range_order": "own"},
    "by stage, offsets bound to their filter": {"offset_bound": "filter"},
}
COLUMNS = "| reading | requests | pages | by the clock | of the floor's rate | 429 |"


def main(opportunities: int, orders: list[str]) -> None:
    """Print requests, seconds and refusals of a pull in each order, and of a single cursor."""
    print(COLUMNS + "\n" + "| --- " * COLUMNS.count(" |") + "|", flush=True)
    with served(opportunities) as account, tempfile.TemporaryDirectory() as folder:
        for order in orders:
            account.set({"range_order": "default", "offset_bound": "sort"} | ORDERS[order])
            with client(account) as lever:
                show(f"pull, {order}", account, pulled(lever, Path(folder) / order))
        with client(account) as lever:
            show("one cursor", account, one_cursor(lever))


class Account:
    """An account that another process serves, and its control API."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url, self.key = base_url, key
        self._http = httpx.Client(base_url=base_url.removesuffix("/v1") + "/_emulator", auth=(key, ""))

    def set(self, switches: dict[str, str]) -> None:
        self._http.patch("/config", json=switches).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        return list(self._http.get("/log").raise_for_status().json()["data"])

    def clear_log(self) -> None:
        self._http.delete("/log").raise_for_status()

    @property
    def opportunities(self) -> int:
        return int(self._http.get("").raise_for_status().json()["data"]["opportunities"])


@contextmanager
def served(opportunities: int) -> Iterator[Account]:
    """Serve an account at Lever's own limit."""
    people = str(round(opportunities / OPPORTUNITIES_OF_A_PERSON))
    limits = ["--rate", str(LEVER_RATE), "--burst", str(LEVER_BURST), "--latency", str(LATENCY)]
    command = [sys.executable, "-m", "leverkit.emulator", "--contacts", people, *limits]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        yield Account(started["base_url"], started["api_key"])
        process.terminate()


def client(account: Account) -> ReadOnlyLever:
    """Open the account with a pace of its own; Lever's bucket is full again."""
    time.sleep(LEVER_BURST / LEVER_RATE)
    account.clear_log()
    return ReadOnlyLever(base_url=account.base_url, key=account.key, pace=Pace(RATE, BURST))


def pulled(lever: ReadOnlyLever, out: Path) -> float:
    """Pull, and return the seconds from first to last."""
    began = time.perf_counter()
    snapshot = pull(out, lever=lever)
    assert snapshot.meta["completeness"]["tags_agree"]
    return time.perf_counter() - began


def one_cursor(lever: ReadOnlyLever) -> float:
    """Read the same listing page after page, and return the seconds."""
    began = time.perf_counter()
    params = lever.default_params(expand="applications")
    for _ in lever.pages("/opportunities", type=Opportunity, **params):
        pass
    return time.perf_counter() - began


def show(reading: str, account: Account, seconds: float) -> None:
    """Print the line of a reading."""
    pages, log = -(-account.opportunities // PAGE), account.log()
    refused = sum(entry["status"] == 429 for entry in log)
    share = (pages - LEVER_BURST) / LEVER_RATE / seconds
    print(f"| {reading} | {len(log):,} | {pages:,} | {seconds:.1f} s | {share:.2f} | {refused} |", flush=True)


if __name__ == "__main__":
    count, *named = sys.argv[1:] or ["10000"]
    main(int(count), named or list(ORDERS))
