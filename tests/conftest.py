"""Where tests run: never against the account of whoever runs them, notebooks in a world of their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.notebook_accounts import environment, world

from leverkit.emulator import Running, running

NOWHERE = {"LEVER_API_KEY": "a-key-for-tests", "LEVER_BASE_URL": "http://127.0.0.1:9/v1"}


class Worlds:
    """Opens the world of a notebook before its kernel starts, and closes it when another file's turn comes.

    nbval's items know no fixtures, and a kernel inherits the environment of this process.
    """

    def __init__(self) -> None:
        self._session, self._world = ExitStack(), ExitStack()
        self._open: Path | None = None

    def begin(self) -> None:
        """Hide the real account, and keep our, IPython's and matplotlib's files out of the home folder."""
        home = self._session.enter_context(tempfile.TemporaryDirectory(prefix="leverkit-tests-"))
        own = {"IPYTHONDIR": f"{home}/ipython", "MPLCONFIGDIR": f"{home}/matplotlib"}
        own["XDG_CACHE_HOME"] = f"{home}/cache"  # locks and budgets
        own["LEVERKIT_WORKSPACE"] = f"{home}/workspace"
        self._session.enter_context(environment(NOWHERE | own))
        for name in ("LEVER_ACCESS_TOKEN", "LEVER_PERFORM_AS"):
            os.environ.pop(name, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Change worlds where another notebook begins, or no notebook."""
        notebook = item.path if item.path.suffix == ".ipynb" else None
        if notebook != self._open:
            self._world.close()
            self._open = notebook
            if notebook:
                self._world.enter_context(world(notebook.stem))

    def pytest_unconfigure(self) -> None:
        """Close what is open."""
        self._world.close()
        self._session.close()


def pytest_configure(config: pytest.Config) -> None:
    worlds = Worlds()
    worlds.begin()
    config.pluginmanager.register(worlds, "leverkit-worlds")


@pytest.fixture
def lever_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Running]:
    """Serve a small account without a rate limit; the environment leads to it and to a fresh workspace."""
    with running(contacts=60, seed=3, rate=None) as account:
        monkeypatch.setenv("LEVER_API_KEY", account.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", account.base_url)
        monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
        yield account
