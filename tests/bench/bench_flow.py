"""How long the steps take here, on an account of 20,000 people without a rate limit: `make bench`.

Against Lever, requests decide: at 10 a second, a pull takes a second per 1,000 opportunities, and the plan
says what an apply takes. These are the seconds that leverkit itself takes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.notebook_accounts import environment

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.notebook.workspace import AccountWorkspace, desk


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print the seconds that a step took."""
    began = time.perf_counter()
    yield
    print(f"{step:<10} {time.perf_counter() - began:6.2f} s", flush=True)


def main(contacts: int) -> None:
    """Time each step once."""
    with running(contacts=contacts, seed=1, rate=None) as account, tempfile.TemporaryDirectory() as folder:
        here = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        with environment(here | {"LEVERKIT_WORKSPACE": folder}):
            workspace = desk(rate=10_000.0)
            with workspace.lever:
                flow(workspace)


def flow(workspace: AccountWorkspace) -> None:
    """Run the steps from pull to verify, as the notebooks do."""
    with timed("pull"):
        snapshot = workspace.pull()
    with timed("audit"):
        facts = audit(snapshot)
    with timed("policy"):
        workspace.suggest(facts, 0.9)
    with timed("plan"):
        step = workspace.migration("plan")
    with timed("apply"):
        workspace.migration("apply", step.plan.short).carry_out().require()
    with timed("verify"):
        workspace.migration("verify").verify().require()
    print(f"{facts.summary['opportunities']:,} opportunities, {step.plan.summary}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
