"""An account and a workspace for each notebook, as the notebooks before it leave them.

Notebooks are executed there, whether to compare their stored outputs or to store them anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from leverkit.analysis.audit import audit
from leverkit.emulator import Running, running
from leverkit.notebook.workspace import AccountWorkspace, desk
from leverkit.policy.decision import Decision
from leverkit.policy.policy import Policy

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CONTACTS, SEED, ACCEPT = 600, 7, 0.9
CANARY = "canary-key-that-must-not-appear"


@contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """Change the environment of this process and its kernels for the length of a `with` block."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def notebook_account(notebook: str) -> Iterator[Path]:
    """Serve an account and prepare a workspace for a notebook, by its name; yields the workspace."""
    with (
        running(contacts=CONTACTS, seed=SEED, rate=None, api_key=CANARY, story=True) as account,
        tempfile.TemporaryDirectory(prefix="leverkit-notebook-") as folder,
        environment(
            {"LEVER_API_KEY": CANARY, "LEVER_BASE_URL": account.base_url, "LEVERKIT_WORKSPACE": folder}
        ),
    ):
        workspace = desk(rate=1000.0)
        with workspace.lever:
            _prepare(notebook, workspace, account)
        yield Path(folder)


def decide_rightly(workspace: AccountWorkspace, truth: Mapping[str, str]) -> None:
    """Write the policy of somebody who knows the scope of every tag."""
    Policy(tuple(map(Decision, truth))).decide(truth, by="a test").write(workspace.policy_file)


def _prepare(notebook: str, workspace: AccountWorkspace, account: Running) -> None:
    if notebook >= "20":
        snapshot = workspace.pull()
    if notebook >= "30":
        workspace.suggest(audit(snapshot), ACCEPT)
    if notebook >= "40":
        planned = workspace.migration("plan")
        workspace.migration("apply", planned.plan.short).carry_out()
    if notebook >= "60":
        for contact in sorted({op.contact for op in planned.plan.operations})[:2]:
            account.create(contact)
