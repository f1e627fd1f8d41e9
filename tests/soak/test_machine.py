"""Plans, runs, kills, faults, people and rollbacks in any order: after every step the invariants hold.

Compares the emulated account with a model that only people and lawful writes change. A failure is
printed by hypothesis as the shortest sequence of steps that shows it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from soak.model import Model, PlannedRun
from support.account_ids import add_reason
from support.plan_factory import AT_ONCE, account, resumed
from support.scale import scaled

from leverkit.api.client import Lever
from leverkit.api.rate_limit import Pace
from leverkit.errors import LeverkitError, Locked, Refused
from leverkit.migration.journal import Intent, Outcome, read
from leverkit.migration.records import JournalLost
from leverkit.migration.result import Result, status
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.migration.run_state import replay_entries
from leverkit.migration.times import Times
from leverkit.planning.brakes import Brakes
from leverkit.planning.operation import Operation, OpportunityState
from leverkit.planning.plan import Plan
from leverkit.verification.replay import replay

TAGS = ("vip", "gdpr", "silver medal")
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 403},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "malformed"},
    {"kind": "ignored"},
)
ACTS = ("delete", "anonymize", "merge", "move", "hide", "rename", "reason")
chance = st.integers(0, 10**6)


EVENTS = ("applied", "killed", "struck", "written", "rolled back", "slept", "by two users")


class Death(BaseException):
    """The process is gone: nothing more is sent or written by it."""


class Flow(RuleBasedStateMachine):
    """One account, its people, and leverkit; `seen` counts what happened in all examples together."""

    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="leverkit-machine-"))
        self.stack = ExitStack()
        self.emulated, self.lever = self.stack.enter_context(account(contacts=25, seed=6))
        self.unsent = 0
        self.unlawful: list[str] = []
        self.was_hidden: set[str] = set()
        self.wall: Callable[[], float] = time.time
        self.slept = False  # since the last reading

    @initialize()
    def begin(self) -> None:
        state = self.emulated.state()
        self.model = Model({o: set(t) for o, t in state["opportunities"].items()}, dict(state["contacts"]))
        self.identity = {"account": self.lever.account_id(), "account_ids": self.lever.account.ids()}
        self.stage = next(iter(state["stages"].values()))
        hires = self.emulated.do(
            lambda lever: {r["id"] for r in lever.archive_reasons if r["type"] == "hired"}
        )
        self.hired = {o for o, reason in state["archived"].items() if reason in hires}
        split = [
            o for o, c in sorted(state["contacts"].items()) if list(state["contacts"].values()).count(c) > 1
        ]
        for number, opportunity in enumerate(split[::2]):
            self.tag(opportunity, TAGS[number % len(TAGS)])
        self.plan(set(TAGS))

    def teardown(self) -> None:
        try:
            key = self.emulated.api_key.encode()
            assert not [p for p in self.folder.rglob("*") if p.is_file() and key in p.read_bytes()]  # I9
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    # people

    def one(self, dice: int) -> str:
        return sorted(self.model.tags)[dice % len(self.model.tags)]

    def tag(self, opportunity: str, tag: str) -> None:
        self.emulated.add_tags(opportunity, [tag])
        if tag not in self.model.tags[opportunity]:  # else nothing changes, and nothing tells of it
            self.model.tags[opportunity].add(tag)
            self.changed(opportunity, tag)

    def changed(self, opportunity: str, tag: str) -> None:
        self.model.touch(opportunity)
        self.model.overtake(None, {(opportunity, tag)})

    @rule(dice=chance, tag=st.sampled_from(TAGS))
    def person_adds(self, dice: int, tag: str) -> None:
        self.tag(self.one(dice), tag)

    @rule(dice=chance, tag=st.sampled_from(TAGS))
    def person_removes(self, dice: int, tag: str) -> None:
        have = [o for o in sorted(self.model.tags) if tag in self.model.tags[o]]
        if have:
            opportunity = have[dice % len(have)]
            self.emulated.remove_tags(opportunity, [tag])
            self.model.tags[opportunity].discard(tag)
            self.changed(opportunity, tag)

    @rule(act=st.sampled_from(ACTS), dice=chance, other=chance)
    def person_does(self, act: str, dice: int, other: int) -> None:
        opportunity = self.one(dice)
        if act == "merge":
            self.merge(self.model.contacts[opportunity], self.model.contacts[self.one(other)])
        elif act == "delete" and len(self.model.tags) > 10:
            self.emulated.delete(opportunity)
            del self.model.tags[opportunity]
        elif act == "anonymize" and opportunity not in self.hired:  # Lever refuses that with hires
            self.emulated.anonymize(opportunity)
            self.model.blank.add(opportunity)
            self.model.tags[opportunity] = set(self.emulated.state()["opportunities"][opportunity])
            self.model.touch(opportunity)
        elif act == "move":
            self.emulated.move(opportunity, self.stage)
            self.model.touch(opportunity)
        elif act == "hide":
            self.hide(opportunity)
        elif act == "rename":
            self.rename(TAGS[other % len(TAGS)])
        elif act == "reason":
            add_reason(self.emulated)  # the account is the same still

    def hide(self, opportunity: str) -> None:
        """Make it confidential, or open again."""
        self.model.hidden ^= {opportunity}
        self.was_hidden.add(opportunity)
        self.emulated.set_confidential(opportunity, opportunity in self.model.hidden)
        self.model.touch(opportunity)

    @rule()
    def another_key(self) -> None:
        self.model.grant = not self.model.grant

    def rename(self, tag: str) -> None:
        """Give a tag another name in Lever's settings, or merge it into the one that has that name."""
        into = f"{tag}, renamed"
        self.emulated.human("rename_tag", tag=tag, into=into)
        for opportunity in [o for o in sorted(self.model.tags) if tag in self.model.tags[o]]:
            self.model.tags[opportunity] = self.model.tags[opportunity] - {tag} | {into}
            self.changed(opportunity, tag)

    def merge(self, loser: str, winner: str) -> None:
        if loser != winner:
            self.emulated.merge(loser, winner)
            moved = [o for o, c in self.model.contacts.items() if c == loser]
            self.model.contacts |= dict.fromkeys(moved, winner)
            self.model.touch(*moved)

    # leverkit

    @rule(tags=st.sets(st.sampled_from(TAGS), min_size=1))
    def plan_again(self, tags: set[str]) -> None:
        self.plan(tags)

    def plan(self, tags: set[str]) -> None:
        made = self.migration(sorted(tags))
        if made.operations and all(made.plan_id != run.plan.plan_id for run in self.model.runs):
            made.write(self.folder / str(len(self.model.runs)))
            self.model.runs.append(PlannedRun(made))

    def migration(self, tags: list[str]) -> Plan:
        there = {o: c for o, c in self.model.contacts.items() if o in self.model.tags}
        operations = [
            Operation(contact, o, "add", tag, "a contact's tag")
            for o, contact in there.items()
            for tag in tags
            if tag not in self.model.tags[o]
            and any(tag in self.model.tags[s] and c == contact for s, c in there.items())
        ]
        touched = {op.contact for op in operations}
        known = {
            o: OpportunityState(c, tuple(sorted(self.model.tags[o])))
            for o, c in there.items()
            if c in touched
        }
        brakes = Brakes(max_pct=None, max_removals=None)
        return Plan(
            kind="migrate",
            **self.identity,
            operations=tuple(sorted(operations)),
            before=known,
            brakes=brakes,
            taken_at=len(self.model.runs),
            snapshot_digest=str(len(self.model.runs)),
        )

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance)
    def apply(self, dice: int) -> None:
        number = dice % len(self.model.runs)
        run = self.model.runs[number]
        posts = self.posts()
        ended = self.go(number)
        if isinstance(ended, Locked) and run.undoes:  # people undid several within a minute: looked at, again
            ended = self.go(number)
        if isinstance(ended, Refused) and run.undoes:
            assert not run.asked, ended
            assert self.model.not_ours(run), ended
            assert self.posts() == posts
            self.seen["overtaken"] += 1
            return
        assert isinstance(ended, Result), ended
        self.seen["applied"] += 1
        assert ended.counts["unknown"] == ended.counts["pending"] == 0
        for each in ended.results:
            there = self.model.tags.keys() - self.was_hidden
            if each.operation.opportunity in there and each.outcome == "gone":
                raise AssertionError(f"{each} is there")
        posts = self.posts()
        assert self.go(number).exit_code == ended.exit_code  # type: ignore[union-attr]  # I8
        if not ended.counts["failed"]:
            assert self.posts() == posts
        assert run.settled or not run.plan.operations

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance, write=st.integers(1, 4), sent=st.booleans())
    def kill(self, dice: int, write: int, sent: bool) -> None:
        try:
            self.go(self.unfinished(dice), die_at=write, sent=sent)
        except Death:
            self.seen["killed"] += 1

    @precondition(lambda self: self.model.runs)
    @rule(
        dice=chance,
        fault=st.sampled_from(FAULTS),
        method=st.sampled_from(["GET", "POST"]),
        skip=st.integers(0, 5),
        times=st.sampled_from([1, None]),
    )
    def fault(self, dice: int, fault: dict[str, Any], method: str, skip: int, times: int | None) -> None:
        placed = self.emulated.fault(**fault, method=method, skip=skip, times=times)
        self.go(self.unfinished(dice))
        self.seen["struck"] += placed.fired > 0
        self.emulated.clear_faults()

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance)
    def pause(self, dice: int) -> None:
        number = dice % len(self.model.runs)
        (self.folder / str(number) / "PAUSE").touch()
        self.go(number)
        (self.folder / str(number) / "PAUSE").unlink(missing_ok=True)

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance, looks=st.integers(1, 6), step=st.sampled_from([3600, -3600]))
    def clock_steps(self, dice: int, looks: int, step: int) -> None:
        """The clock on the wall is an hour on, as after sleep, or set back, when it is looked at."""
        left = iter(range(looks))

        def wall() -> float:
            if (number := next(left, None)) == looks - 1:
                self.slept = step > 0
                self.seen["slept"] += self.slept
            return time.time() + (step if number in (None, looks - 1) else 0)

        self.wall = wall
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("leverkit.migration.writer.WORKERS", 1)  # so that none has checked its reading yet
            self.go(self.unfinished(dice))
        self.wall, self.slept = time.time, False

    @precondition(lambda self: len(self.model.runs) > 1)
    @rule(dice=chance)
    def another_plan_into_its_folder(self, dice: int) -> None:
        number = dice % len(self.model.runs)
        folder, other = self.folder / str(number), self.model.runs[number - 1].plan
        if read(folder / "journal.sqlite"):
            before = (folder / "plan.csv").read_bytes()
            with pytest.raises(Refused, match="another plan that was begun"):
                other.write(folder)
            assert (folder / "plan.csv").read_bytes() == before

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance)
    def restore_an_older_journal(self, dice: int) -> None:
        number = dice % len(self.model.runs)
        path = self.folder / str(number) / "journal.sqlite"
        older = path.read_bytes() if path.exists() else b""
        self.go(number)
        newer = path.read_bytes() if path.exists() else b""  # a rollback that was overtaken makes none
        if older != newer and (path.parent / "result.json").exists():
            posts = self.posts()
            path.write_bytes(older)
            with pytest.raises(JournalLost):
                Run.open(path.parent)
            assert self.posts() == posts
            path.write_bytes(newer)

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance)
    def copy_a_run_folder(self, dice: int) -> None:
        number = dice % len(self.model.runs)
        run, copy = self.model.runs[number], self.folder / f"copy of {number}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder / str(number), copy)
        run.open_in_copies |= run.open

    @precondition(lambda self: self.model.runs)
    @rule(dice=chance, write=st.integers(1, 3))
    def another_user_carries_out_a_copy(self, dice: int, write: int) -> None:
        """At a write of a run another user, whose cache and locks are others, carries out a copy of it."""
        number = self.unfinished(dice)
        folder, run = self.folder / "another user" / "run", self.model.runs[number].copied()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / str(number), folder)
        known = intents(folder)

        def carry_out() -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("XDG_CACHE_HOME", str(self.folder / "another user"))
                self.carry_out(folder, run)
            self.unsent -= intents(folder) - known  # no run here has these
            self.seen["by two users"] += 1

        self.go(number, at=write, then=carry_out)

    @precondition(lambda self: any(run.asked for run in self.model.runs))
    @rule(dice=chance, copied=st.booleans())
    def roll_back(self, dice: int, copied: bool) -> None:
        begun = [number for number, run in enumerate(self.model.runs) if run.asked]
        number = begun[dice % len(begun)]
        run = self.model.runs[number]
        copy = self.folder / f"copy of {number}"
        folder = copy if copied and (copy / "journal.sqlite").exists() else self.folder / str(number)
        made = rollback(folder, self.folder / "draft")
        undone = {(op.opportunity, op.tag) for op in made.operations}
        assert undone <= run.asked, "a rollback undoes what was not ours"
        assert not undone & run.taken_back, "a rollback undoes what another one took back"
        if made.operations and all(made.plan_id != other.plan.plan_id for other in self.model.runs):
            made.write(self.folder / str(len(self.model.runs)))
            self.model.runs.append(PlannedRun(made, undoes=run))
            self.seen["rolled back"] += 1
        shutil.rmtree(self.folder / "draft")

    def unfinished(self, dice: int) -> int:
        """Return the number of a run with work to do; of any where there is none."""
        runs = range(len(self.model.runs))
        some = [number for number in runs if self.model.runs[number].left] or runs
        return some[dice % len(some)]

    def go(self, number: int, **given: Any) -> Result | LeverkitError:
        """Carry a run out; see `carry_out`."""
        return self.carry_out(self.folder / str(number), self.model.runs[number], **given)

    def carry_out(
        self,
        folder: Path,
        run: PlannedRun,
        *,
        at: int = 0,
        then: Callable[[], None] = lambda: None,
        die_at: int = 0,
        sent: bool = False,
    ) -> Result | LeverkitError:
        """Carry a run out with a client that watches every write, and may do something or die at one."""
        watched = _watching(self, folder, run, die_at, sent, {at: then})
        times = Times(
            sleep=lambda _: (folder / "PAUSE").unlink(missing_ok=True),
            reread_after=AT_ONCE.reread_after,
            wall=self.wall,
        )
        pace = Pace(1e6, 1000)
        with watched(
            base_url=self.emulated.base_url,
            key=self.emulated.api_key if self.model.grant else self.emulated.restricted_key,
            pace=pace,
            retries=0,
            sleep=lambda _: None,
        ) as lever:
            try:
                ended: Result | LeverkitError = resumed(run.plan, folder, lever, times=times)
            except LeverkitError as error:
                ended = error
            finally:
                self.settle(folder, run)
        if isinstance(ended, Result):
            assert json.loads((folder / "result.json").read_text())["exit_code"] == ended.exit_code  # I10
        return ended

    def settle(self, folder: Path, run: PlannedRun) -> None:
        standing = replay_entries(read(folder / "journal.sqlite"))  # I7: reading checks the chain
        pairs = [(op.opportunity, op.tag) for op in run.plan.operations]
        self.model.settle(run, {pair for number, pair in enumerate(pairs) if standing.is_settled(number)})
        run.asked |= {pair for number, pair in enumerate(pairs) if number in standing.intents}
        run.open = {pair for number, pair in enumerate(pairs) if standing.open_intent(number)}

    def posts(self) -> int:
        return sum(entry["method"] == "POST" for entry in self.emulated.log())

    # what always holds

    @invariant()
    def people_and_lawful_writes_explain_every_tag(self) -> None:
        assert self.unlawful == [], self.unlawful  # I2, I4, I5
        assert {o: set(t) for o, t in self.emulated.state()["opportunities"].items()} == self.model.tags  # I3

    @invariant()
    def every_write_has_its_intent_and_every_operation_its_outcome(self) -> None:
        found = 0
        for number, run in enumerate(self.model.runs):
            bodies = [entry.body for entry in read(self.folder / str(number) / "journal.sqlite")]
            found += sum(isinstance(body, Intent) for body in bodies)
            effective = Counter(body.op for body in bodies if isinstance(body, Outcome) and body.effective)
            assert all(times == 1 for times in effective.values())  # R2: each effect is recorded once
            standing = status(Run.open(self.folder / str(number)))
            assert sum(standing.counts.values()) == len(run.plan.operations)  # I6
            assert not replay(Run.open(self.folder / str(number))).problems
        assert found == self.posts() + self.unsent  # I1


def intents(folder: Path) -> int:
    """Return how many requests the journal of a run has."""
    return sum(isinstance(entry.body, Intent) for entry in read(folder / "journal.sqlite"))


def _watching(
    flow: Flow,
    folder: Path,
    run: PlannedRun,
    die_at: int,
    sent: bool,
    then: dict[int, Callable[[], None]],
) -> type[Lever]:
    lock = threading.Lock()
    writes = [0]

    class Watched(Lever):
        def opportunity(self, opportunity: str) -> Any:
            flow.slept = False
            return super().opportunity(opportunity)

        def find_opportunity(self, opportunity: str) -> Any:
            flow.slept = False
            return super().find_opportunity(opportunity)

        def opportunities_of(self, contacts: Any, **given: Any) -> Any:
            flow.slept = False
            return super().opportunities_of(contacts, **given)

        def _write(self, opportunity: str, verb: str, tags: Any, *rest: Any) -> Any:
            action = "add" if verb == "addTags" else "remove"
            with lock:
                writes[0] += 1
                then.get(writes[0], lambda: None)()
                self._lawful(opportunity, action, tuple(tags))
                if die_at and (writes[0] > die_at or (writes[0] == die_at and not sent)):
                    flow.unsent += 1
                    raise Death
                try:
                    answer = super()._write(opportunity, verb, tags, *rest)
                finally:
                    self._taken(opportunity, action, tags)
                if writes[0] == die_at:
                    raise Death
                return answer

        def _lawful(self, opportunity: str, action: str, tags: tuple[str, ...]) -> None:
            flow.unlawful += flow.model.write(run, action, opportunity, tags)
            last = [e.body for e in read(folder / "journal.sqlite") if isinstance(e.body, Intent)]
            if not any((i.opportunity, i.action, i.tags) == (opportunity, action, tags) for i in last):
                flow.unlawful.append(f"{action} on {opportunity} without an intent on disk")
            if flow.slept:
                flow.unlawful.append(f"{action} on {opportunity} by a reading from before the machine slept")
            run.touched.discard(opportunity)
            run.taken_back -= {(opportunity, tag) for tag in tags}

        def _taken(self, opportunity: str, action: str, tags: tuple[str, ...]) -> None:
            now = set(flow.emulated.state()["opportunities"].get(opportunity, ()))
            before = flow.model.tags.get(opportunity, set())
            if now ^ before <= set(tags):
                flow.model.tags[opportunity] = now
                flow.seen["written"] += now != before
                flow.model.overtake(run, {(opportunity, tag) for tag in now ^ before})
                for other in flow.model.runs:
                    if other.plan is not run.plan and now != before:
                        other.touched.add(opportunity)

    return Watched


def explore(examples: int, steps: int, *, same: bool = False) -> Counter[str]:
    """Go through examples, always the `same` if wanted, and return how often what happened in them."""
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        derandomize=same,
    )
    Flow.seen.clear()
    run_state_machine_as_test(Flow, settings=limits)
    print(f"{examples} examples of {steps} steps: {dict(Flow.seen)}")
    return Flow.seen


def rare(seen: Counter[str], events: tuple[str, ...], examples: int) -> list[str]:
    """Return the events that hardly ever happened, so that little was shown of them."""
    return [event for event in events if seen[event] < max(1, examples / 25)]


@pytest.mark.timeout(600)
def test_any_order_of_steps() -> None:
    assert rare(explore(6, 25, same=True), ("applied", "written"), 6) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("quarter", [1, 2, 3, 4])
def test_many_orders_of_fifty_steps(quarter: int) -> None:
    examples = scaled(1000) // 4
    often = ("applied", "written")  # hypothesis leaves some rules out of each example
    assert rare(explore(examples, 50), EVENTS if examples >= 100 else often, examples) == []
