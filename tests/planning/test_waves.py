"""A canary of every kind first, then waves; a larger one begins only where the smaller was verified."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plan_factory import (
    AT_ONCE,
    account,
    carried_out,
    lost,
    migration,
    operation,
    plan_of,
    resumed,
    tags_of,
    wished,
)

from leverkit.errors import Refused, UsageError
from leverkit.migration.journal import read
from leverkit.migration.next_step import advice
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.planning.canary import Canary, choose
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.planning.waves import wave_of
from leverkit.verification.verify import verify

WAVES = ("canary", "10%", "33.3%", "60%", "100%")
operations = st.lists(
    st.builds(
        operation,
        st.integers(1, 60),
        st.sampled_from(["vip", "gdpr", "silver"]),
        action=st.sampled_from(["add", "remove"]),
        contact=st.sampled_from([f"c{n}" for n in range(20)]),
    ),
    unique=True,
    max_size=60,
)


def kinds(chosen: list[Operation], traits: dict[str, tuple[bool, ...]]) -> set[object]:
    mixtures: set[object] = {(op.action, traits[op.opportunity]) for op in chosen}
    return mixtures | {(op.tag, op.action, "tag") for op in chosen}


@given(operations, st.data())
def test_the_canary_has_one_of_every_kind(ops: list[Operation], data: st.DataObject) -> None:
    traits = {op.opportunity: data.draw(st.tuples(st.booleans(), st.booleans())) for op in ops}
    canary = choose(ops, {}, traits)
    inside = [op for op in ops if op.contact in canary.contacts]
    assert kinds(inside, traits) == kinds(ops, traits)
    assert (len(inside), len(kinds(ops, traits))) == (canary.operations, canary.strata)


@given(operations)
def test_waves_grow_hold_whole_contacts_and_end_with_all(ops: list[Operation]) -> None:
    plan = plan_of(*ops, canary=choose(ops, {}))
    waves = [wave_of(plan, wave).positions for wave in (*WAVES, "all")]
    assert all(one <= two for one, two in pairwise(waves))
    assert waves[-1] == waves[-2] == set(range(len(ops)))
    for wave in waves:
        contacts = {plan.operations[number].contact for number in wave}
        assert wave == {number for number, op in enumerate(plan.operations) if op.contact in contacts}


def test_a_large_plan_has_a_small_canary_and_its_bound() -> None:
    ops = [operation(n, "vip", contact=f"c{n // 2}") for n in range(10_000)]
    canary = choose(ops, {f"c{n}": 3 for n in range(5_000)})
    assert (canary.operations, canary.strata, canary.drawn) == (300, 2, 150)
    assert {name[1] for name in canary.contacts} == set("123456789")  # not the first by their names
    assert canary.bound == (
        "if it shows no anomaly, then fewer than 2% of the plan's people would "
        "(95% confidence, from 150 of them drawn at random)"
    )
    assert choose([], {}) == Canary()
    few = choose(ops[:580], {})
    assert (few.drawn, few.bound) == (29, "")
    assert "fewer than 10%" in choose(ops[:600], {}).bound
    assert choose(ops[:2], {}).bound == "it is the whole plan"
    assert canary == choose(list(reversed(ops)), {f"c{n}": 3 for n in range(5_000)})


def test_a_rare_kind_is_in_the_canary() -> None:
    ops = [operation(n, "vip", contact=f"c{n}") for n in range(1000)]
    canary = choose(ops, {"c500": 2} | {f"c{n}": 3 for n in range(1000) if n != 500}, {"o77": (True,)})
    assert {"c500", "c77"} <= set(canary.contacts)
    assert canary.strata == 4


def test_many_tags_make_no_large_canary() -> None:
    sizes, tags = {f"c{n}": 2 + n % 4 for n in range(2000)}, [f"tag {n}" for n in range(60)]
    ops = [operation(n, tags[(n * 37 + n // 60) % 60], contact=f"c{n % 2000}") for n in range(4300)]
    ops += [operation(n, tag, contact="c7") for n, tag in enumerate(tags)]
    traits = {f"o{n}": (n % 3 == 0, n % 20 == 0, n % 7 == 0) for n in range(4300)}
    canary = choose(ops, sizes, traits)
    inside = [op for op in ops if op.contact in canary.contacts]
    assert {(op.tag, op.action) for op in inside} == {(op.tag, op.action) for op in ops}
    assert canary.operations < 300 + len(tags) + 3 * 8


@pytest.mark.parametrize("wave", ["", "10", "0%", "101%", "some", "-5%", "1e2%"])
def test_a_wave_that_is_none_is_refused(wave: str) -> None:
    with pytest.raises(UsageError, match="a wave is canary"):
        wave_of(plan_of(operation()), wave)


def test_the_plan_id_binds_the_canary(tmp_path: Path) -> None:
    ops = [operation(n, contact=f"c{n}") for n in range(9)]
    plain, plan = plan_of(*ops), plan_of(*ops, canary=choose(ops, {}))
    assert plain.plan_id != plan.plan_id
    plan.write(tmp_path)
    assert Plan.read(tmp_path).canary == plan.canary
    document = json.loads((tmp_path / "plan.json").read_text())
    document["canary"]["contacts"] = ["c1"]
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match="edited"):
        Plan.read(tmp_path)


def test_a_part_expects_the_counts_after_it() -> None:
    ops = [operation(1, "a", contact="c1"), operation(2, "a", contact="c2")]
    ops.append(operation(3, "b", action="remove", contact="c2"))
    plan = plan_of(*ops, tag_counts={"a": 7, "b": 4}, canary=Canary(("c1",), 1, 2))
    assert plan.subset(wave_of(plan, "canary").positions).tag_counts == {"a": 6, "b": 5}
    assert plan.subset(wave_of(plan, "all").positions) == plan


def test_wave_by_wave_with_a_verification_between_them(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        first = carried_out(plan, tmp_path, lever, wave="canary")
        assert (first.exit_code, first.state) == (8, "wave canary is through")
        assert first.counts["done"] == plan.canary.operations < first.planned
        assert tags_of(emulated) == wished(plan.subset(wave_of(plan, "canary").positions), before)
        with pytest.raises(Refused, match="wave 80% waits for wave canary, which was not verified: run"):
            resumed(plan, tmp_path, lever, wave="80%")
        assert resumed(plan, tmp_path, lever, wave="canary").state == "nothing left to do in wave canary"
        assert status(Run.open(tmp_path)).state == first.state
        assert verify(tmp_path, lever=lever, wave="canary", now=lambda: 0.0).exit_code == 0  # a slow clock
        second = resumed(plan, tmp_path, lever, wave="80%")
        assert 0.8 <= second.counts["done"] / second.planned < 1
        with pytest.raises(Refused, match=r"waits for wave 80%, which was not verified"):
            resumed(plan, tmp_path, lever)
        verify(tmp_path, lever=lever, wave="80%")
        assert resumed(plan, tmp_path, lever).exit_code == 0
        assert verify(tmp_path, lever=lever).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_wave_whose_verification_is_old_or_bad_keeps_the_next_one_waiting(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        plan.write(tmp_path)
        verify(tmp_path, lever=lever, wave="canary", reread_after=(), now=lambda: 1e10)  # a fast clock
        carried_out(plan, tmp_path, lever, wave="canary")
        op = next(op for op in plan.operations if op.contact in plan.canary.contacts)
        with pytest.raises(Refused, match="which has not been verified since its last write"):
            resumed(plan, tmp_path, lever)
        lost(emulated, op)
        assert verify(tmp_path, lever=lever, wave="canary", reread_after=()).exit_code == 6
        writes = sum(entry["method"] == "POST" for entry in emulated.log())
        with pytest.raises(Refused, match=r"which is NOT as planned \(wave canary\)"):
            resumed(plan, tmp_path, lever)
        assert sum(entry["method"] == "POST" for entry in emulated.log()) == writes


def test_a_wave_that_was_begun_and_broken_off_resumes_without_another_verification(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        before, plan = tags_of(emulated), migration(emulated, lever)
        carried_out(plan, tmp_path, lever, wave="canary")
        verify(tmp_path, lever=lever, wave="canary")
        ticks = count()
        hasty = replace(AT_ONCE, clock=lambda: float(next(ticks)))
        broken_off = resumed(plan, tmp_path, lever, max_seconds=20, times=hasty)
        assert plan.canary.operations < broken_off.counts["done"] < broken_off.planned
        verify(tmp_path, lever=lever, reread_after=())
        assert resumed(plan, tmp_path, lever, times=AT_ONCE).exit_code == 0
        assert tags_of(emulated) == wished(plan, before)


def test_a_canary_after_a_larger_wave_was_broken_off_says_which_one_waits(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path, lever, wave="canary")
        verify(tmp_path, lever=lever, wave="canary")
        ticks = count()
        stopped = resumed(
            plan, tmp_path, lever, max_seconds=20, times=replace(AT_ONCE, clock=lambda: float(next(ticks)))
        )
        entries = read(tmp_path / "journal.sqlite")
        again = resumed(plan, tmp_path, lever, wave="canary")
    assert again.state == "nothing left to do in wave canary, but wave all is not at its end"
    assert (again.counts, again.exit_code) == (stopped.counts, 8)
    assert read(tmp_path / "journal.sqlite") == entries
    assert advice(Run.open(tmp_path)).command == f"leverkit apply {tmp_path} --approve {plan.short}"


def test_a_verification_of_another_plan_or_a_torn_one_opens_nothing(tmp_path: Path) -> None:
    with account(contacts=300) as (emulated, lever):
        carried_out(plan := migration(emulated, lever), tmp_path, lever, wave="canary")
        for content in ("{", "[]", '{"plan_id": "other"}'):
            (tmp_path / "verify.json").write_text(content)
            with pytest.raises(Refused, match="not verified"):
                resumed(plan, tmp_path, lever)


def test_without_waves_a_run_goes_through_and_resumes_unverified(tmp_path: Path) -> None:
    with account(contacts=60) as (emulated, lever):
        plan = migration(emulated, lever)
        assert carried_out(plan, tmp_path, lever, max_seconds=0).exit_code == 8
        assert resumed(plan, tmp_path, lever).exit_code == 0
