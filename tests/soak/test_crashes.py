"""Killed anywhere, once or twice, the same command ends where an unbroken run ends (R2, R5, R8).

The sample runs with `make test`, all points and the seeded pairs with `make soak`. A failure names
its point and number, or its seed; `make soak REPLAY=<seed>` runs that pair alone.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from soak.killable_process import FAULTS, POINTS, SETTLING, ChildRunner, child_runner
from soak.sample_plan import REQUESTS, World, mixed
from support.plan_factory import account, tags_of, wished
from support.scale import scaled

from leverkit.migration.journal import Outcome, read
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.snapshot.snapshot import Snapshot
from leverkit.verification.replay import replay

PAIRS, SEED = scaled(2000), 20261124
IN_FLIGHT = POINTS[2:7]
PULL_POINTS = ("before the request", "answered, not kept")


@dataclass(kw_only=True)
class KillableWorld(World):
    """A sample plan with the process whose children are killed."""

    children: ChildRunner

    def send(self, run: Path, point: str = "", number: int = 1) -> int:
        """Apply in a child that is killed at the n-th arrival at a point; return how it ended."""
        self.emulated.clear_faults()
        if point in FAULTS:
            self.emulated.fault("reset", method="POST", when=FAULTS[point], skip=number - 1, times=1)
            number = 1
        order = {"what": "apply", "run": str(run), "approve": self.plan.plan_id, "point": point}
        access = {"base_url": self.emulated.base_url, "key": self.emulated.api_key}
        return self.children(number=number, **order, **access)

    def finish(self, run: Path, before: dict[str, list[str]]) -> None:
        """Apply again, and compare with what an unbroken run does."""
        assert self.send(run) == 0
        assert tags_of(self.emulated) == wished(self.plan, before)
        bodies = [entry.body for entry in read(run / "journal.sqlite")]
        effective = Counter(body.op for body in bodies if isinstance(body, Outcome) and body.effective)
        assert effective == Counter(range(len(self.plan.operations)))
        replay(Run.open(run)).require()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillableWorld]:
    folder = tmp_path_factory.mktemp("crashes")
    with account(contacts=150, seed=2) as (emulated, lever), child_runner(folder / "cache") as children:
        plan = mixed(emulated, lever)
        assert len({(op.opportunity, op.action) for op in plan.operations}) == REQUESTS
        yield KillableWorld(emulated=emulated, plan=plan, children=children, folder=folder)


def killed_at(world: KillableWorld, point: str, number: int) -> str:
    """Kill a run, let it go on to its end, and return the state in between."""
    run = world.reset()
    before = tags_of(world.emulated)
    assert world.send(run, point, number) == -signal.SIGKILL, "the point was never reached"
    broken = status(Run.open(run))
    assert sum(broken.counts.values()) == len(world.plan.operations)
    assert broken.counts["unknown"] > 0 or point not in IN_FLIGHT, "nothing was in flight"
    world.finish(run, before)
    return broken.state


@pytest.mark.parametrize("number", [16])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_a_run_resumes_to_the_same_end(
    world: KillableWorld, point: str, number: int
) -> None:
    assert killed_at(world, point, number) == "broken off"


@pytest.mark.soak
@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
@pytest.mark.parametrize("point", POINTS)
def test_every_point_of_every_request(world: KillableWorld, point: str, number: int) -> None:
    assert killed_at(world, point, number) == "broken off"


@pytest.mark.parametrize("point", SETTLING)
def test_killed_while_outcomes_are_settled(world: KillableWorld, point: str) -> None:
    assert killed_at(world, point, 1) == "broken off"


def killed_twice(world: KillableWorld, seed: int) -> bool:
    """Kill a run, then its resumption, at points of this seed; return True if both were killed."""
    chance = random.Random(seed)
    run = world.reset()
    before = tags_of(world.emulated)
    first, second = (chance.choice((*POINTS, *SETTLING)) for _ in range(2))
    number = 1 if first in SETTLING else chance.randint(1, REQUESTS)
    assert world.send(run, first, number) == -signal.SIGKILL, (seed, first, number)
    left = 1 if second in SETTLING else chance.randint(1, max(1, REQUESTS - number))
    ended = world.send(run, second, left)
    assert ended in (-signal.SIGKILL, 0), (seed, first, number, second, left, ended)
    world.finish(run, before)
    return ended == -signal.SIGKILL


def pairs(world: KillableWorld, seeds: list[int]) -> float:
    """Return the share of pairs of which the second run was killed too."""
    killed = 0
    for seed in seeds:
        try:
            killed += killed_twice(world, seed)
        except AssertionError as error:
            raise AssertionError(f"make soak REPLAY={seed}: {error}") from error
    return killed / len(seeds)


def test_killed_again_while_resuming(world: KillableWorld) -> None:
    assert pairs(world, list(range(SEED, SEED + 5))) > 0.5


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_seeded_pairs_of_kills(world: KillableWorld) -> None:
    replayed = os.environ.get("REPLAY")
    seeds = [int(replayed)] if replayed else list(range(SEED, SEED + PAIRS))
    killed = pairs(world, seeds)
    print(f"{len(seeds)} pairs of kills, the second run was killed in {killed:.1%}")
    assert killed > 0.5 or replayed


def pulled(world: KillableWorld, point: str, number: int) -> tuple[int, str]:
    """Pull in a child that is killed there, then to the end; return how it ended and what was read."""
    folder = world.folder / f"snapshot-{next(world.numbers)}"
    access = {"base_url": world.emulated.base_url, "key": world.emulated.api_key}
    order = {"what": "pull", "run": str(folder), **access}
    ended = world.children(point=point, number=number, **order)
    assert world.children(**order) == 0
    snapshot = Snapshot.open(folder)
    assert snapshot.meta["completeness"]["tags_agree"]
    return ended, snapshot.digest


@pytest.mark.parametrize("point", PULL_POINTS)
def test_a_pull_killed_in_its_middle_reads_the_same(world: KillableWorld, point: str) -> None:
    ended, digest = pulled(world, point, 5)
    assert ended == -signal.SIGKILL
    assert digest == pulled(world, "never", 1)[1]


@pytest.mark.soak
@pytest.mark.parametrize("point", PULL_POINTS)
def test_a_pull_killed_at_any_request_reads_the_same(world: KillableWorld, point: str) -> None:
    never, whole = pulled(world, "never", 1)
    assert never == 0
    ends = []
    for number in count(1):
        ended, digest = pulled(world, point, number)
        assert digest == whole, (point, number)
        if ended == 0:
            break
        ends.append(ended)
    assert set(ends) == {-signal.SIGKILL}
    assert len(ends) >= 8
