"""Nights and nights: a simulated quarter, people raced against the job, kills at every request."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from soak.killable_process import child_runner
from support.plan_factory import contact_tags
from support.scale import SCALE, scaled
from support.sync_nights import Decided, SyncNights, raced, sync_nights

from leverkit.planning.plan import Plan

pytestmark = pytest.mark.soak
SPLIT = 5  # people a day whose tag an integration puts on one opportunity alone


def split(nights: SyncNights, chance: random.Random) -> None:
    """Let an integration tag one opportunity of several people, as it does every day."""
    state, tags = nights.emulated.state(), contact_tags(nights.emulated)
    for _ in range(SPLIT):
        nights.emulated.add_tags(chance.choice(list(state["opportunities"])), [chance.choice(tags)])


def take_off(nights: SyncNights, decided: Decided, chance: random.Random) -> None:
    """Let people take contact tags off as many opportunities of people."""
    for opportunity, tag in chance.sample(sorted(decided.pairs(nights.emulated.state())), SPLIT):
        nights.emulated.remove_tags(opportunity, [tag])


def test_a_quarter_of_nights_adds_what_is_new_and_puts_nothing_back(tmp_path: Path) -> None:
    chance, number, figures = random.Random(60), scaled(90), dict.fromkeys(("added", "empty", "requests"), 0)
    with sync_nights(tmp_path, contacts=400) as nights:
        nights.begin()
        decided = Decided(nights)
        for night in range(number):
            if chance.random() < 5 / 7:  # nobody works at weekends
                nights.emulated.work(60)
                split(nights, chance)
                take_off(nights, decided, chance)
            decided.look()
            nights.emulated.clear_log()
            record = nights.night().require().record
            figures["requests"] += len(nights.emulated.log())
            figures["added"] += record.counts.get("done", 0)
            figures["empty"] += not record.planned
            decided.after()
            assert decided.put_back == set(), (night, decided.put_back)
            assert not nights.writes() or record.planned
    print(f"\n{number} nights: {figures}; people removed {decided.removals} contact tags, 0 were put back")
    assert figures["added"] > number


def test_a_thousand_removals_and_additions_raced_against_jobs_all_stay(tmp_path: Path) -> None:
    number = scaled(1000)
    with sync_nights(tmp_path, contacts=max(100, number)) as nights:
        nights.begin()
        nights.approve(max_ops=20 * number)  # on a slow machine all of it may fall into one night
        race = raced(nights, number, pause_s=0.05)
        state = nights.emulated.state()
    print(
        f"\n{len(race.removed)} removals, {len(race.added)} additions: {len(race.put_back(state))} put back, "
        f"{len(race.not_spread(state))} not spread"
    )
    assert (race.put_back(state), race.not_spread(state)) == (set(), set())
    assert len(race.removed) == len(race.added) == number


@pytest.mark.parametrize("point", ["before the request", "answered, not kept"])
def test_a_job_killed_at_any_of_its_requests_is_finished_by_the_next(tmp_path: Path, point: str) -> None:
    kills = 0
    with sync_nights(tmp_path, contacts=200) as nights, child_runner(tmp_path / "cache") as child:
        taken = Plan.read(nights.begin().run).operations
        for number in range(1, 100, round(1 / SCALE)):
            if nights.killed_and_again(child, point, number, taken[number % len(taken)]) == 0:
                break
            kills += 1
        assert nights.night().require().record.found == {}
    print(f"\n{kills} kills, {point}")
    assert kills > 15 * SCALE
