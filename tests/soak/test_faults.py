"""Faults at every call, and every kind of fault in every phase: a run ends true or says why, and resumes.

Time is virtual: back-off and patience of minutes pass at once. A cell whose fault never struck fails.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from soak.sample_plan import World, mixed
from support.fake_time import Clock
from support.plan_factory import account, resumed, tags_of, wished

from leverkit.api.client import Lever
from leverkit.api.rate_limit import Pace
from leverkit.errors import LeverkitError
from leverkit.migration.result import Result, status
from leverkit.migration.run import Run
from leverkit.migration.times import Times
from leverkit.verification.replay import replay

CODES = {0, 1, 3, 4, 5, 6, 8, 11, 12, 64}  # the documented exit codes that a command may end with by itself
CORE: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "reset before the effect": {"kind": "reset"},
    "reset after the effect": {"kind": "reset", "when": "after"},
    "429": {"kind": "throttle"},
    "half the JSON": {"kind": "malformed"},
    "401": {"kind": "status", "status": 401},
}
CATALOGUE: dict[str, dict[str, Any]] = CORE | {
    "delay": {"kind": "delay", "ms": 20},
    "429, seconds": {"kind": "throttle", "retry_after": 2},
    "429, absurd": {"kind": "throttle", "retry_after": 1e5},
    "500 after the effect": {"kind": "status", "status": 500, "when": "after"},
    "502 with a page": {"kind": "html", "status": 502},
    "503": {"kind": "status", "status": 503},
    "504 after the effect": {"kind": "status", "status": 504, "when": "after"},
    "400": {"kind": "status", "status": 400},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "409": {"kind": "status", "status": 409},
    "410": {"kind": "status", "status": 410},
    "422": {"kind": "status", "status": 422},
    "301": {"kind": "status", "status": 301},
    "200 with a page": {"kind": "html", "status": 200},
    "200 with a page after the effect": {"kind": "html", "status": 200, "when": "after"},
    "cut within the body": {"kind": "cut"},
    "200 without a body": {"kind": "empty"},
    "200 without an effect": {"kind": "ignored"},
    "a read of the past": {"kind": "stale", "ms": 60_000},
    "a row twice": {"kind": "duplicate"},
    "a row less": {"kind": "drop"},
}
PHASES: dict[str, dict[str, Any]] = {
    "whose account": {"method": "GET", "path": "/archive_reasons"},
    "pre-read": {"method": "GET", "path": "/opportunities", "query": "*contact_id*"},
    "add": {"method": "POST", "path": "*/addTags"},
    "remove": {"method": "POST", "path": "*/removeTags"},
    "post-read": {"method": "GET", "path": "/opportunities", "query": "*contact_id*", "skip": 1},
}
PASSING = {"once": 1, "persistent": None}


class Trial(World):
    """A world with a plan; each case has a clock of its own."""

    def apply(self, run: Path) -> Result | LeverkitError:
        """Carry the plan out with a client of its own, in virtual time."""
        clock = Clock()
        access = {"base_url": self.emulated.base_url, "key": self.emulated.api_key}
        clocks: dict[str, Any] = {"clock": clock, "sleep": clock.sleep, "random": random.Random(1).random}
        pace = Pace(1e6, 1000, clock=clock, sleep=clock.sleep)
        times = Times(clock=clock, sleep=clock.sleep)
        with Lever(retries=3, pace=pace, **access, **clocks) as lever:
            try:
                return resumed(self.plan, run, lever, times=times)
            except LeverkitError as error:
                return error


@contextmanager
def trial(folder: Path, requests: int, getting: int) -> Iterator[Trial]:
    """Give a world with a plan of so many writing requests."""
    with account(contacts=300, seed=2) as (emulated, lever):
        yield Trial(emulated=emulated, plan=mixed(emulated, lever, requests, getting), folder=folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("faults"), 54, 33) as found:
        yield found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("faults"), 18, 11) as found:
        yield found


def struck(world: Trial, fault: dict[str, Any]) -> int:
    """Carry the plan out under a fault, then without, and return how often it fired.

    Nothing ends silently, nothing is lost.
    """
    run = world.reset()
    before = tags_of(world.emulated)
    goal = wished(world.plan, before)
    kind = fault["kind"]
    placed = world.emulated.fault(kind, **{name: value for name, value in fault.items() if name != "kind"})
    ended = world.apply(run)
    fired = placed.fired
    assert ended.exit_code in CODES
    if ended.exit_code == 0:
        assert tags_of(world.emulated) == goal
    standing = status(Run.open(run))
    assert sum(standing.counts.values()) == len(world.plan.operations)
    world.emulated.clear_faults()
    again = world.apply(run)
    assert isinstance(again, Result)
    assert again.counts["unknown"] == again.counts["pending"] == 0
    lied_away = {each.operation for each in again.results if each.outcome in ("gone", "drifted")}
    assert bool(lied_away) == (again.exit_code == 3)
    assert not lied_away or fault.get("status") in (404, 410) or kind in ("stale", "drop")
    now = tags_of(world.emulated)
    left = {op.opportunity for op in lied_away}
    assert {o: tags for o, tags in now.items() if o not in left} == {
        o: tags for o, tags in goal.items() if o not in left
    }
    assert replay(Run.open(run)).exit_code == 0
    return fired


def calls(world: Trial) -> int:
    """Return the number of requests of an unbroken run."""
    assert world.apply(world.reset()).exit_code == 0
    return len(world.emulated.log())


@pytest.fixture(scope="module")
def few(small: Trial) -> int:
    return calls(small)


def at_call(number: int, name: str, passing: str) -> dict[str, Any]:
    return {**CORE[name], "skip": number - 1, "times": PASSING[passing]}


@pytest.mark.parametrize("passing", PASSING)
@pytest.mark.parametrize("name", CORE)
def test_a_fault_at_some_call(small: Trial, few: int, name: str, passing: str) -> None:
    number = random.Random(name + passing).randint(1, few)
    assert struck(small, at_call(number, name, passing)) >= 1


@pytest.mark.soak
@pytest.mark.parametrize("passing", PASSING)
@pytest.mark.parametrize("name", CORE)
def test_a_fault_at_every_call(world: Trial, name: str, passing: str) -> None:
    last = calls(world)
    assert last >= 60
    for number in range(1, last + 1):
        assert struck(world, at_call(number, name, passing)) >= 1, number
    print(f"{name}, {passing}: {last} calls")


def test_the_catalogue_is_whole() -> None:
    assert len(CATALOGUE) * len(PHASES) * len(PASSING) == 280


def cell(name: str, phase: str, passing: str) -> dict[str, Any]:
    return {**CATALOGUE[name], **PHASES[phase], "times": PASSING[passing]}


@pytest.mark.soak
@pytest.mark.parametrize("passing", PASSING)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fault_in_every_phase(world: Trial, name: str, phase: str, passing: str) -> None:
    assert struck(world, cell(name, phase, passing)) >= 1


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fault_in_the_phase_where_it_hurts(small: Trial, name: str) -> None:
    phase = "pre-read" if CATALOGUE[name]["kind"] in ("stale", "duplicate", "drop") else "add"
    assert struck(small, cell(name, phase, "once")) >= 1
