"""The receiver under load, kills and a failing Lever: exactly the right tags, nothing lost or too much."""

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
from support.accounts import alike, households, policy
from support.webhook_receiver import Listener, listening, until
from support.webhook_sender import Deliverer

from leverkit.emulator import Running, running
from leverkit.emulator.account import changes
from leverkit.emulator.endpoints import creation

pytestmark = pytest.mark.soak
TAGS = ("vip", "speaks: 日本語", "=boomerang")
RATE, SECONDS, CHANGES, KILLS = 200, 60, 150, 3
News = deque[tuple[str, dict[str, str]]]


@pytest.fixture
def crowd() -> Iterator[Running]:
    with running(contacts=1500, seed=5, rate=500.0, burst=500) as account:
        yield account


def about(account: Running, opportunity: str, name: str) -> tuple[str, dict[str, str]]:
    contact = account.state()["contacts"][opportunity]
    return name, {"opportunityId": opportunity, "candidateId": opportunity, "contactId": contact}


class Life(threading.Thread):
    """Changes the account for a minute: new applications, and tags put on one opportunity by hand."""

    def __init__(self, account: Running, people: dict[str, list[str]]) -> None:
        super().__init__()
        self.account, self.people, self.chance = account, people, random.Random(2)
        self.news, self.changes = News(), 0

    def run(self) -> None:
        """Make `CHANGES`, and tell of each by an event; count the changes to opportunities."""
        for _ in range(CHANGES):
            self.changes += self.account.do(self._step)
            time.sleep(SECONDS * 0.8 / CHANGES)

    def _step(self, account: Any) -> int:
        before, contact = len(account.changes), self.chance.choice(list(self.people))
        if self.chance.random() < 0.4:
            name, one = "applicationCreated", creation.create(account, contact, {}).id
            self.people[contact].append(one)
        else:
            name, one = "candidateStageChange", self.chance.choice(self.people[contact])
            changes.add_tags(account, one, [self.chance.choice(TAGS), "about this one only"])
        self.news.append((name, {"opportunityId": one, "contactId": contact}))
        return len(account.changes) - before


def hazards(listener: list[Listener], again: Any) -> None:
    """Kill the receiver, and start it anew on the same port, so many times."""
    for _ in range(KILLS):
        time.sleep(SECONDS / (KILLS + 1))
        listener[-1].kill()
        listener.append(again(listener[-1].port))


def kept(folder: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(folder / "inbox.sqlite")) as db:
        return dict(db.execute("SELECT token, ended FROM events"))


def successes(account: Running) -> list[str]:
    return [entry["path"] for entry in account.log() if entry["method"] == "POST" and entry["status"] == 200]


def test_a_minute_of_everything_going_wrong(crowd: Running, tmp_path: Path) -> None:
    chance, people = random.Random(1), dict(list(households(crowd).items())[:60])
    others = [about(crowd, one, "candidateHired") for mine in people.values() for one in mine]
    life = Life(crowd, people)
    crowd.fault("throttle", probability=0.25, times=None, seed=1)
    crowd.fault("status", status=500, probability=1 / 3, times=None, seed=2)  # of the rest: half in all
    crowd.do(lambda account: setattr(account, "changes", []))

    def begin(port: int = 0) -> Listener:
        wish = policy(tmp_path / "policy.csv", **dict.fromkeys(TAGS, "contact"))
        return Listener(crowd, tmp_path / "state", wish, port=port, rate=450, sweep=0)

    made = [begin()]
    killer = threading.Thread(target=hazards, args=(made, begin))
    deliverer = Deliverer(
        made[0].port,
        lambda: life.news.popleft() if life.news else None,
        lambda: chance.choice(others),
        chance,
    )
    for thread in (life, killer):
        thread.start()
    began = time.monotonic()
    deliverer.run(RATE * SECONDS, RATE)
    took = time.monotonic() - began
    for thread in (life, killer):
        thread.join()
    drained = until(lambda: waiting(made[-1]) == 0, 240)
    drain = time.monotonic() - began - took
    code = made[-1].stop()
    state, told, written = crowd.state(), kept(tmp_path / "state"), successes(crowd)
    effective = crowd.do(lambda account: len(account.changes)) - life.changes
    answers = Counter((entry["method"], entry["status"]) for entry in crowd.log())
    print(
        f"\n{len(deliverer.seconds):,} deliveries in {took:.0f} s of {len(deliverer.tokens):,} events, "
        f"{deliverer.refused} tries without a 2xx; 2xx: median {deliverer.median_ms:.1f} ms, "
        f"p99 {deliverer.p99_ms:.1f} ms; worked off {drain:.0f} s later; Lever answered {dict(answers)}; "
        f"{len(written)} writes, {effective} of them changed something"
    )
    assert (drained, code, len(life.news)) == (True, 0, 0)
    assert state["opportunities"] == alike(state, state["contacts"].values(), TAGS)
    assert told == dict.fromkeys(deliverer.tokens, "done")
    assert len(written) == effective > 0


def test_a_burst_of_a_thousand_at_lever_s_own_pace(tmp_path: Path) -> None:
    chance = random.Random(3)
    with running(contacts=1500, seed=5) as account:
        people = dict(list(households(account).items())[:100])
        for mine in people.values():
            account.add_tags(mine[0], [TAGS[0]])
        others = [about(account, one, "candidateHired") for mine in people.values() for one in mine]
        expected = alike(account.state(), people, TAGS)
        needed = sum(len(mine) - 1 for mine in people.values())
        wish = policy(tmp_path / "policy.csv", **dict.fromkeys(TAGS, "contact"))
        with listening(account, tmp_path / "state", wish, sweep=0) as listener:
            deliverer = Deliverer(listener.port, lambda: None, lambda: chance.choice(others), chance)
            began = time.monotonic()
            deliverer.run(1000, 2000)
            assert until(lambda: waiting(listener) == 0, 120)
            took = time.monotonic() - began
            assert listener.stop() == 0
        log = Counter((entry["method"], entry["status"]) for entry in account.log())
        print(f"\n1,000 events worked off in {took:.1f} s with {dict(log)}; {needed} writes needed")
        assert account.state()["opportunities"] == expected
        assert kept(tmp_path / "state") == dict.fromkeys(deliverer.tokens, "done")
        assert len(successes(account)) == needed
        assert log["GET", 429] + log["POST", 429] == 0
