"""Orders of nights as they are: an emulated account, its people, a receiver, rollbacks, and the nightly job.

After each thing that leverkit did, the model of the merge table says whether it was allowed to.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.accounts import policy
from support.merge_model import MergeModel, Pair
from support.plan_factory import account, opened
from support.sync_nights import SyncNights

import leverkit as lk
from leverkit.api.account import AccountLabel
from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.emulator.account import changes
from leverkit.errors import Locked
from leverkit.history.renames import LEAST
from leverkit.planning.plan import Plan
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.worker import Worker, WorkerConfig

TAGS = ("t", "u", "v", "w", "x")
PEOPLE, EACH, HIDDEN, HOUR_MS = 5, 3, 3, 3_600_000
ACTS = (
    *("add", "add", "remove", "remove", "remove", "everywhere", "everywhere", "create", "create"),
    *("merge", "archive", "hide", "show"),
)
AFTER = ("nothing", "nothing", "deliver", "deliver", "roll back", "stop", "dry run", "rename")

FIGURES = ("nights", "writes", "deliveries", "rollbacks", "rollbacks stopped", "changes by people")


class WholeNights:
    """An account of few people; `blind`: all is done with a key that sees nothing confidential."""

    def __init__(self, nights: SyncNights, lever: Lever, queue: EventQueue, seed: int, blind: bool) -> None:
        self.nights, self.lever, self.queue, self.blind = nights, lever, queue, blind
        self.dice, self.model, self.heard = random.Random(seed), MergeModel(TAGS), 0
        self.hidden, self.busy = set[str](), list[str]()
        self.pending = set[Pair]()
        self.runs: list[Path] = []
        self.did: list[str] = []
        self.figures = dict.fromkeys(FIGURES, 0)

    @property
    def account(self) -> dict[str, tuple[str, set[str]]]:
        """Contact and contact tags of each opportunity that the key sees."""
        state = self.nights.emulated.state()
        return {
            id: (state["contacts"][id], set(tags).intersection(TAGS))
            for id, tags in sorted(state["opportunities"].items())
            if id not in self.hidden
        }

    def begin(self) -> None:
        """Have people tagged, and let a person carry out the first plan."""
        for number in range(PEOPLE):
            first = self.nights.emulated.create(tags=[TAGS[0], TAGS[1 + number % 3]])
            contact = self.nights.emulated.state()["contacts"][first]
            self.mine = [*getattr(self, "mine", []), first]
            self.mine += [self.nights.emulated.create(contact) for _ in range(EACH - 1)]
        first_night = self.nights.night(blind=self.blind).require().record
        lk.apply(
            first_night.run, approve=first_night.plan_id, lever=self.lever, max_pct=100, max_tag_pct=10_000
        ).require()
        self.nights.approve()
        self.runs.append(Path(first_night.run))
        self.model.look(self.account)

    def people(self) -> None:
        """Let a person do something."""
        do, account = self.nights.emulated, self.account
        id, tag = self.dice.choice(self.mine), self.dice.choice(TAGS[:4])
        contact = do.state()["contacts"][id]
        self.busy = [*self.busy[-2:], id]
        act = self.dice.choice(ACTS)
        match act:
            case "add":
                do.add_tags(id, [tag])
            case "remove":
                do.remove_tags(id, [tag])
            case "everywhere":
                for other, (whose, _) in account.items():
                    if whose == contact:
                        do.remove_tags(other, [tag])
            case "create":
                self.mine.append(do.create(contact, tags=[tag] if self.dice.random() < 0.5 else []))
            case "merge":
                other = do.state()["contacts"][self.dice.choice(self.mine)]
                if other != contact:
                    do.merge(contact, other)
            case "archive":
                reason = do.do(lambda account: account.archive_reasons[0]["id"])
                do.archive(id, self.dice.choice((reason, None)))
            case "hide" if self.blind and len(self.hidden) < HIDDEN:
                do.set_confidential(id)
                self.hidden.add(id)
            case "show" if id in self.hidden:
                do.set_confidential(id, False)
                self.hidden.discard(id)
        self.figures["changes by people"] += 1
        self.did.append(f"{act} {tag} {id[:4]} of {contact[:4]}")

    def night(self, **options: Any) -> None:
        """Do the nightly job, and hold what it wrote against the model."""
        before = self.account
        spread = self.pending | self.model.look(before)
        record = self.nights.night(blind=self.blind, **options).record
        self.did.append(f"night {options or ''}: {record.exit_code}, {record.counts}")
        finished = any(note.startswith("finished first") for note in record.notes)
        assert record.exit_code in ((0, 3) if finished else (0, 8)), record
        wrote, now = self._wrote(before), self.account
        self.figures["nights"] += 1
        if record.run and wrote:
            self.runs.append(Path(record.run))
        self.model.wrote(wrote, True)
        self.pending = spread if options else set()
        assert options or self.model.not_spread(spread, now) == set(), self.model.not_spread(spread, now)

    def deliver(self) -> None:
        """Let a receiver hear of a contact; it reads that one alone, and notes what others added."""
        contact = self.nights.emulated.state()["contacts"][self.dice.choice(self.mine[-1:] + self.busy)]
        before, model = self.account, self.model
        theirs = {id: tags for id, (whose, tags) in before.items() if whose == contact}
        off = {(id, tag) for id in theirs if id in model.known for tag in model.known[id][1] - theirs[id]}
        new = {id for id in theirs if id not in model.known or id in model.hidden}
        moved = {id for id in theirs.keys() - new if model.known[id][0] != contact}
        if len(theirs) > 1:
            for id in sorted(theirs.keys() - new):
                for tag in sorted(theirs[id] - model.known[id][1]):
                    model.added(id, tag, before, gone=not moved)
                    model.theirs.add((id, tag))
                    model.known[id][1].add(tag)
                    self.pending.add((id, tag))
            for id in sorted(new | moved):
                model.arrived(contact, theirs[id], before)
        self.heard += 1
        self.queue.store([QueuedEvent(f"t{self.heard}", "candidateHired", contact, None, 0)])
        runs = self.nights.home / "receiver"
        known = set(runs.glob("*"))
        config = WorkerConfig(self.nights.policy, runs, sweep_s=0, lock_wait_s=0.0)
        worker = Worker(self.queue, self.lever, config, now=self.lever_s, chance=lambda: 0.0)
        while worker.run_once():
            pass
        self.runs += sorted(set(runs.glob("*")) - known)
        self.did.append(f"delivery of {contact[:4]}")
        self.figures["deliveries"] += 1
        wrote = self._wrote(before)
        assert not wrote & off, ("taken off since the last reading", wrote & off)
        for id in {id for id, _ in wrote} - model.known.keys():
            model.known[id] = (contact, set(theirs[id]))
        model.wrote(wrote, True)

    def roll_back(self) -> None:
        """Take a run back, as a person does."""
        run = self.runs.pop(self.dice.randrange(len(self.runs)))
        before, undo = self.account, self.nights.home / "undo" / f"{len(self.did)}"
        plan = lk.rollback(run, undo)
        while plan.operations and not self._carried_out(undo, plan):
            self.figures["rollbacks stopped"] += 1
        now = self.account
        taken = {(id, tag) for id in before for tag in before[id][1] - now[id][1]}
        assert not taken & self.model.theirs, ("others added it", taken & self.model.theirs)
        self.model.wrote({pair for pair in taken if pair[0] in self.model.known}, False)
        self.figures["rollbacks"] += 1
        self.did.append(f"rollback of {len(taken)}")

    def _carried_out(self, undo: Path, plan: Plan) -> bool:
        """Apply a rollback; return False where it stopped as others seem to have taken the run back."""
        try:
            lk.apply(undo, approve=plan.plan_id, lever=self.lever, max_removals=1000, max_pct=100)
        except Locked:
            return False
        return True

    def rename(self) -> None:
        """Rename a tag that ten opportunities have to one that nobody has, and let a night see just that."""
        account = self.account
        for old in TAGS:
            seen = [id for id, (_, tags) in account.items() if old in tags]
            free = [tag for tag in TAGS if not any(tag in tags for _, tags in self._everything().values())]
            if len(seen) >= LEAST and free:
                self.nights.emulated.do(lambda account: changes.rename_tag(account, old, free[0]))  # noqa: B023
                self.did.append(f"rename {old} to {free[0]}")
                visible = {id: self.model.known.pop(id) for id in self.hidden & self.model.known.keys()}
                self.model.renamed(old, free[0])
                self.model.known |= visible
                self.night()
                return

    def step(self) -> None:
        """Let people work and a night go by, and perhaps something else happen."""
        for _ in range(self.dice.randint(0, 3)):
            self.people()
        self.later()
        after = self.dice.choice(AFTER)
        if after in ("deliver", "stop", "dry run"):
            self.deliver() if after == "deliver" else self.night(
                **({"max_seconds": 0.0} if after == "stop" else {"dry_run": True})
            )
            for _ in range(self.dice.randint(0, 2)):
                self.people()
        self.night()
        if after == "roll back" and self.runs:
            self.later()
            self.roll_back()
        elif after == "rename":
            self.rename()

    def later(self) -> None:
        """Let an hour go by."""
        self.nights.emulated.do(lambda account: setattr(account, "skew_ms", account.skew_ms + HOUR_MS))

    def lever_s(self) -> float:
        """Lever's clock, in seconds."""
        return self.nights.emulated.account.now() / 1000

    def _everything(self) -> dict[str, tuple[str, list[str]]]:
        state = self.nights.emulated.state()
        return {id: (state["contacts"][id], tags) for id, tags in state["opportunities"].items()}

    def _wrote(self, before: dict[str, tuple[str, set[str]]]) -> set[Pair]:
        """What was added since; raise AssertionError where the model would not have it."""
        now = self.account
        wrote = {(id, tag) for id in before for tag in now[id][1] - before[id][1]}
        assert {(id, tag) for id in before for tag in before[id][1] - now[id][1]} == set()
        assert self.model.put_back(wrote) == {}, self.model.put_back(wrote)
        self.figures["writes"] += len(wrote)
        return wrote


@contextmanager
def whole_nights(home: Path, seed: int) -> Iterator[WholeNights]:
    """Serve a small account and all that is to work on it."""
    home.mkdir(parents=True, exist_ok=True)
    policy(home / "policy.csv", **dict.fromkeys(TAGS, "contact"))
    blind = seed % 2 == 1
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LEVERKIT_WORKSPACE", str(home))  # where a rollback finds the ledger
        emulated: Running
        emulated, _ = stack.enter_context(account(contacts=1, seed=seed))
        label = AccountLabel("acme", workspace=home)
        key = emulated.restricted_key if blind else emulated.api_key
        lever = stack.enter_context(opened(emulated, key=key, label=label))
        queue = stack.enter_context(closing(EventQueue(home / "inbox.sqlite")))
        found = WholeNights(SyncNights(emulated, lever, home, home / "policy.csv"), lever, queue, seed, blind)
        found.begin()
        yield found


def go(home: Path, seed: int, steps: int) -> dict[str, int]:
    """Go through a number of steps and return the figures; a failure names its seed and what happened."""
    with whole_nights(home, seed) as nights:
        for _ in range(steps):
            try:
                nights.step()
            except AssertionError as error:
                story = "\n".join(nights.did[-25:])
                raise AssertionError(f"seed {seed}: {error}\n{story}") from None
        return nights.figures
