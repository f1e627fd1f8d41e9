"""Each test has a workspace of its own: the receiver and `propagate` keep the account's ledger there."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name a fresh workspace."""
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
