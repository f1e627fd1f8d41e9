"""Every public Python name of leverkit, used as callers use it; `mypy --strict` must accept this file.

It is type-checked and imported, its functions are not called: they show names, parameters and result types.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import leverkit as lk
from leverkit.api import LeftOut, Opportunity, Page
from leverkit.doctor import examine
from leverkit.emulator import running
from leverkit.notebook.tag_review import TagReview
from leverkit.notebook.tutorial import lesson
from leverkit.report.html import table
from leverkit.webhook.signature import Rejected
from leverkit.webhook.signature import verify as verify_delivery


def read(folder: Path) -> lk.Snapshot:
    """Return a snapshot of the account of the environment, read with a client that cannot write."""
    with lk.connect(rate=9.8) as reader:
        client: lk.ReadOnlyLever = reader
        snapshot: lk.Snapshot = lk.pull(folder / "snapshot", lever=client)
    return lk.Snapshot.open(folder / "snapshot") if snapshot.account else snapshot


def compare(folder: Path, snapshot: lk.Snapshot) -> int:
    """Return how many tags changed, and how often one was split, since a day and since an older snapshot."""
    lately = lk.changes(snapshot, since="2026-03-01", until="2026-04-01", tags=["a tag"])
    found = lk.changes(folder / "snapshot", folder / "older")
    found.to_html(folder / "changes.html", anonymise=True)
    return len(lately.tags) + len(found.splits) + len(found.to_json())


def decide(folder: Path, snapshot: lk.Snapshot) -> lk.Policy:
    """Return the policy that is proposed for a snapshot, written to policy.csv and read back."""
    facts: lk.Audit = lk.audit(snapshot)
    proposed: lk.Policy = lk.Policy.suggest(facts, accept=0.9)
    proposed.write(folder / "policy.csv")
    TagReview(folder / "policy.csv", by="me", audit=facts)
    return lk.Policy.read(folder / "policy.csv")


def migrate(folder: Path, snapshot: lk.Snapshot, policy: lk.Policy) -> int:
    """Plan, carry out and verify a migration, and return its exit code."""
    run = folder / "run"
    made: lk.Plan = lk.plan(snapshot, policy, run, max_ops=100, max_pct=30.0, max_removals=0)
    again: lk.Plan = lk.Plan.read(run)
    writer: lk.Lever
    with lk.connect(write=True) as writer:
        ended = lk.apply(run, approve=made.plan_id, lever=writer, wave="all")
        checked = lk.verify(run, lever=writer)
    code: int = ended.exit_code or checked.exit_code
    return code if again.plan_id == made.plan_id else 1


def undo(folder: Path) -> str:
    """Return the id of the plan that undoes a run."""
    back: lk.Plan = lk.rollback(folder / "run", folder / "undo")
    return back.plan_id


def look(workspace: str = "") -> str:
    """Return the markup of a table, a check-up, a desk and a lesson, as notebooks show them."""
    at = lk.desk(workspace)
    page = lesson(people=60)
    markup: str = table(at.runs, limit=8)
    return f"{markup}{examine(lever=at.lever).exit_code}{page}{lk.workspace()}"


def receive(body: bytes, secrets: list[str], now_ms: int) -> object:
    """Return the event of a webhook delivery, or why it is not genuine."""
    try:
        return verify_delivery(body, secrets=secrets, now_ms=now_ms)
    except Rejected as rejected:
        return rejected.reason


def follow(opportunity: str, out: Path) -> object:
    """Return what adding a tag to all opportunities of a person would do."""
    with lk.connect(write=True) as lever:
        return lk.propagate(lever, opportunity=opportunity, add=["a tag"], out=out, dry_run=True)


def listings(lever: lk.ReadOnlyLever) -> list[object]:
    """Return what any listing gives: dicts, or items of a type; a checker knows which."""
    plain: dict[str, Any] = next(lever.each("/postings", state="published", limit=5))
    typed: Opportunity = next(lever.each("/opportunities", type=Opportunity, personal=False))
    hired: dict[str, Any] = next(lever.archive_reasons(type="hired"))
    page: Page[dict[str, Any]] = lever.page("/tags", limit=100)
    contact: dict[str, Any] = lever.get("/contacts/an id") | lever.contact("an id", personal=True)
    tags: int = len(lever.frame("/tags", times=True)) + len(lever.tags().frame())
    left: LeftOut = lever.users().left_out
    quick = lever.with_options(timeout=5.0, retries=1)
    status: int | None = quick.with_raw("/tags", limit=1).status
    me: str = lever.whoami().account
    return [plain, typed.tags, hired, page.items, contact, tags, left.complete, status, me]


async def on_a_loop() -> list[str]:
    """Return the tags of opportunities, read and written from an event loop."""
    async with lk.connect_async() as reader:
        found = [each.id async for each in reader.opportunities(limit=5)]
        frame = await reader.frame("/tags")
    async with lk.connect_async(write=True) as writer:
        client: lk.AsyncLever = writer
        written = await client.add_tags(found[0], ["a tag"])
    return [*(written.tags if written else ()), *frame["text"]]


@contextmanager
def emulated() -> Iterator[str]:
    """Serve an emulated account and yield its address."""
    with running(contacts=20, seed=1, rate=None) as account:
        account.add_tags("an id", ["a tag"])
        yield f"{account.base_url} {account.api_key} {account.state()}"


def notebook(namespace: dict[str, Any]) -> object:
    """Return a parameter of a notebook, checked."""
    given = lk.parameters(namespace)
    return given.mode


def codes(error: lk.LeverkitError) -> int:
    """Return the exit code of an error."""
    return error.exit_code
