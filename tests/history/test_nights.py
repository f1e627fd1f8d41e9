"""Nights against a model of the merge table: people who add, remove, create and merge, and rollbacks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.ledger_factory import HOUR, take, wrote
from support.merge_model import MergeModel
from support.scale import scaled

from leverkit.history.ledger import Ledger
from leverkit.history.merge_table import judge

TAGS = "tuv"


class Nights:
    """An account, its people and the ledger, and the model of what a job may write."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice, self.folder, self.hour, self.number = random.Random(seed), folder, 1, 0
        self.account = {f"o{n}": (f"c{n // 3}", {t for t in TAGS if n % 3 == 0}) for n in range(12)}
        self.model = MergeModel(TAGS)
        self.ours: list[list[tuple[str, str, str]]] = []

    def people(self) -> None:
        """Let a person do something."""
        opportunity, tag = self.dice.choice(sorted(self.account)), self.dice.choice(TAGS)
        contact, tags = self.account[opportunity]
        match self.dice.choice(("add", "remove", "remove", "create", "merge", "everywhere")):
            case "add":
                tags.add(tag)
            case "remove":
                tags.discard(tag)
            case "create":
                self.account[f"n{len(self.account)}"] = (
                    contact,
                    {tag} if self.dice.random() < 0.5 else set(),
                )
            case "merge":
                self.account[opportunity] = (
                    self.dice.choice(sorted(self.account.values(), key=str))[0],
                    tags,
                )
            case "everywhere":
                for id in self.of(contact):
                    self.account[id][1].discard(tag)

    def of(self, contact: str) -> list[str]:
        return [id for id, (whose, _) in self.account.items() if whose == contact]

    def night(self) -> list[tuple[str, str, str]]:
        """Read, and add what the merge table says; return contact, opportunity and tag of each addition."""
        self.hour += 1
        take(self.folder, self.account, self.hour, max_found_removals=1000)
        with Ledger.open(self.folder) as ledger:
            view = ledger.view(set(self.account), {contact for contact, _ in self.account.values()})
        added = [
            (contact, id, tag)
            for id, (contact, tags) in sorted(self.account.items())
            for tag in TAGS
            if judge(
                view.pair(
                    contact,
                    id,
                    tag,
                    taken_at=self.hour * HOUR,
                    carriers=[other for other in self.of(contact) if tag in self.account[other][1]],
                    now=tag in tags,
                ),
                unattended=True,
            )
            == "add"
        ]
        self.write(added, True)
        return added

    def write(self, pairs: list[tuple[str, str, str]], add: bool) -> None:
        """Add or take back, as a run of its own."""
        self.number += 1
        for _, id, tag in pairs:
            (self.account[id][1].add if add else self.account[id][1].discard)(tag)
        at = self.hour + 0.1 + self.number / 10**5
        wrote(self.folder, *((at, *pair, add) for pair in pairs), run=f"run {self.number}")

    def roll_back(self) -> None:
        """Take back what is still there of a night's additions."""
        run = self.ours.pop(self.dice.randrange(len(self.ours)))
        there = [(self.account[id][0], id, tag) for _, id, tag in run if tag in self.account[id][1]]
        self.write(there, False)
        self.model.wrote({(id, tag) for _, id, tag in there}, False)

    def step(self) -> None:
        """Let people work, and a night go by; raise AssertionError where the model would not have it."""
        for _ in range(self.dice.randint(0, 4)):
            self.people()
        spread = self.model.look(self.account)
        added = self.night()
        assert self.model.put_back((id, tag) for _, id, tag in added) == {}
        assert self.model.not_spread(spread, self.account) == set()
        self.model.wrote({(id, tag) for _, id, tag in added}, True)
        assert self.night() == []
        self.ours += [added] if added else []
        if self.ours and self.dice.random() < 0.2:
            self.roll_back()


def go(seed: int, folder: Path, steps: int) -> int:
    """Go through a number of steps and return how many nights passed; a failure names its seed and step."""
    nights = Nights(seed, folder)
    for number in range(steps):
        try:
            nights.step()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, step {number}: {error}") from None
    return nights.hour - 1


@pytest.mark.parametrize("seed", range(4))
def test_nights_do_what_the_merge_table_says(tmp_path: Path, seed: int) -> None:
    assert go(seed, tmp_path, 15) == 2 * 15


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("quarter", range(4))
def test_many_nights_do_what_the_merge_table_says(tmp_path: Path, quarter: int) -> None:
    orders = range(quarter, max(4, scaled(1000)), 4)
    assert sum(go(seed, tmp_path / str(seed), 50) for seed in orders) == len(orders) * 2 * 50
