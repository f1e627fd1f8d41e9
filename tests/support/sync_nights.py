"""An emulated account whose nights go by: its policy, its folders, and the nightly job in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.clients import Dated
from support.plan_factory import account, contact_tags, opened, tags_of

import leverkit as lk
from leverkit.api.account import AccountLabel
from leverkit.api.auth import Secret
from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.jobs.approval import Approval, approve
from leverkit.jobs.sync import sync
from leverkit.jobs.sync_order import SyncOrder
from leverkit.jobs.sync_record import SyncRecord, SyncResult
from leverkit.planning.brakes import Brakes
from leverkit.settings import Settings

DAY_MS = 24 * 3600 * 1000


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
        with opened(self.emulated, key=key, transport=Dated(self.emulated), label=label) as lever:
            return sync(order, settings=self.settings, lever=lever, reread_after=())

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
        with opened(self.emulated, transport=Dated(self.emulated)) as lever:
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


@contextmanager
def sync_nights(home: Path, contacts: int = 120, **options: Any) -> Iterator[SyncNights]:
    """Serve an account whose tags about the person are decided as they are."""
    with (
        account(contacts=contacts, **options) as (emulated, _),
        opened(emulated, transport=Dated(emulated)) as lever,
    ):
        policy = home / "policy.csv"
        rows = [f"{json.dumps(tag)},contact" for tag in contact_tags(emulated)]
        policy.write_text("\n".join(["tag,scope", *rows]) + "\n", encoding="utf-8")
        yield SyncNights(emulated, lever, home, policy)


def gaps(nights: SyncNights) -> set[tuple[str, str]]:
    """The (opportunity, tag) of contact tags that a sibling carries and the opportunity does not."""
    state, mine = nights.emulated.state(), set(contact_tags(nights.emulated))
    carried: dict[str, set[str]] = {}
    for id, tags in state["opportunities"].items():
        carried.setdefault(state["contacts"][id], set()).update(mine.intersection(tags))
    return {
        (id, tag)
        for id, tags in tags_of(nights.emulated).items()
        for tag in carried[state["contacts"][id]] - set(tags)
    }
