"""Accounts and plans for tests, made quickly: an emulated account, its client, a plan by plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from leverkit.api.client import Lever
from leverkit.api.rate_limit import Pace
from leverkit.emulator import Running, running
from leverkit.migration.apply import carry_out
from leverkit.migration.result import Result
from leverkit.migration.run import Run
from leverkit.migration.times import Times
from leverkit.planning.brakes import Brakes
from leverkit.planning.canary import choose
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan

AT_ONCE = Times(sleep=lambda _: None, reread_after=(0.0, 0.0, 0.0))
HOSTILE = (
    '=HYPERLINK("http://x")',
    "'quoted",
    "a,b;c\td",
    'say "so"\r\nand more',
    "+1",
    "  padded ",
    "日本 🎉",
    "",
)


def operation(n: int = 1, tag: str = "vip", *, action: str = "add", contact: str = "c1") -> Operation:
    """An operation on opportunity `o<n>`."""
    return Operation(contact, f"o{n}", action, tag, "because")  # type: ignore[arg-type]


def plan_of(*operations: Operation, **fields: Any) -> Plan:
    """A migration plan of these operations, whose opportunities had no tags (removals: had the tag)."""
    before: dict[str, set[str]] = defaultdict(set)
    for op in operations:
        before[op.opportunity] |= {op.tag} if op.action == "remove" else set()
    contacts = {op.opportunity: op.contact for op in operations}
    known = {
        opportunity: OpportunityState(contacts[opportunity], tuple(sorted(tags)))
        for opportunity, tags in before.items()
    }
    return Plan(
        **{"kind": "migrate", "account": "acc", "operations": tuple(sorted(operations)), "before": known}
        | fields
    )


def opened(account: Running, *, kind: type[Lever] = Lever, key: str = "", **options: Any) -> Lever:
    """A client of an emulated account, without a pace worth speaking of and without waits."""
    pace = Pace(rate=1e6, burst=1000)
    defaults: dict[str, Any] = {"pace": pace, "retries": 1, "sleep": lambda _: None}
    return kind(base_url=account.base_url, key=key or account.api_key, **defaults | options)


@contextmanager
def account(contacts: int = 60, **options: Any) -> Iterator[tuple[Running, Lever]]:
    """An emulated account and a client that may write to it; its locks are its own, as tests run at once."""
    with TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", cache)
        with running(contacts=contacts, **{"rate": None} | options) as emulated, opened(emulated) as lever:
            yield emulated, lever


def contact_tags(emulated: Running) -> list[str]:
    """The tags that are about the person, as only the generator knows."""
    return sorted(tag for tag, scope in emulated.truth.items() if scope == "contact")


def migration(emulated: Running, lever: Lever, **fields: Any) -> Plan:
    """What `plan` should say about an account, by plain Python and no SQL."""
    tags = set(contact_tags(emulated))
    contacts: dict[str, list[Any]] = defaultdict(list)
    everything = list(lever.opportunities())
    for opportunity in everything:
        contacts[opportunity.contact].append(opportunity)
    operations = []
    for contact, siblings in contacts.items():
        for tag in tags.intersection(*[{t for s in siblings if not s.is_anonymized for t in s.tags}]):
            have = sum(tag in sibling.tags for sibling in siblings)
            reason = f"contact tag on {have} of {len(siblings)} opportunities"
            operations += [
                Operation(contact, sibling.id, "add", tag, reason)
                for sibling in siblings
                if tag not in sibling.tags and not sibling.is_anonymized
            ]
    touched = {op.contact for op in operations}
    added = Counter(op.tag for op in operations)
    counts = lever.tag_counts()

    def holding(tag: str) -> tuple[str, ...]:
        return tuple(o.id for o in everything if tag in o.tags and o.contact not in touched)

    defaults = {
        "kind": "migrate",
        "account": lever.account_id(),
        "operations": tuple(sorted(operations)),
        "before": {o.id: OpportunityState(o.contact, o.tags) for o in everything if o.contact in touched},
        "tag_counts": {tag: counts.get(tag, 0) + number for tag, number in sorted(added.items())},
        "holders": {tag: holding(tag) for tag in added},
        "canary": choose(operations, Counter(o.contact for o in everything)),
        "opportunities": len(everything),
        "taken_at": 4_000_000_000_000,
        "brakes": Brakes(max_pct=None, max_removals=None),
    }
    return Plan(**defaults | fields)


def carried_out(plan: Plan, run: Path, lever: Lever, **options: Any) -> Result:
    """Write a plan and carry it out, without waits."""
    plan.write(run)
    return resumed(plan, run, lever, **{"times": AT_ONCE} | options)


def resumed(plan: Plan, folder: Path, lever: Lever, *, wave: str = "all", **options: Any) -> Result:
    """Carry out a plan whose folder is there, from wherever it was left."""
    run = Run(folder, plan)
    return carry_out(run, lever, run.wave(wave), **options)[0]


def tags_of(emulated: Running) -> dict[str, list[str]]:
    """The tags of every opportunity."""
    return dict(emulated.state()["opportunities"])


def lost(emulated: Running, op: Operation) -> None:
    """Let Lever lose a tag: it is gone, and nobody changed the opportunity."""

    def lose(account: Any) -> None:
        row = account.row(op.opportunity)
        left = [tag for tag in row.tags if tag != op.tag]
        account.edit(row, lambda value: value.update(tags=left), touch=False)

    emulated.do(lose)


def wished(plan: Plan, before: dict[str, list[str]]) -> dict[str, list[str]]:
    """The tags of every opportunity after the plan, by plain set algebra."""
    tags = {opportunity: set(each) for opportunity, each in before.items()}
    for op in plan.operations:
        (tags[op.opportunity].add if op.action == "add" else tags[op.opportunity].discard)(op.tag)
    return {opportunity: sorted(each) for opportunity, each in tags.items()}


def hooked(before: Callable[[str, str], None]) -> type[Lever]:
    """A client that calls `before(verb, opportunity)` before each write: where a person may step in."""

    class Hooked(Lever):
        def _write(self, opportunity: str, verb: str, tags: Any, *rest: Any) -> Any:
            before(verb, opportunity)
            return super()._write(opportunity, verb, tags, *rest)

    return Hooked
