"""An emulated account whose nights go by: its policy, its folders, and the nightly job in this process."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from soak.killable_process import ChildRunner
from support.plan_factory import account, contact_tags, opened

import leverkit as lk
from leverkit.api.account import AccountLabel
from leverkit.api.auth import Secret
from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.jobs.approval import Approval, approve
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.jobs.nightly.record import SyncRecord, SyncResult
from leverkit.jobs.sync import sync
from leverkit.planning.brakes import Brakes
from leverkit.planning.operation import Operation
from leverkit.policy.decision import Decision
from leverkit.settings import Settings

DAY_MS = 24 * 3600 * 1000
Pair = tuple[str, str]  # opportunity, tag


@dataclass
class SyncNights:
    """One account; a day goes by between two jobs, by Lever's clock and by the one of the journals."""

    emulated: Running
    lever: Lever
    home: Path
    policy: Path
    notify: Secret | None = None
    out: Path = field(init=False)
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.out, self.folder = self.home / "nightly", self.home / self.lever.account_id()

    def night(self, **options: Any) -> SyncResult:
        """Let a day go by and do the nightly job."""
        self.a_day_later()
        return self.again(**options)

    def again(self, *, blind: bool = False, **options: Any) -> SyncResult:
        """Do the nightly job, `blind` with a key that sees nothing confidential."""
        order = SyncOrder(**{"policy": self.policy, "out": self.out, "wait": 0.0} | options)
        key = self.emulated.restricted_key if blind else self.emulated.api_key
        label = AccountLabel("acme", workspace=self.home)
        with opened(self.emulated, key=key, label=label) as lever:
            return sync(order, settings=self.settings, lever=lever, reread_after=())

    def killed(self, child: ChildRunner, point: str = "", number: int = 1) -> int:
        """Do the job in a child that is killed at a point; return its exit code, or minus the signal."""
        account = {"base_url": self.emulated.base_url, "key": self.emulated.api_key}
        where = {"run": str(self.out), "policy": str(self.policy), "home": str(self.home)}
        return child(what="sync", point=point, number=number, **account, **where)

    def killed_and_again(self, child: ChildRunner, point: str, number: int, off: Operation) -> int:
        """Let people add and remove, kill a job and do it again; all must be as they decided.

        Returns how the first one ended: minus the signal, or 0 where the point was not reached.
        """
        self.a_day_later()
        added = new_gaps(self, 2)
        self.emulated.remove_tags(off.opportunity, [off.tag])
        self.emulated.clear_log()
        ended = self.killed(child, point, number)
        record = self.again().require().record
        now = self.emulated.state()["opportunities"]
        assert off.tag not in now[off.opportunity], (point, number)
        assert all(tag in now[sibling] for id, tag in added for sibling in self.siblings(id)), (point, number)
        assert (record.open_run, record.exit_code) == ("", 0), (point, number)
        return ended

    @property
    def settings(self) -> Settings:
        """The settings of the account."""
        return Settings(self.emulated.base_url, home=self.home, notify=self.notify, account_name="acme")

    def a_day_later(self) -> None:
        """Move Lever's clock by a day."""
        self.emulated.do(lambda account: setattr(account, "skew_ms", account.skew_ms + DAY_MS))

    def approve(self, max_ops: int = 1000, **options: Any) -> Approval:
        """Approve the policy for every night."""
        brakes = Brakes(max_ops=max_ops, max_pct=100.0, max_tag_pct=10_000.0)
        return approve(self.folder, lk.Policy.read(self.policy), brakes=brakes, by="ada", **options)

    def begin(self) -> SyncRecord:
        """Do the first job, carry out its plan as a person does, and approve the policy."""
        first = self.night().require().record
        wide = {"max_pct": 100, "max_tag_pct": 10_000}
        with opened(self.emulated) as lever:
            lk.apply(first.run, approve=first.plan_id, lever=lever, **wide).require()
        self.approve()
        return first

    def siblings(self, opportunity: str) -> list[str]:
        """All opportunities of the contact of one."""
        contacts = self.emulated.state()["contacts"]
        return [id for id, contact in contacts.items() if contact == contacts[opportunity]]

    def writes(self) -> list[dict[str, Any]]:
        """The requests that can write."""
        return [entry for entry in self.emulated.log() if entry["method"] != "GET"]


def write_policy(path: Path, emulated: Running) -> None:
    """Write the policy of somebody who knows which tags are about the person."""
    lk.Policy(tuple(Decision(tag, "contact") for tag in contact_tags(emulated))).write(path)


@contextmanager
def sync_nights(home: Path, contacts: int = 120, **options: Any) -> Iterator[SyncNights]:
    """Serve an account whose tags about the person are decided as they are."""
    with (
        account(contacts=contacts, **options) as (emulated, _),
        opened(emulated) as lever,
    ):
        policy = home / "policy.csv"
        write_policy(policy, emulated)
        yield SyncNights(emulated, lever, home, policy)


def new_gaps(nights: SyncNights, number: int) -> list[tuple[str, str]]:
    """Let a person tag opportunities whose active siblings lack the tag; return the (opportunity, tag)."""
    state, free, done = nights.emulated.state(), list[list[Pair]](), set[str]()
    for opportunity in state["opportunities"]:
        siblings = [id for id in nights.siblings(opportunity) if id != opportunity]
        if opportunity not in done and any(not state["archived"].get(sibling) for sibling in siblings):
            held = {tag for id in (opportunity, *siblings) for tag in state["opportunities"][id]}
            free.append([(opportunity, tag) for tag in contact_tags(nights.emulated) if tag not in held])
            done.update(siblings)
    made = [pair for pairs in zip_longest(*free) for pair in pairs if pair]  # one a person, then the next
    for opportunity, tag in made[:number]:
        nights.emulated.add_tags(opportunity, [tag])
    assert len(made) >= number
    return made[:number]


@dataclass
class Decided:
    """What people decided about contact tags, by the account's states alone: the model of the ledger.

    `off` are the (opportunity, tag) that they removed and nobody put back; `wanted` those to which the job
    should carry what a person added on a sibling. `look` is called when people have been at work, and `after`
    when the job has.
    """

    nights: SyncNights
    off: set[Pair] = field(default_factory=set)
    removals: int = 0
    additions: int = 0
    wanted: set[Pair] = field(default_factory=set)
    before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.after()

    def pairs(self, state: dict[str, Any]) -> set[Pair]:
        """The taggings with a contact tag."""
        mine = set(contact_tags(self.nights.emulated))
        return {(id, tag) for id, tags in state["opportunities"].items() for tag in mine.intersection(tags)}

    def look(self) -> None:
        """Note what people removed and added since `after`."""
        now = self.nights.emulated.state()
        known = now["contacts"].keys() & self.before["contacts"].keys()
        was, is_ = self.pairs(self.before), self.pairs(now)
        removed = {pair for pair in was - is_ if pair[0] in known}
        added = {pair for pair in is_ - was if pair[0] in known}
        had = {(self.before["contacts"][id], tag) for id, tag in was}
        siblings: dict[str, list[str]] = {}
        for id, contact in now["contacts"].items():
            siblings.setdefault(contact, []).append(id)
        self.off |= removed
        for id, tag in added:
            mine = siblings[now["contacts"][id]]
            anew = (now["contacts"][id], tag) not in had  # nobody had it: an addition is for all of them
            self.off -= {(each, tag) for each in mine} if anew else {(id, tag)}
            self.wanted |= {(each, tag) for each in mine if anew and each in known}
        self.removals += len(removed)
        self.additions += len(added)

    def after(self) -> None:
        """Note how the job left the account."""
        self.before = self.nights.emulated.state()

    @property
    def put_back(self) -> set[Pair]:
        """What is there although people removed it."""
        return self.off & self.pairs(self.before)


@dataclass
class Race:
    """What people did while jobs ran: taggings that they removed, and ones that they added."""

    removed: set[Pair] = field(default_factory=set)
    added: set[Pair] = field(default_factory=set)

    def put_back(self, state: dict[str, Any]) -> set[Pair]:
        """What is there although people removed it."""
        return {(id, tag) for id, tag in self.removed if tag in state["opportunities"].get(id, ())}

    def not_spread(self, state: dict[str, Any]) -> set[Pair]:
        """What people added and a sibling lacks."""
        holders: dict[str, list[str]] = {}
        for id, contact in state["contacts"].items():
            holders.setdefault(contact, []).append(id)
        siblings = {id: holders[state["contacts"][id]] for id, _ in self.added}
        every = {(each, tag) for id, tag in self.added for each in siblings[id]}
        return {(id, tag) for id, tag in every if tag not in state["opportunities"][id]}


def raced(nights: SyncNights, changes: int, pause_s: float) -> Race:
    """Let people remove and add contact tags, so many of each, while jobs run; then two quiet nights."""
    race, chance, state = Race(), random.Random(changes), nights.emulated.state()
    alive = set(
        nights.emulated.do(lambda account: [id for id, row in account.rows.items() if not row.anonymized])
    )
    split = [id for id in alive if len(set(nights.siblings(id)) & alive) == len(nights.siblings(id)) > 1]
    mine = contact_tags(nights.emulated)
    there = [(id, tag) for id, tags in state["opportunities"].items() for tag in tags if tag in mine]
    held = {(state["contacts"][id], tag) for id, tag in there}
    free = [(id, tag) for id in split for tag in mine if (state["contacts"][id], tag) not in held]
    chance.shuffle(there)
    chance.shuffle(free)

    def people() -> None:
        for (off, tag), (on, new) in zip(there[:changes], free[:changes], strict=False):
            nights.emulated.remove_tags(off, [tag])
            nights.emulated.add_tags(on, [new])
            race.removed.add((off, tag))
            race.added.add((on, new))
            time.sleep(pause_s)

    thread = threading.Thread(target=people)
    thread.start()
    while thread.is_alive():
        nights.night(max_found_removals=changes)
    nights.night(max_found_removals=changes)
    nights.night(max_found_removals=changes).require()
    return race
