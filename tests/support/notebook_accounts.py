"""A world for each notebook: account and workspace as it finds them when those before it were run.

Notebooks are executed in one, whether to compare their stored outputs or to store them anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.notebook.workspace import Desk, desk

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CONTACTS, SEED, ACCEPT = 600, 7, 0.9
CANARY = "canary-key-that-must-not-appear"


@contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """Change the environment of this process and its kernels for a while."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def world(notebook: str) -> Iterator[Path]:
    """Serve an account and prepare a workspace for a notebook, by its name; yields the workspace."""
    with (
        running(contacts=CONTACTS, seed=SEED, rate=None, api_key=CANARY) as account,
        tempfile.TemporaryDirectory(prefix="leverkit-world-") as folder,
        environment(
            {"LEVER_API_KEY": CANARY, "LEVER_BASE_URL": account.base_url, "LEVERKIT_WORKSPACE": folder}
        ),
    ):
        at = desk(rate=1000.0)
        with at.lever:
            _prepare(notebook, at)
        yield Path(folder)


def _prepare(notebook: str, at: Desk) -> None:
    if notebook >= "20":
        snapshot = at.pull()
    if notebook >= "30":
        at.suggest(audit(snapshot), ACCEPT)
    if notebook >= "40":
        planned = at.migration("plan")
        at.migration("apply", planned.plan.short).carry_out()
