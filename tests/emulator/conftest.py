"""A small account for each test, and a larger one that tests only read."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from support.emulator_accounts import client

from leverkit.emulator import Running, running


@pytest.fixture
def account() -> Iterator[Running]:
    with running(contacts=20, rate=None) as served:
        yield served


@pytest.fixture
def lever(account: Running) -> Iterator[httpx.Client]:
    with client(account) as opened:
        yield opened


@pytest.fixture(scope="session")
def library() -> Iterator[Running]:
    """An account that tests only read."""
    with running(contacts=150, seed=3, rate=None) as served:
        yield served


@pytest.fixture
def reader(library: Running) -> Iterator[httpx.Client]:
    with client(library) as opened:
        yield opened


@pytest.fixture(scope="session")
def crowd() -> Iterator[httpx.Client]:
    """A client of an account with so many people that whatever is rare is there; tests only read it."""
    with running(contacts=600, seed=4, rate=None) as served, client(served) as opened:
        yield opened
