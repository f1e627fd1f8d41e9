"""People, deliveries, sweeps and kills at once: no removal comes back, and every addition is spread."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.accounts import policy, split_contacts
from support.plan_factory import AT_ONCE, account, tags_of
from support.scale import scaled
from support.webhook_receiver import Listener, until

from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.emulator.account import changes
from leverkit.history import reading
from leverkit.history.ledger import Ledger
from leverkit.jobs.ledger import update_ledger
from leverkit.migration import apply as applying
from leverkit.snapshot.pull import pull
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.worker import Worker, WorkerConfig

SPREAD, TAKEN = [[f"{kind} {n}" for n in range(12)] for kind in ("spread", "taken")]
FULL, MANY = (
    pytest.param(scaled(number), marks=[pytest.mark.soak, pytest.mark.timeout(7200)], id="full")
    for number in (1000, 200)
)
Pair = tuple[str, str]


class People:
    """People who tag an opportunity, and remove tags again, from whichever opportunity has them by then."""

    def __init__(self, emulated: Running, seed: int) -> None:
        self.emulated, self.chance = emulated, random.Random(seed)
        self.contacts = split_contacts(emulated)
        self.wanted: set[Pair] = set()
        self.removed: set[Pair] = set()
        self._new = [(contact, n) for contact in self.contacts for n in range(len(SPREAD))]
        self.chance.shuffle(self._new)
        self._begun: list[tuple[str, str]] = []  # contact and tag, of those from which tags are removed

    def step(self) -> str:
        """Add two tags to one opportunity each, and take one off somewhere; return the contact concerned."""
        contact, n = self._new.pop()
        mine = self.contacts[contact]
        self.emulated.add_tags(self.chance.choice(mine), [SPREAD[n]])
        self.wanted |= {(opportunity, SPREAD[n]) for opportunity in mine}
        self.emulated.add_tags(self.chance.choice(mine), [TAKEN[n]])
        self._begun.append((contact, TAKEN[n]))
        self.take_off()
        return contact

    def take_off(self) -> None:
        """Take a tag off an opportunity that has it."""
        contact, tag = self.chance.choice(self._begun[-8:])
        opportunity = self.chance.choice(self.contacts[contact])

        def remove(account: Any) -> bool:
            is_there = tag in account.row(opportunity).tags
            if is_there:
                changes.remove_tags(account, opportunity, [tag])
            return is_there

        if self.emulated.do(remove):
            self.removed.add((opportunity, tag))


@contextmanager
def working(lever: Lever, queue: EventQueue, policy_file: Path, runs: Path) -> Iterator[Worker]:
    """Let a worker process events and sweep; a thread that fails ends the test."""
    worker = Worker(queue, lever, WorkerConfig(policy_file, runs, sweep_s=0.2), chance=lambda: 0.0)
    worker.start()
    yield worker
    assert worker.stop(60.0)


def in_place(emulated: Running) -> set[Pair]:
    return {(opportunity, tag) for opportunity, tags in tags_of(emulated).items() for tag in tags}


@pytest.mark.parametrize("removals", [pytest.param(25, id="few"), FULL])
def test_no_removal_is_put_back_and_each_addition_is_spread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removals: int
) -> None:
    monkeypatch.setattr(reading, "MARGIN", 0)  # else all of this were too fresh to tell
    monkeypatch.setattr(applying, "Times", lambda: AT_ONCE)
    policy_file = policy(tmp_path / "policy.csv", **dict.fromkeys([*SPREAD, *TAKEN], "contact"))
    with account(contacts=900 if removals > 100 else 200, seed=removals) as (emulated, lever):
        people, sent = People(emulated, removals), 0
        snapshot = pull(tmp_path / "snapshot", lever=lever)
        folder = tmp_path / "workspace" / lever.account_id()
        update_ledger(folder, snapshot, lever=lever)
        with closing(EventQueue(tmp_path / "inbox.sqlite")) as queue:
            while len(people.removed) < removals:
                with working(lever, queue, policy_file, tmp_path / "receiver"):  # which is started again
                    for _ in range(20):
                        contact = people.step()
                        sent += 1
                        queue.store([QueuedEvent(f"t{sent}", "candidateHired", contact, None, 0)])
                        people.take_off()
                        time.sleep(people.chance.random() * 0.1)
            with working(lever, queue, policy_file, tmp_path / "receiver"):
                assert until(lambda: people.wanted <= in_place(emulated), 120)
                for contact in people.contacts:
                    sent += 1
                    queue.store([QueuedEvent(f"t{sent}", "candidateHired", contact, None, 0)])
                assert until(lambda: not queue.waiting, 240)
        back = people.removed & in_place(emulated)
        print(f"\n{len(people.removed)} removals, {len(back)} put back; {len(people.wanted)} taggings spread")
        assert back == set()


@pytest.mark.parametrize("contacts", [pytest.param(20, id="few"), MANY])
def test_after_any_kill_the_ledger_knows_what_the_receiver_wrote(tmp_path: Path, contacts: int) -> None:
    chance, state = random.Random(contacts), tmp_path / "state"
    policy_file = policy(tmp_path / "policy.csv", vip="contact")
    with account(contacts=4 * contacts, seed=5) as (emulated, lever):
        people = dict(list(split_contacts(emulated).items())[:contacts])
        for mine in people.values():
            emulated.add_tags(mine[0], ["vip"])
        state.mkdir()
        with closing(EventQueue(state / "inbox.sqlite")) as queue:
            queue.store(
                [QueuedEvent(f"t{contact}", "candidateHired", contact, None, 0) for contact in people]
            )
        for _ in range(max(4, contacts // 10)):
            listener = Listener(emulated, state, policy_file, sweep=0, rate=9)
            threading.Event().wait(chance.random() * 3)
            listener.kill()
        listener = Listener(emulated, state, policy_file, sweep=0, rate=500)
        expected = {opportunity for mine in people.values() for opportunity in mine}
        assert until(lambda: {o for o, tag in in_place(emulated) if tag == "vip"} == expected, 120)
        assert listener.stop() == 0
        with Ledger.open(state / "workspace" / lever.account_id()) as ledger:
            marks = ledger.view(expected).marks
            assert ledger.open_runs() == []
    ours = {opportunity for (opportunity, _), mark in marks.items() if mark.kind == "added by us"}
    assert ours == expected - {mine[0] for mine in people.values()}
