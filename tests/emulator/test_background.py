"""The demo account: one process a user, found again by all, started anew when it is gone."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leverkit.api.client import ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.emulator import background
from leverkit.emulator.background import demo_account
from leverkit.errors import LeverkitError
from leverkit.settings import Settings, connect

SMALL = ("--contacts", "20", "--idle-exit", "60")
Demo = Callable[[], tuple[str, str]]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Open the demo account of a user with a cache folder of their own; ended after the test."""
    started: set[int] = set()

    def open_it() -> tuple[str, str]:
        base_url, key = demo_account(tmp_path, SMALL)
        started.add(json.loads((tmp_path / "demo-account.json").read_text())["pid"])
        return base_url, key

    yield open_it
    for pid in started:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def test_it_is_found_again_and_is_the_same_account(demo: Demo) -> None:
    first, second = demo(), demo()
    assert first == second
    with ReadOnlyLever(base_url=first[0], key=first[1], pace=Pace()) as lever:
        assert len(lever.account_id()) == 12


def test_only_its_owner_can_read_the_file(demo: Demo, tmp_path: Path) -> None:
    demo()
    assert stat.S_IMODE((tmp_path / "demo-account.json").stat().st_mode) == 0o600


def test_many_starting_at_once_start_one(demo: Demo) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(lambda _: demo(), range(6)))) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"base_url": 1}',
        '{"base_url": "http://127.0.0.1:9/v1", "api_key": "k", "version": "0.1.0", "pid": 1}',
        '{"base_url": "http://somewhere.test/v1", "api_key": "k", "version": "0.1.0", "pid": 1}',
    ],
)
def test_a_stale_or_broken_file_is_replaced(demo: Demo, tmp_path: Path, content: str) -> None:
    (tmp_path / "demo-account.json").write_text(content)
    base_url, _ = demo()
    assert base_url.startswith("http://127.0.0.1:")
    assert ":9/" not in base_url


def test_connecting_without_a_key_says_loudly_that_it_is_the_demo(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "demo_account", demo)
    with connect(settings=Settings(demo_allowed=True)) as lever:
        assert lever.host == "127.0.0.1"
    assert "demo account" in capsys.readouterr().err


def test_connecting_where_the_emulator_does_not_start_is_an_error_of_leverkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "demo_account", lambda: demo_account(tmp_path, ("--no-such-option",)))
    with pytest.raises(LeverkitError, match="the demo account did not start: try") as raised:
        connect(settings=Settings(demo_allowed=True))
    assert raised.value.exit_code == 1
