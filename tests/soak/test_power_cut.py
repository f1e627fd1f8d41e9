"""After a power cut at any instant nothing is lost that a command had reported, and the same command goes on.

Each cut has a seed, which a failure names; `make soak REPLAY=<seed>` makes that cut alone.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from soak.killable_process import ChildRunner, child_runner
from soak.power_cut import LAST, events, library, remember, restore
from support.accounts import policy
from support.plan_factory import account, contact_tags, tags_of
from support.scale import scaled

from leverkit.emulator import Running
from leverkit.errors import LeverkitError, Refused
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.planning.plan import Plan
from leverkit.snapshot.snapshot import Snapshot
from leverkit.verification.replay import replay

CUTS, SEED = scaled(200), 20261127
FOLDERS = {"pull": "snapshot", "refresh": "snapshot", "plan": "run", "apply": "run", "rollback": "back"}
Pair = tuple[str, str]  # opportunity, tag


@dataclass(kw_only=True)
class Machine:
    """An account, a process, and for each command the files before it, the tags before and after it."""

    emulated: Running
    run_child: ChildRunner
    folder: Path
    policy: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    before: dict[str, Path] = field(default_factory=dict)
    tags: dict[str, tuple[dict[str, list[str]], dict[str, list[str]]]] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    reported: dict[str, object] = field(default_factory=dict)

    def command(self, name: str, root: Path, cut: tuple[Path, int] | None = None) -> int:
        """Run a command on the files in `root`, with the power cut before an event; return how it ended."""
        order: dict[str, Any] = {
            "what": "pull" if name == "refresh" else name,
            "run": str(root / FOLDERS[name]),
        }
        order |= {"base_url": self.emulated.base_url, "key": self.emulated.api_key}
        order |= {"snapshot": str(root / "snapshot"), "policy": str(self.policy), "of": str(root / "run")}
        if name == "apply":
            order["approve"] = Plan.read(root / "run").plan_id
        if cut:
            order["cut"] = (str(root), str(cut[0]), cut[1])
        return self.run_child(**order)

    def new(self) -> Path:
        """Return a folder that is not there yet."""
        return self.folder / str(next(self.numbers))

    def learn(self) -> None:
        """Go once through all commands without a cut, and note what each finds, does and reports."""
        root = self.new()
        root.mkdir()
        for name in FOLDERS:
            self.before[name] = self.new()
            shutil.copytree(root, self.before[name])
            had, shadow = tags_of(self.emulated), self.new()
            remember(root, shadow)
            assert self.command(name, root, (shadow, LAST)) == 0
            self.tags[name] = (had, tags_of(self.emulated))
            self.events[name], self.reported[name] = events(shadow), report(name, root)

    def give(self, tags: dict[str, list[str]]) -> None:
        """Let every opportunity have these tags."""
        for opportunity, now in tags_of(self.emulated).items():
            if more := set(tags[opportunity]) - set(now):
                self.emulated.add_tags(opportunity, sorted(more))
            if less := set(now) - set(tags[opportunity]):
                self.emulated.remove_tags(opportunity, sorted(less))


def report(name: str, root: Path) -> object:
    """Return what a command has reported, by the files that are left."""
    folder = root / FOLDERS[name]
    if name in ("pull", "refresh"):
        return Snapshot.open(folder).meta["counts"]
    if name == "apply":
        replay(Run.open(folder)).require()
        found = status(Run.open(folder))
        return {**found.counts, "exit": found.exit_code, "written": (folder / "result.json").exists()}
    return [(op.opportunity, op.action, op.tag) for op in Plan.read(folder).operations]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("power")
    loaded = library(folder)
    with (
        account(contacts=60, seed=2) as (emulated, _),
        child_runner(folder / "cache", preload=loaded) as made,
    ):
        decided = policy(folder / "policy.csv", **dict.fromkeys(contact_tags(emulated), "contact"))
        machine = Machine(emulated=emulated, run_child=made, folder=folder, policy=decided)
        machine.learn()
        yield machine


def cut(machine: Machine, seed: int, *, name: str = "", number: int | None = None) -> bool:
    """Cut the power once, and let the same command go on; return whether the command had ended before."""
    dice = random.Random(seed)
    name = name or dice.choice(list(FOLDERS))
    number = dice.randint(1, machine.events[name] + 1) if number is None else number
    chance = dice.choice((0.0, 0.0, 0.2, 0.8))
    had, wanted = machine.tags[name]
    machine.give(had)
    root, left, shadow = machine.new(), machine.new(), machine.new()
    shutil.copytree(machine.before[name], root)
    remember(root, shadow)
    ended = machine.command(name, root, (shadow, number))
    assert ended in (0, -signal.SIGKILL), ended
    restore(root, shadow, left, chance=chance, dice=dice)
    if ended == 0:
        assert report(name, left) == machine.reported[name], "what was reported is lost"
    if name == "apply":
        assert changed(machine, had) <= intended(left / "run"), "an effect without its intent"
    assert machine.command(name, left) == 0, "the same command does not go on"
    assert report(name, left) == machine.reported[name]
    assert tags_of(machine.emulated) == wanted
    for folder in (root, left, shadow):
        shutil.rmtree(folder)
    return ended == 0


def changed(machine: Machine, had: dict[str, list[str]]) -> set[Pair]:
    now = tags_of(machine.emulated)
    return {(o, tag) for o, tags in had.items() for tag in set(tags) ^ set(now[o])}


def intended(run: Path) -> set[Pair]:
    try:
        opened = Run.open(run)
    except Refused as error:
        if "no such table" in str(error):  # the cut came before the journal had its table
            return set()
        raise
    operations = [opened.plan.operations[number] for number in opened.state.intents]
    return {(op.opportunity, op.tag) for op in operations}


def cuts(machine: Machine, seeds: list[int]) -> tuple[int, list[str]]:
    """Return how often the command had ended already, and what went wrong."""
    ended, wrong = 0, []
    for seed in seeds:
        try:
            ended += cut(machine, seed)
        except (AssertionError, LeverkitError) as error:
            wrong.append(f"make soak REPLAY={seed}: {error}")
    return ended, wrong


@pytest.mark.parametrize("name", FOLDERS)
def test_what_a_command_reported_survives_a_power_cut_after_it(machine: Machine, name: str) -> None:
    assert cut(machine, 1, name=name, number=LAST)


@pytest.mark.parametrize("name", FOLDERS)
def test_after_a_power_cut_in_its_middle_the_same_command_goes_on(machine: Machine, name: str) -> None:
    assert not cut(machine, 1, name=name, number=machine.events[name] // 2)


@pytest.mark.soak
def test_after_a_power_cut_at_any_instant_nothing_reported_is_lost(machine: Machine) -> None:
    replayed = os.environ.get("REPLAY")
    seeds = [int(replayed)] if replayed else list(range(SEED, SEED + CUTS))
    ended, wrong = cuts(machine, seeds)
    print(f"{len(seeds)} power cuts, {ended} of them after the command had ended; {machine.events}")
    assert not wrong, "\n".join(wrong)
