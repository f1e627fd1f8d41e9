"""A pull at Lever's own limit beside a single cursor, for each order of the listing: `make bench`.

`PYTHONPATH=tests python -m bench.bench_pull [OPPORTUNITIES [ORDER …]]`. The account answers at 10 requests a
second, bursts to 20, and takes 300 ms for each. The floor is what the pages alone take at that rate.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Opportunity
from leverkit.api.rate_limit import BURST, LEVER_RATE, PAGE, RATE, Pace
from leverkit.emulator import Running, running
from leverkit.snapshot.pull import pull

LEVER_BURST, LATENCY = 20, 300
OPPORTUNITIES_OF_A_PERSON = 1.453  # in a generated account
ORDERS = {
    "by stage": {},
    "by time": {"range_order": "own"},
    "by stage, offsets bound to their filter": {"offset_bound": "filter"},
    "by time, offsets bound to their filter": {"range_order": "own", "offset_bound": "filter"},
}


def main(opportunities: int, orders: list[str]) -> None:
    """Print requests, seconds and refusals of a pull in each order, and of a single cursor."""
    print("| reading | requests | pages | by the clock | of the floor's rate | 429 |\n" + "| --- " * 6 + "|")
    contacts = round(opportunities / OPPORTUNITIES_OF_A_PERSON)
    served = {"latency": LATENCY, "rate": LEVER_RATE, "burst": LEVER_BURST}
    with running(contacts=contacts, seed=1, **served) as account, tempfile.TemporaryDirectory() as folder:  # type: ignore[arg-type]
        rows = len(account.state()["opportunities"])
        for order in orders:
            account.configure(**{"range_order": "default", "offset_bound": "sort", **ORDERS[order]})
            with client(account) as lever:
                seconds = pulled(lever, Path(folder) / order)
            show(f"pull, {order}", account, rows, seconds)
        with client(account) as lever:
            show("one cursor", account, rows, one_cursor(lever))


def client(account: Running) -> ReadOnlyLever:
    """Open the account with a pace of its own; Lever's bucket is full again."""
    time.sleep(LEVER_BURST / LEVER_RATE)
    account.clear_log()
    return ReadOnlyLever(base_url=account.base_url, key=account.api_key, pace=Pace(RATE, BURST))


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


def show(reading: str, account: Running, rows: int, seconds: float) -> None:
    """Print the line of a reading."""
    pages = -(-rows // PAGE)
    log = account.log()
    refused = sum(entry["status"] == 429 for entry in log)
    share = (pages - LEVER_BURST) / LEVER_RATE / seconds
    print(f"| {reading} | {len(log):,} | {pages:,} | {seconds:.1f} s | {share:.2f} | {refused} |", flush=True)


if __name__ == "__main__":
    count, *named = sys.argv[1:] or ["10000"]
    main(int(count), named or list(ORDERS))
