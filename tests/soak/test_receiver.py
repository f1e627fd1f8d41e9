"""The receiver under load, kills and a failing Lever: exactly the right tags, none lost and none too many."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.test_integration import waiting
from support.accounts import policy, split_contacts, with_shared_tags
from support.webhook_receiver import Listener, listening, until
from support.webhook_sender import WebhookSender

from leverkit.emulator import Running, running
from leverkit.emulator.account import changes
from leverkit.emulator.endpoints import creation
from leverkit.migration.run import Run

pytestmark = pytest.mark.soak
TAGS = ("vip", "speaks: 日本語", "=boomerang")
RATE, SECONDS, CHANGES, KILLS = 200, 60, 150, 3
Events = deque[tuple[str, dict[str, str]]]


@pytest.fixture
def large_account() -> Iterator[Running]:
    with running(contacts=1500, seed=5, rate=500.0, burst=500) as account:
        yield account


def event_of(account: Running, opportunity: str, name: str) -> tuple[str, dict[str, str]]:
    contact = account.state()["contacts"][opportunity]
    return name, {"opportunityId": opportunity, "candidateId": opportunity, "contactId": contact}


class Activity(threading.Thread):
    """Changes the account for a minute: new applications, and tags added to one opportunity."""

    def __init__(self, account: Running, people: dict[str, list[str]]) -> None:
        super().__init__()
        self.account, self.people, self.chance = account, people, random.Random(2)
        self.events, self.changes = Events(), 0

    def run(self) -> None:
        """Make `CHANGES` changes with an event for each; count the changed opportunities in `changes`."""
        for _ in range(CHANGES):
            self.changes += self.account.do(self._step)
            time.sleep(SECONDS * 0.8 / CHANGES)

    def _step(self, account: Any) -> int:
        before, contact = len(account.undo_log), self.chance.choice(list(self.people))
        if self.chance.random() < 0.4:
            name, opportunity = "applicationCreated", creation.create(account, contact, {}).id
            self.people[contact].append(opportunity)
        else:
            name, opportunity = "candidateStageChange", self.chance.choice(self.people[contact])
            changes.add_tags(account, opportunity, [self.chance.choice(TAGS), "about this one only"])
        self.events.append((name, {"opportunityId": opportunity, "contactId": contact}))
        return len(account.undo_log) - before


def kill_repeatedly(listeners: list[Listener], restart: Any) -> None:
    """Kill the receiver and start it again on the same port, `KILLS` times."""
    for _ in range(KILLS):
        time.sleep(SECONDS / (KILLS + 1))
        listeners[-1].kill()
        listeners.append(restart(listeners[-1].port))


def ended_by_token(folder: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(folder / "inbox.sqlite")) as db:
        return dict(db.execute("SELECT token, ended FROM events"))


def in_doubt(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the (opportunity, tag) of lost requests that a person may have undone: these are left alone."""
    for run in [Run.open(path.parent) for path in folder.rglob("plan.json")]:
        for number, outcome in run.state.outcomes.items():
            if outcome.outcome == "drifted" and run.state.open_intent(number):
                yield run.plan.operations[number].opportunity, run.plan.operations[number].tag


def pairs(tags: dict[str, list[str]]) -> set[tuple[str, str]]:
    return {(opportunity, tag) for opportunity, held in tags.items() for tag in held}


def successes(account: Running) -> list[str]:
    return [entry["path"] for entry in account.log() if entry["method"] == "POST" and entry["status"] == 200]


def test_a_minute_of_everything_going_wrong(large_account: Running, tmp_path: Path) -> None:
    chance, people = random.Random(1), dict(list(split_contacts(large_account).items())[:60])
    others = [event_of(large_account, own, "candidateHired") for mine in people.values() for own in mine]
    activity = Activity(large_account, people)
    large_account.fault("throttle", probability=0.25, times=None, seed=1)
    large_account.fault(
        "status", status=500, probability=1 / 3, times=None, seed=2
    )  # of the rest: half in all
    large_account.do(lambda account: setattr(account, "undo_log", []))

    def begin(port: int = 0) -> Listener:
        policy_file = policy(tmp_path / "policy.csv", **dict.fromkeys(TAGS, "contact"))
        return Listener(large_account, tmp_path / "state", policy_file, port=port, rate=450, sweep=0)

    listeners = [begin()]
    killer = threading.Thread(target=kill_repeatedly, args=(listeners, begin))
    sender = WebhookSender(
        listeners[0].port,
        lambda: activity.events.popleft() if activity.events else None,
        lambda: chance.choice(others),
        chance,
    )
    for thread in (activity, killer):
        thread.start()
    began = time.monotonic()
    sender.run(RATE * SECONDS, RATE)
    took = time.monotonic() - began
    for thread in (activity, killer):
        thread.join()
    drained = until(lambda: waiting(listeners[-1]) == 0, 240)
    drain = time.monotonic() - began - took
    code = listeners[-1].stop()
    state, ended, written = (
        large_account.state(),
        ended_by_token(tmp_path / "state"),
        successes(large_account),
    )
    effective = large_account.do(lambda account: len(account.undo_log)) - activity.changes
    left = set(in_doubt(tmp_path / "state"))
    answers = Counter((entry["method"], entry["status"]) for entry in large_account.log())
    print(
        f"\n{len(sender.seconds):,} deliveries in {took:.0f} s of {len(sender.tokens):,} events, "
        f"{sender.refused} attempts without a 2xx; 2xx: median {sender.median_ms:.1f} ms, "
        f"p99 {sender.p99_ms:.1f} ms; processed {drain:.0f} s later; Lever answered {dict(answers)}; "
        f"{len(written)} writes, {effective} of them changed something, {len(left)} left in doubt"
    )
    assert (drained, code, len(activity.events)) == (True, 0, 0)
    wished = with_shared_tags(state, state["contacts"].values(), TAGS)
    assert pairs(state["opportunities"]) <= pairs(wished)
    assert pairs(wished) - pairs(state["opportunities"]) <= left
    assert len(left) < len(written) / 10
    assert ended == dict.fromkeys(sender.tokens, "done")
    assert len(written) == effective > 0


def test_a_burst_of_a_thousand_at_lever_s_own_pace(tmp_path: Path) -> None:
    chance = random.Random(3)
    with running(contacts=1500, seed=5) as account:
        people = dict(list(split_contacts(account).items())[:100])
        for mine in people.values():
            account.add_tags(mine[0], [TAGS[0]])
        others = [event_of(account, own, "candidateHired") for mine in people.values() for own in mine]
        expected = with_shared_tags(account.state(), people, TAGS)
        needed = sum(len(mine) - 1 for mine in people.values())
        policy_file = policy(tmp_path / "policy.csv", **dict.fromkeys(TAGS, "contact"))
        with listening(account, tmp_path / "state", policy_file, sweep=0) as listener:
            sender = WebhookSender(listener.port, lambda: None, lambda: chance.choice(others), chance)
            began = time.monotonic()
            sender.run(1000, 2000)
            assert until(lambda: waiting(listener) == 0, 120)
            took = time.monotonic() - began
            assert listener.stop() == 0
        log = Counter((entry["method"], entry["status"]) for entry in account.log())
        print(f"\n1,000 events processed in {took:.1f} s with {dict(log)}; {needed} writes needed")
        assert account.state()["opportunities"] == expected
        assert ended_by_token(tmp_path / "state") == dict.fromkeys(sender.tokens, "done")
        assert len(successes(account)) == needed
        assert log["GET", 429] + log["POST", 429] == 0
