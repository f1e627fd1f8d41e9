"""The client for an event loop: the same names, answers, retries and budget; nothing blocks the loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from filelock import lock_descriptor
from support.clients import reader

from leverkit.api.asynchronous import AsyncLever, AsyncReadOnlyLever
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.rate_limit import InMemoryRateState, Pace, RateState
from leverkit.api.shared_rate_limit import FileRateState
from leverkit.emulator import Running, running
from leverkit.errors import ApiError, Unreachable
from leverkit.storage.lock import open_lock_file

NAMED = ("tags", "sources", "stages", "archive_reasons", "postings", "users")


@asynccontextmanager
async def opened(account: Running, **options: Any) -> AsyncIterator[AsyncLever]:
    """Open an account without a rate limit."""
    given: dict[str, Any] = {"pace": Pace(1e6, 1000), "key": account.api_key, **options}
    transport = httpx.AsyncHTTPTransport(verify=False)
    async with AsyncLever(base_url=account.base_url, transport=transport, **given) as lever:
        yield lever


def names(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize(("threads", "loop"), [(ReadOnlyLever, AsyncReadOnlyLever), (Lever, AsyncLever)])
def test_both_clients_have_the_same_names_with_the_same_parameters(threads: type, loop: type) -> None:
    assert names(threads) == names(loop)
    for name in names(threads):
        if inspect.isfunction(getattr(threads, name)):
            mine, others = (inspect.signature(getattr(kind, name)) for kind in (loop, threads))
            assert mine.parameters == others.parameters, name


def test_the_type_for_reading_has_no_method_that_can_write() -> None:
    assert names(AsyncLever) - names(AsyncReadOnlyLever) == {"add_tags", "remove_tags"}


def test_every_read_answers_as_the_one_for_threads_does() -> None:
    with running(contacts=30, rate=None) as account, reader(account) as lever:
        opportunity = next(lever.opportunities())

        async def read() -> list[Any]:
            async with opened(account) as loop:
                return [
                    [each async for each in loop.each("/opportunities", page_size=10)],
                    [each async for each in loop.opportunities()],
                    [page.items async for page in loop.pages("/tags", limit=20)],
                    await loop.page("/tags"),
                    (await loop.frame("/users", times=True)).to_dict("list"),
                    await loop.get("/stages/lead-new"),
                    await loop.contact(opportunity.contact, personal=True),
                    await loop.opportunity(opportunity.id),
                    await loop.find_opportunity("no-such"),
                    await loop.opportunities_of([opportunity.contact]),
                    await loop.tag_counts(),
                    await loop.account_id(),
                    await loop.sees_confidential(),
                    await loop.whoami(),
                    (await loop.with_raw("/tags", limit=1)).json(),
                    await loop.default_params(tag="x"),
                    await loop.with_options(timeout=3).performer(),
                    *[[each async for each in getattr(loop, name)()] for name in NAMED],
                ]

        assert asyncio.run(read()) == [
            list(lever.each("/opportunities", page_size=10)),
            list(lever.opportunities()),
            [page.items for page in lever.pages("/tags", limit=20)],
            lever.page("/tags"),
            lever.frame("/users", times=True).to_dict("list"),
            lever.get("/stages/lead-new"),
            lever.contact(opportunity.contact, personal=True),
            lever.opportunity(opportunity.id),
            lever.find_opportunity("no-such"),
            lever.opportunities_of([opportunity.contact]),
            lever.tag_counts(),
            lever.account_id(),
            lever.sees_confidential(),
            lever.whoami(),
            lever.with_raw("/tags", limit=1).json(),
            lever.default_params(tag="x"),
            lever.with_options(timeout=3).performer(),
            *[list(getattr(lever, name)()) for name in NAMED],
        ]
        assert {entry["method"] for entry in account.log()} == {"GET"}


def test_an_account_is_recognised_by_what_the_key_may_read() -> None:
    async def read(account: Running, key: str) -> str:
        async with opened(account, key=key) as lever:
            return await lever.account_id()

    with running(contacts=5, rate=None) as account, reader(account) as lever:
        few = account.key(scopes=["archive_reasons:read:admin"])
        assert asyncio.run(read(account, few)) == lever.account_id()
        with pytest.raises(ApiError, match="403"):
            asyncio.run(read(account, account.key(scopes=["tags:read:admin"])))


def test_tags_are_written_and_a_retry_is_asked_for_also_by_a_coroutine() -> None:
    asked: list[bool] = []

    async def may_retry(in_doubt: bool) -> bool:
        asked.append(in_doubt)
        return False

    async def write(account: Running, opportunity: str) -> None:
        async with opened(account, sleep=_no_sleep) as lever:
            added = await lever.add_tags(opportunity, ["new"])
            assert added is not None
            assert "new" in added.tags
            removed = await lever.remove_tags(opportunity, ["new"])
            assert removed is not None
            assert "new" not in removed.tags
            account.fault("reset", method="POST", when="after")
            with pytest.raises(Unreachable):
                await lever.add_tags(opportunity, ["late"], may_retry=may_retry)

    with running(contacts=5, rate=None) as account:
        opportunity = next(iter(account.state()["opportunities"]))
        asyncio.run(write(account, opportunity))
        assert "late" in account.state()["opportunities"][opportunity]
    assert asked == [True]


@pytest.mark.parametrize("fault", ["throttle", "status", "html", "reset", "malformed"])
def test_a_failure_in_passing_is_repeated(fault: str) -> None:
    async def read(account: Running) -> int:
        async with opened(account, sleep=_no_sleep) as lever:
            return len(await lever.tag_counts())

    with running(contacts=5, rate=None) as account:
        account.fault(fault, times=2)
        assert asyncio.run(read(account)) == len(account.state()["tags"])
        assert len(account.log()) == 3


def test_an_error_is_raised_where_it_was_awaited() -> None:
    async def read(account: Running) -> None:
        async with opened(account) as lever:
            await lever.get("/postings/no-such")

    with running(contacts=3, rate=None) as account, pytest.raises(ApiError, match="404"):
        asyncio.run(read(account))


def test_a_budget_that_another_process_holds_does_not_block_the_loop(tmp_path: Path) -> None:
    pace = Pace(1e6, 1000, budget=FileRateState(tmp_path / "pace"))

    async def read(account: Running) -> int:
        async with opened(account, pace=pace) as lever:
            held = open_lock_file(tmp_path / "pace")
            lock_descriptor(held.fileno())  # as by a process that was stopped with the lock in its hands
            reading = asyncio.ensure_future(lever.tag_counts())
            turns = 0
            while turns < 20:
                await asyncio.sleep(0.005)
                turns += 1
                assert not reading.done()
            held.close()
            await reading
            return turns

    with running(contacts=3, rate=None) as account:
        assert asyncio.run(read(account)) == 20


class Counted(InMemoryRateState):
    """A budget that notes each turn that was taken."""

    turns: ClassVar[set[float]] = set()

    def update(self, step: Callable[[RateState], RateState]) -> RateState:
        state = super().update(step)
        self.turns.add(state.next)
        return state


def test_threads_and_a_loop_take_turns_at_one_budget() -> None:
    pace = Pace(1000.0, 5, budget=Counted(RateState(0.0)))

    async def read(account: Running) -> None:
        async with opened(account, pace=pace) as loop:
            with reader(account, pace=pace) as lever:
                reads = (loop.page("/tags", limit=1) for _ in range(25))
                await asyncio.gather(asyncio.to_thread(_pages, lever), *reads)

    with running(contacts=3, rate=None) as account:
        asyncio.run(read(account))
        assert len(account.log()) == len(Counted.turns) == 50


def _pages(lever: ReadOnlyLever) -> None:
    for _ in range(25):
        lever.page("/tags", limit=1)


def test_a_cancelled_task_leaves_the_client_usable() -> None:
    async def read(account: Running) -> int:
        async with opened(account) as lever:
            task = asyncio.ensure_future(lever.frame("/opportunities", page_size=1))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return len(await lever.tag_counts())

    with running(contacts=60, rate=None) as account:
        assert asyncio.run(read(account)) > 0


async def _no_sleep(_: float) -> None:
    await asyncio.sleep(0)
