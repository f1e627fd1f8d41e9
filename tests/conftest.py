"""Where tests run: never against the account of whoever runs them, each notebook in an account of its own."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.notebook_accounts import environment, notebook_account
from support.scale import left_out

from leverkit.emulator import Running, running
from leverkit.environment import VARIABLES

NOWHERE = {"LEVER_API_KEY": "a-key-for-tests", "LEVER_BASE_URL": "http://127.0.0.1:9/v1"}


class Surroundings:
    """The environment of all tests: a workspace and locks for each file, an account too for a notebook.

    Accounts of emulators are the same in many files, and so would their ledgers be. nbval's items know no
    fixtures, and a kernel inherits the environment of this process, so it is changed here: when the turn of
    another file comes.
    """

    def __init__(self) -> None:
        self._session, self._turn = ExitStack(), ExitStack()
        self._file = Path()

    def enter(self) -> None:
        """Hide the real account; keep files of leverkit, IPython and matplotlib out of the home folder."""
        home = self._session.enter_context(_folder())
        own = {"IPYTHONDIR": f"{home}/ipython", "MPLCONFIGDIR": f"{home}/matplotlib"}
        self._session.enter_context(environment(NOWHERE | own | _folders(home)))
        for name in VARIABLES:
            if name not in NOWHERE | own | _folders(home):
                os.environ.pop(name, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Change folders, and the account of a notebook, where another file begins."""
        if item.path == self._file:
            return
        self._turn.close()
        self._file = item.path
        home = self._turn.enter_context(_folder())
        self._turn.enter_context(environment(_folders(home)))
        if item.path.suffix == ".ipynb":
            self._turn.enter_context(notebook_account(item.path.stem))

    def pytest_unconfigure(self) -> None:
        """Close what is open."""
        self._turn.close()
        self._session.close()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes away again, also where a kernel that ends still writes into it."""
    return tempfile.TemporaryDirectory(prefix="leverkit-tests-", ignore_cleanup_errors=True)


def _folders(home: str) -> dict[str, str]:
    """Return the variables that lead to folders below this one: locks and rate limits, tokens, workspace."""
    return {
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_DATA_HOME": f"{home}/data",
        "LEVERKIT_WORKSPACE": f"{home}/workspace",
    }


def pytest_configure(config: pytest.Config) -> None:
    # What runs in the background of a script ignores SIGINT, and so would all that is tried with it here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    surroundings = Surroundings()
    surroundings.enter()
    config.pluginmanager.register(surroundings, "leverkit-surroundings")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any(item.path.suffix == ".ipynb" for item in items):
        from support.committed_page import add_committed_pages  # imports much that other tests do not need

        add_committed_pages(items)
    if unwanted := set(left_out(items)):
        config.hook.pytest_deselected(items=list(unwanted))
        items[:] = [item for item in items if item not in unwanted]


@pytest.fixture
def lever_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Running]:
    """Serve a small account without a rate limit; the environment leads to it and to a fresh workspace."""
    with running(contacts=60, seed=3, rate=None) as account:
        monkeypatch.setenv("LEVER_API_KEY", account.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", account.base_url)
        monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
        yield account
