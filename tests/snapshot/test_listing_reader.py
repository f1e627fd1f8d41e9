"""A sweep over real HTTP: few requests, so many at once, and cursors tried before they are trusted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.clients import Bound, Hooked, reader

from leverkit.emulator import running
from leverkit.emulator.running import Running
from leverkit.errors import ApiError
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.listing_reader import ListingPass, read

END = 4_000_000_000_000
CREATED = ListingPass("created", "created_at", 0, END)


class Crowd(Hooked):
    """Counts the requests under way."""

    lock = threading.Lock()
    now = most = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            Crowd.now += 1
            Crowd.most = max(Crowd.most, Crowd.now)
        try:
            return super().handle_request(request)
        finally:
            with self.lock:
                Crowd.now -= 1


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with running(contacts=1000, rate=None) as found:
        yield found


def sweep(
    account: Running, folder: Path, of: ListingPass = CREATED, kind: type[Hooked] = Hooked
) -> tuple[int, dict[str, str]]:
    """Read a sweep; return how many records came and what the spool noted."""
    seen: list[int] = []
    with PullCheckpoint(folder) as spool, reader(account, kind=kind) as lever:
        read(of, lever, spool, workers=8, seen=seen.append)
        assert spool.windows(of.name) == []
        return sum(seen), spool.facts()


def test_a_listing_is_read_once_where_cursors_survive_a_cut(account: Running, tmp_path: Path) -> None:
    records, facts = sweep(account, tmp_path)
    assert records == len(account.state()["opportunities"])
    assert facts == {"created cursors": "portable", "created done": "yes"}


def test_cursors_bound_to_their_filter_are_found_out(account: Running, tmp_path: Path) -> None:
    records, facts = sweep(account, tmp_path, kind=Bound)
    assert records >= len(account.state()["opportunities"])
    assert facts["created cursors"] == "bound"


@pytest.mark.parametrize("kind", [Hooked, Bound])
def test_a_listing_in_order_of_the_time_swept_is_read_too(tmp_path: Path, kind: type[Hooked]) -> None:
    with running(contacts=600, rate=None) as account:
        ids = list(account.state()["opportunities"])
        for one in ids:
            account.add_tags(one, ["touched"])
        records, _ = sweep(account, tmp_path, ListingPass("updated", "updated_at", 0, END), kind)
    assert records == len(ids) if kind is Hooked else records >= len(ids)


def test_a_sweep_done_asks_nothing(account: Running, tmp_path: Path) -> None:
    sweep(account, tmp_path)
    account.clear_log()
    sweep(account, tmp_path)
    paths = [entry["path"] for entry in account.log()]
    assert paths == []


def test_no_more_requests_at_once_than_workers(account: Running, tmp_path: Path) -> None:
    Crowd.most = Crowd.now = 0
    account.configure(latency_ms=5)
    with PullCheckpoint(tmp_path) as spool, reader(account, kind=Crowd) as lever:
        read(CREATED, lever, spool, workers=3, seen=lambda _: None)
    account.configure(latency_ms=0)
    assert Crowd.most == 3


def test_an_account_that_refuses_every_cursor_ends_with_its_words(account: Running, tmp_path: Path) -> None:
    account.fault("status", path="/opportunities", status=400, skip=4, times=None)
    with pytest.raises(ApiError) as caught:
        sweep(account, tmp_path)
    account.clear_faults()
    assert caught.value.status == 400
    assert sweep(account, tmp_path)[0] > 0
