"""A pass over real HTTP: few requests, many at once, and cursors that are tried before they are used."""

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


class Counting(Hooked):
    """Counts the requests in flight."""

    lock = threading.Lock()
    now = most = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            Counting.now += 1
            Counting.most = max(Counting.most, Counting.now)
        try:
            return super().handle_request(request)
        finally:
            with self.lock:
                Counting.now -= 1


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with running(contacts=1000, rate=None) as found:
        yield found


def read_pass(
    account: Running, folder: Path, listing: ListingPass = CREATED, kind: type[Hooked] = Hooked
) -> tuple[int, dict[str, str]]:
    """Read a pass; return the number of records and the facts in the checkpoint."""
    seen: list[int] = []
    with PullCheckpoint(folder) as checkpoint, reader(account, kind=kind) as lever:
        read(listing, lever, checkpoint, workers=8, seen=seen.append)
        assert checkpoint.windows(listing.name) == []
        return sum(seen), checkpoint.facts()


def test_a_listing_is_read_once_if_cursors_survive_a_cut(account: Running, tmp_path: Path) -> None:
    records, facts = read_pass(account, tmp_path)
    assert records == len(account.state()["opportunities"])
    assert facts == {"created cursors": "portable", "created done": "yes"}


def test_cursors_bound_to_their_filter_are_recognised(account: Running, tmp_path: Path) -> None:
    records, facts = read_pass(account, tmp_path, kind=Bound)
    assert records >= len(account.state()["opportunities"])
    assert facts["created cursors"] == "bound"


@pytest.mark.parametrize("kind", [Hooked, Bound])
def test_a_listing_ordered_by_the_filtered_time_is_read(tmp_path: Path, kind: type[Hooked]) -> None:
    with running(contacts=600, rate=None) as account:
        ids = list(account.state()["opportunities"])
        for id in ids:
            account.add_tags(id, ["touched"])
        records, _ = read_pass(account, tmp_path, ListingPass("updated", "updated_at", 0, END), kind)
    assert records == len(ids) if kind is Hooked else records >= len(ids)


def test_a_finished_pass_sends_no_request(account: Running, tmp_path: Path) -> None:
    read_pass(account, tmp_path)
    account.clear_log()
    read_pass(account, tmp_path)
    paths = [entry["path"] for entry in account.log()]
    assert paths == []


def test_no_more_requests_are_in_flight_than_workers(account: Running, tmp_path: Path) -> None:
    Counting.most = Counting.now = 0
    account.configure(latency_ms=5)
    with PullCheckpoint(tmp_path) as checkpoint, reader(account, kind=Counting) as lever:
        read(CREATED, lever, checkpoint, workers=3, seen=lambda _: None)
    account.configure(latency_ms=0)
    assert Counting.most == 3


def test_an_account_that_refuses_every_cursor_ends_with_its_error(account: Running, tmp_path: Path) -> None:
    account.fault("status", path="/opportunities", status=400, skip=4, times=None)
    with pytest.raises(ApiError) as caught:
        read_pass(account, tmp_path)
    account.clear_faults()
    assert caught.value.status == 400
    assert read_pass(account, tmp_path)[0] > 0
