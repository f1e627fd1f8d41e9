"""A random history: leverkit, its faults and kills, and people, through steps that follow from a seed."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from soak.history_model import Model, Pair, PlannedRun
from soak.history_people import People
from soak.history_process import Death, Process, Watched, mortal_journals
from support.accounts import policy
from support.plan_factory import AT_ONCE, account, lost, opened, resumed, tags_of

from leverkit.api.client import Lever
from leverkit.errors import LeverkitError
from leverkit.migration.result import Result, status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.snapshot.pull import pull
from leverkit.verification.replay import replay
from leverkit.verification.verification import Verification
from leverkit.verification.verify import verify

STEPS = 9
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "when": "after"},
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 403},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "malformed"},
    {"kind": "ignored"},
)


class History:
    """One account, its people and leverkit, through a number of steps that follow from a seed."""

    def __init__(self, seed: int, emulated: Any, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.emulated, self.folder = emulated, folder
        self.model, self.process, self.seen = Model(), Process(), Counter[str]()
        self.wrong: list[str] = []
        self.runs: list[PlannedRun] = []
        self.meddling = 0.0
        self.grant = bool(seed % 2)
        self.story: list[str] = []
        self._people = People(emulated, self.model, self.dice)
        self.policy = policy(folder / "policy.csv", **dict.fromkeys(self._people.tags, "contact"))

    def tags(self, opportunity: str) -> set[str]:
        return set(tags_of(self.emulated).get(opportunity, ()))

    def perhaps_people(self) -> None:
        if self.dice.random() < self.meddling:
            self.people()

    def people(self) -> None:
        """Let a person do something."""
        acted = self._people.act(op for run in self.runs for op in run.plan.operations)
        self.story.append(acted)
        self.seen["people"] += 1

    @contextmanager
    def client(
        self, run: PlannedRun | None = None, *, kill: bool = False, people: float = 0.0
    ) -> Iterator[Lever]:
        """Give a client for one process, which may die; people may step in while it reads."""
        self.process = Process(self.dice.randint(1, 60) if kill else 0)
        self.meddling = people
        key = self.emulated.api_key if self.grant else self.emulated.restricted_key
        try:
            with opened(self.emulated, key=key, retries=1, transport=Watched(self, run)) as lever:
                yield lever
            self.model.keep_readings()
        except Death:
            self.model.keep_readings(died=True)
            self.seen["killed"] += 1
            self.story.append("killed")
        finally:
            self.process, self.meddling = Process(), 0.0

    def plan(self) -> None:
        """Read the account and plan, in folders of their own."""
        number = len(self.runs)
        with self.client() as lever:
            snapshot = pull(self.folder / "snapshot", lever=lever, workers=2)
            folder = self.folder / str(number)
            made = plan(snapshot, Policy.read(self.policy), folder, max_pct=None, max_tag_pct=None)
        if made.operations and all(made.plan_id != run.plan.plan_id for run in self.runs):
            self.runs.append(PlannedRun(str(number), made))
            self.story.append(f"plan {number}: {len(made.operations)} operations")
        else:
            shutil.rmtree(folder)

    def apply(self, run: PlannedRun, *, trouble: bool = True) -> Result | None:
        """Carry a run out; with trouble, under a fault, with people, or until the process dies."""
        kind = self.dice.choice(("none", "fault", "people", "kill", "kill", "fault")) if trouble else "none"
        ended: Result | None = None
        if kind == "fault":
            method, skip = self.dice.choice(("GET", "POST", "POST")), self.dice.randint(0, 6)
            fault = self.dice.choice(FAULTS) | {"times": self.dice.choice((1, 2, None))}
            placed = self.emulated.fault(**fault, method=method, skip=skip)
            self.story.append(f"fault {fault} {method} {skip}")
        with self.client(run, kill=kind == "kill", people=0.2 * (kind == "people")) as lever:
            try:
                ended = resumed(run.plan, self.folder / run.name, lever, times=AT_ONCE)
            except LeverkitError as error:
                self.story.append(f"{type(error).__name__}: {error}")
        if kind == "fault":
            self.seen["faults"] += placed.fired
            self.emulated.clear_faults()
        self.story.append(f"apply {run.name} ({kind}): {ended.summary if ended else 'no result'}")
        return ended

    def verify(self, run: PlannedRun) -> None:
        """Verify a run, and ask the model whether a failure has a reason.

        After a failure while people step in it is verified again, as it advises then: counts may lag.
        """
        people, acted = 0.1 * (self.dice.random() < 0.3), self.seen["people"]
        found = self._verified(run, people=people)
        if found.exit_code == 6 and self.seen["people"] > acted:
            found = self._verified(run)
        if found.exit_code == 6 and not self.reasons(run):
            self.wrong.append(f"verify of {run.name} ends with 6 without a reason: {found!r} {found.notes}")

    def _verified(self, run: PlannedRun, *, people: float = 0.0) -> Verification:
        with self.client(run, people=people) as lever:
            found = verify(self.folder / run.name, lever=lever, sleep=lambda _: time.sleep(0.002))
        self.seen["verified"] += 1
        self.story.append(f"verify {run.name}: {found.summary}")
        return found

    def reasons(self, run: PlannedRun) -> list[str]:
        """Return why a verification may fail: work that is open or failed, and what Lever lost."""
        state = Run.open(self.folder / run.name).state
        names = [state.outcome_name(number) for number in range(len(run.plan.operations))]
        found = [name for name in names if name in ("pending", "unknown", "failed")]
        return found + [f"lost {pair}" for pair in self.model.lost if pair[1] in run.plan.tag_counts]

    def lose(self, run: PlannedRun) -> None:
        """Let Lever lose a tag that a run had put there."""
        there = tags_of(self.emulated)
        kept = [op for op in run.plan.operations if op.tag in there.get(op.opportunity, ())]
        if kept:
            op = self.dice.choice(kept)
            lost(self.emulated, op)
            self.model.owner.pop((op.opportunity, op.tag), None)
            self.model.lost.add((op.opportunity, op.tag))
            self.story.append(f"Lever loses {op.tag!r} on {op.opportunity}")

    def roll_back(self, run: PlannedRun, *, trouble: bool = True) -> None:
        """Plan the undoing of a run and carry it out."""
        name = str(len(self.runs))
        made = rollback(self.folder / run.name, self.folder / name)
        undo = PlannedRun(name, made, undoes=run)
        self.runs.append(undo)
        self.story.append(f"rollback {run.name} into {name}: {len(made.operations)} operations")
        ended = self.apply(undo, trouble=trouble)
        while ended is None or ended.counts["unknown"] or ended.counts["pending"]:
            ended = self.apply(undo, trouble=False)
        self.seen["rolled back"] += 1
        self.check_listed(undo, ended)

    def check_listed(self, undo: PlannedRun, ended: Result) -> None:
        """Every tag of ours that is there still is listed as skipped, or as not done."""
        there = tags_of(self.emulated)
        ours = {pair for pair, owner in self.model.owner.items() if undo.undoes and owner == undo.undoes.name}
        left = {(o, tag) for o, tag in ours if tag in there.get(o, ())}
        listed: set[Pair] = {(each.opportunity, each.tag) for each in undo.plan.skipped}
        listed |= {(each.operation.opportunity, each.operation.tag) for each in ended.exceptions}
        self.wrong += [f"left by rollback {undo.name} without being listed: {pair}" for pair in left - listed]

    def check_files(self) -> None:
        """The files of every run can be read, and agree with each other."""
        for run in self.runs:
            opened_run = Run.open(self.folder / run.name)
            assert sum(status(opened_run).counts.values()) == len(run.plan.operations)
            self.wrong += [f"replay of {run.name}: {problem}" for problem in replay(opened_run).problems]

    def go(self) -> None:
        """Go through the steps, then take everything back."""
        self.plan()
        for _ in range(STEPS):
            if self.wrong:
                return
            self.step()
        migrations = [run for run in self.runs if run.undoes is None]
        for run in migrations:
            self.apply(run, trouble=False)
            self.verify(run)
        for run in reversed(migrations):
            self.roll_back(run, trouble=False)
            self.verify(self.runs[-1])
        self.check_files()

    def step(self) -> None:
        choice = self.dice.random()
        if choice < 0.3 or not self.runs:
            for _ in range(self.dice.randint(1, 4)):
                self.people()
            return
        run = self.dice.choice(self.runs)
        if choice < 0.6:
            self.apply(run)
        elif choice < 0.75:
            self.verify(run)
        elif choice < 0.85 and run.undoes is None:
            self.roll_back(run)
        elif choice < 0.93:
            self.plan()
        elif choice < 0.97:
            self.lose(run)
        else:
            self.grant = not self.grant
            self.story.append(f"grant: {self.grant}")


@contextmanager
def a_history(seed: int) -> Iterator[History]:
    """Give the history of a seed, in an account of its own; a kill may come at any commit of a journal."""
    with ExitStack() as stack:
        emulated, _ = stack.enter_context(account(contacts=30, seed=seed % 7 + 1, updated_null_share=0.5))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leverkit-history-")))
        history = History(seed, emulated, folder)
        stack.enter_context(mortal_journals(history))
        yield history
