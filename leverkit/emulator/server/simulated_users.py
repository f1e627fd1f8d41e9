"""Simulated users: seeded changes to the account while a client reads and writes it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from leverkit.emulator.account import changes
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints import creation

TAGS = ("called today", "Spoke at meetup", "keep warm", "VIP", "second look", "on hold")


class SimulatedUsers:
    """Makes one plausible change at a time; `counts` holds how many, by name."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.counts: Counter[str] = Counter()
        self._random = random.Random(account.config.humans_seed)
        self._order: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._actions: list[tuple[str, float, Callable[[Row], None]]] = [
            ("move", 0.35, self._move),
            ("add tag", 0.2, lambda row: changes.add_tags(account, row.id, [self._random.choice(TAGS)])),
            ("remove tag", 0.12, self._remove_tag),
            ("archive", 0.14, self._archive),
            ("create", 0.12, self._create),
            ("merge", 0.03, self._merge),
            ("delete", 0.04, lambda row: changes.delete(account, row.id)),
        ]

    def restart(self) -> None:
        """Start, change the rate, or stop, by the present configuration. Runs on the server's loop."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self.account.config.humans > 0:
            self._random = random.Random(self.account.config.humans_seed)
            self._task = asyncio.get_running_loop().create_task(self._work(self.account.config.humans))

    async def _work(self, rate: float) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(rate))
            self.step()

    def step(self) -> str:
        """Make one change to one opportunity; return its name."""
        rows = self.account.rows
        if not rows:
            return "nothing"
        weights = [weight for _, weight, _ in self._actions]
        name, _, action = self._random.choices(self._actions, weights)[0]
        action(self._random_row())
        self.counts[name] += 1
        return name

    def _random_row(self) -> Row:
        """Return a random opportunity without copying the ids of a large account."""
        contacts = self.account.by_contact
        place = self._random.randrange(len(contacts))
        if len(self._order) != len(contacts) or place >= len(self._order):
            self._order = sorted(contacts)
        siblings = contacts.get(self._order[place])
        if siblings is None:
            self._order = sorted(contacts)
            siblings = contacts[self._order[place]]
        return self._random.choice(siblings)

    def _move(self, row: Row) -> None:
        changes.move(self.account, row.id, self._random.choice(list(self.account.ranks)))

    def _remove_tag(self, row: Row) -> None:
        if row.tags:
            changes.remove_tags(self.account, row.id, [self._random.choice(row.tags)])

    def _archive(self, row: Row) -> None:
        reasons = [reason["id"] for reason in self.account.archive_reasons]
        if reasons:
            changes.archive(self.account, row.id, None if row.archived else self._random.choice(reasons))

    def _create(self, row: Row) -> None:
        postings = self._random.sample(sorted(self.account.postings), min(1, len(self.account.postings)))
        stage = next(iter(self.account.ranks))
        creation.create(
            self.account, row.contact, {"stage": stage, "postings": postings, "origin": "applied"}
        )

    def _merge(self, row: Row) -> None:
        other = self._random_row()
        if other.contact != row.contact:
            changes.merge(self.account, row.contact, other.contact)
