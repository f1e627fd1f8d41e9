"""Windows: every record is read, whatever the order of the listing, the timing and the account."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leverkit.snapshot.windows import (
    EARLY,
    HIGHEST,
    LOWEST,
    PIECES,
    SMALLEST,
    Window,
    WindowQueue,
    agree,
    cut,
    trial,
)

DAY = 86_400_000
START = 1_600_000_000_000


@dataclass(frozen=True)
class Server:
    """A listing in any order; an offset is a position in it."""

    records: list[tuple[str, int]]
    size: int = 5

    def page(self, window: Window) -> tuple[list[tuple[str, int]], str | None]:
        fits = [place for place, (_, at) in enumerate(self.records) if window.lo <= at <= window.hi]
        left = [place for place in fits if place >= int(window.cursor or 0)]
        following = str(left[self.size]) if len(left) > self.size else None
        return [self.records[place] for place in left[: self.size]], following


def drain(server: Server, queue: WindowQueue, rng: random.Random, most: int = 8) -> tuple[list[str], int]:
    """Read a queue to its end, with responses in any order; return the ids and the number of requests."""
    in_flight: list[Window] = []
    ids: list[str] = []
    requests = 0
    while not queue.done:
        window = queue.take() if len(in_flight) < most and rng.random() < 0.7 else None
        if window:
            in_flight.append(window)
        elif in_flight:
            window_read = in_flight.pop(rng.randrange(len(in_flight)))
            page, following = server.page(window_read)
            requests += 1
            ids += [id for id, _ in page]
            queue.put(window_read, [at for _, at in page], following, wanted=most)
    return ids, requests


accounts = st.lists(st.integers(0, 40), max_size=120).map(
    lambda days: [(f"o{number}", START + day * DAY) for number, day in enumerate(days)]
)
whole = Window(0, START + 50 * DAY)


@settings(max_examples=150)
@given(accounts, st.randoms(use_true_random=False), st.booleans(), st.integers(1, 16))
def test_every_record_is_read_in_any_order_and_timing(
    records: list[tuple[str, int]], rng: random.Random, portable: bool, most: int
) -> None:
    rng.shuffle(records)
    ids, _ = drain(Server(records), WindowQueue([whole], portable=portable), rng, most)
    assert set(ids) == {id for id, _ in records}
    if portable:
        assert len(ids) == len(records), "a record was read twice"


@given(
    st.integers(0, 2000), st.integers(0, 2000), st.lists(st.integers(-5, 2005), max_size=9), st.integers(1, 9)
)
def test_pieces_are_disjoint_and_cover_the_window(
    lo: int, span: int, created: list[int], pieces: int
) -> None:
    window = Window(lo, lo + span, "here", 3, 1, 2)
    seen = (min(created, default=lo), max(created, default=lo))
    parts = cut(window, created, pieces, keep_cursor=True, seen=seen)
    assert [part.lo for part in parts] == [lo] + [part.hi + 1 for part in parts[:-1]]
    assert parts[-1].hi == window.hi
    assert all(part.lo <= part.hi and part.cursor == "here" and part.restarts == 2 for part in parts)


def test_pieces_without_their_cursor_start_from_their_beginning() -> None:
    parts = cut(Window(0, 100, "here"), [10, 90, 50, 20], 2, keep_cursor=False, seen=(10, 90))
    assert [part.cursor for part in parts] == [None, None]


@pytest.mark.parametrize("portable", [True, False])
def test_records_of_one_moment_are_read_with_few_cuts(portable: bool) -> None:
    records = [(f"o{number}", START) for number in range(500)]
    ids, requests = drain(Server(records), WindowQueue([whole], portable=portable), random.Random(1))
    assert set(ids) == {id for id, _ in records}
    assert requests < 200


@pytest.mark.parametrize(
    ("created", "near"), [([1, 2, 3], (0, 51)), ([99, 98, 97], (0, 48)), ([5, 90, 20], (0, 50))]
)
def test_a_page_ordered_by_time_is_cut_in_its_unread_part_and_others_in_the_middle(
    created: list[int], near: tuple[int, int]
) -> None:
    seen = min(created), max(created)
    first, _ = cut(Window(0, 100, "c"), created, 2, keep_cursor=True, seen=seen)
    assert (first.lo, first.hi) == near


def test_unread_records_are_looked_for_near_those_that_were_read() -> None:
    everything = Window(LOWEST, HIGHEST, "c")
    pages = [[START, START + 99], [START + 99, START]]
    edges = [cut(everything, page, 2, keep_cursor=True, seen=(START, START + 99))[0].hi for page in pages]
    assert edges == [START + 99 + 99_000 // 2, START - 99_000 // 2]


def test_the_first_window_is_cut_at_once_and_later_ones_only_while_there_are_too_few() -> None:
    queue = WindowQueue([whole], portable=True)
    taken = [queue.take() for _ in range(2)]
    assert taken[1] is None
    assert taken[0] is not None
    left = queue.put(taken[0], [START, START + 9 * DAY, START + DAY], "1", wanted=4)
    assert len(left) == PIECES
    window = queue.take()
    assert window is not None
    created = [START - DAY, START - 3 * DAY, START - 2 * DAY]
    small, large = replace(window, depth=EARLY + 1), replace(window, depth=EARLY + 1, pages=SMALLEST)
    assert len(queue.put(small, created, "2", wanted=9)) == 1
    assert len(queue.put(large, created, "3", wanted=3)) == 1
    assert len(queue.put(large, created, "3", wanted=9)) == 2


def test_there_are_never_more_windows_than_requests() -> None:
    records = [(f"o{number}", START + number * 1000) for number in range(2000)]
    queue, server, most = WindowQueue([whole], portable=True), Server(records), 0
    while not queue.done:
        in_flight = [window for window in iter(queue.take, None) if window]
        for window in in_flight:
            page, following = server.page(window)
            queue.put(window, [at for _, at in page], following, wanted=4)
        most = max(most, queue.open)
    assert most == 4


def test_a_restarted_window_is_returned_again() -> None:
    queue = WindowQueue([whole], portable=True)
    window = queue.take()
    assert window is not None
    restarted = replace(window, cursor=None, restarts=1)
    queue.restore((restarted,))
    assert queue.take() == restarted


@given(
    st.lists(st.integers(0, 400), min_size=60, max_size=120, unique=True), st.randoms(use_true_random=False)
)
def test_keyset_cursors_pass_the_trial_and_counting_ones_do_not(days: list[int], rng: random.Random) -> None:
    records = [(f"o{number}", START + day * DAY) for number, day in enumerate(days)]
    rng.shuffle(records)
    server = Server(records, size=20)
    everything = Window(0, START + 500 * DAY)
    page, following = server.page(everything)
    half = trial(everything, [at for _, at in page])
    afresh, _ = server.page(half)
    behind, _ = server.page(replace(half, cursor=following))
    counting = [record for record in records if half.lo <= record[1] <= half.hi][20:40]
    read, new, right, wrong = ([id for id, _ in found] for found in (page, afresh, behind, counting))
    assert agree(read, new, right) == bool(set(new) - set(read))
    assert not agree(read, new, wrong)


@pytest.mark.parametrize(
    ("read", "afresh", "behind", "agreed"),
    [
        ("abcd", "bdef", "efgh", True),
        ("abcd", "bdef", "ef", True),
        ("abcd", "bdef", "gh", False),
        ("abcd", "bdef", "", False),
        ("abcd", "dbef", "ef", False),
        ("abcd", "bd", "", False),
        ("abcd", "efgh", "efgh", False),
    ],
)
def test_the_trial_requires_the_same_records_in_the_same_order(
    read: str, afresh: str, behind: str, agreed: bool
) -> None:
    assert agree(read, afresh, behind) is agreed
