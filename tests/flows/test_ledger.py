"""What people decide stays decided: readings, plans and runs, and people who change tags in between."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.emulator_requests import later
from support.plan_factory import account, contact_tags, tags_of

import leverkit as lk
from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.errors import Refused
from leverkit.history import reading
from leverkit.history.catch_up import CaughtUp
from leverkit.history.ledger import Ledger, ledger_file
from leverkit.jobs.ledger import rebuild_ledger, update_ledger
from leverkit.migration.run import Run
from leverkit.planning.brakes import OFF
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan_with
from leverkit.policy.decision import Decision


@dataclass
class Nights:
    """An emulated account and its folder, and what happens there night by night."""

    emulated: Running
    lever: Lever
    folder: Path
    policy: lk.Policy

    def wait(self) -> None:
        """Let seconds pass by Lever's clock, which shows whole ones, and let the client see it."""
        later(self.emulated, 3)
        self.lever.tag_counts()

    def pull(self) -> CaughtUp:
        """Read the account and bring the ledger up to date."""
        self.wait()
        snapshot = lk.pull(self.folder / "snapshot", lever=self.lever)
        return update_ledger(self.folder, snapshot, lever=self.lever)

    def plan(self, name: str, *, unattended: bool = False, include_removed: Collection[str] = ()) -> Plan:
        """Plan into a run folder of the account."""
        snapshot = lk.Snapshot.open(self.folder / "snapshot")
        with Ledger.open(self.folder) as ledger:
            return plan_with(
                snapshot,
                self.policy,
                self.folder / "runs" / name,
                brakes=OFF,
                ledger=ledger,
                include_removed=include_removed,
                unattended=unattended,
            )

    def apply(self, name: str) -> Plan:
        """Carry out a plan of the account."""
        made = Plan.read(self.folder / "runs" / name)
        lk.apply(self.folder / "runs" / name, approve=made.plan_id, lever=self.lever).require()
        return made

    def first(self) -> tuple[Operation, ...]:
        """Read the account, plan and apply: how it all begins."""
        self.pull()
        self.plan("first")
        return self.apply("first").operations

    def night(self, name: str, **options: Any) -> Plan:
        """Read the account and plan."""
        self.pull()
        return self.plan(name, **options)


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    monkeypatch.setattr(reading, "MARGIN", 0)  # these nights are shorter than a minute
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path))
    with account(contacts=150, seed=4) as (emulated, lever):
        mine = set(contact_tags(emulated))
        tags = {tag: "contact" if tag in mine else "opportunity" for tag in emulated.state()["tags"]}
        policy = lk.Policy(tuple(map(Decision, tags))).decide(tags, by="a person")
        yield Nights(emulated, lever, tmp_path / lever.account_id(), policy)


def pairs(operations: Collection[Operation]) -> set[tuple[str, str]]:
    return {(op.opportunity, op.tag) for op in operations}


def left(made: Plan) -> dict[tuple[str, str], str]:
    return {(skipped.opportunity, skipped.tag): skipped.reason for skipped in made.skipped}


def test_what_a_person_took_off_is_listed_with_the_day_and_not_planned(nights: Nights) -> None:
    ops = nights.first()
    taken = ops[:2]
    for op in taken:
        nights.emulated.remove_tags(op.opportunity, [op.tag])
    made = nights.night("second")
    assert made.operations == ()
    assert left(made).keys() == pairs(taken)
    assert [why.partition(" on ")[0] for why in left(made).values()] == ["removed by others (found"] * 2
    assert "removed by others: 2" in made.summary
    text = (nights.folder / "runs/second/skipped.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["reason"] for row in rows} == set(left(made).values())
    assert made.ledger.startswith("reading 2, ")
    assert nights.night("third").operations == ()


def test_a_person_who_names_the_tag_gets_it_planned_and_it_is_ours_again(nights: Nights) -> None:
    op = nights.first()[0]
    nights.emulated.remove_tags(op.opportunity, [op.tag])
    assert pairs(nights.night("second", include_removed=[op.tag]).operations) == pairs([op])
    nights.apply("second")
    assert nights.pull().counts == {}
    with Ledger.open(nights.folder) as ledger:
        assert ledger.view({op.opportunity}).marks[op.opportunity, op.tag].kind == "added by us"


def test_a_tag_that_a_person_puts_back_is_in_place(nights: Nights) -> None:
    op = nights.first()[0]
    nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.night("second")
    nights.emulated.add_tags(op.opportunity, [op.tag])
    made = nights.night("third")
    assert (made.operations, made.skipped) == ((), ())


def test_what_was_taken_off_everywhere_does_not_come_back_with_a_new_opportunity(nights: Nights) -> None:
    op = nights.first()[0]
    siblings = [id for id, contact in nights.emulated.state()["contacts"].items() if contact == op.contact]
    for sibling in siblings:
        nights.emulated.remove_tags(sibling, [op.tag])
    nights.emulated.create(op.contact)
    assert op.tag not in {planned.tag for planned in nights.night("second").operations}


def test_a_new_opportunity_gets_what_the_others_carry_also_without_a_reader(nights: Nights) -> None:
    op = nights.first()[0]
    new = nights.emulated.create(op.contact)
    assert (new, op.tag) in pairs(nights.night("second", unattended=True).operations)


def test_a_tag_that_a_person_adds_is_spread(nights: Nights) -> None:
    op = nights.first()[0]
    tag = next(
        tag for tag in contact_tags(nights.emulated) if tag not in tags_of(nights.emulated)[op.opportunity]
    )
    nights.emulated.add_tags(op.opportunity, [tag])
    siblings = {id for id, contact in nights.emulated.state()["contacts"].items() if contact == op.contact}
    wanted = {(id, tag) for id in siblings if tag not in tags_of(nights.emulated)[id]}
    assert pairs(nights.night("second", unattended=True).operations) == wanted != set()


def test_what_a_rollback_took_back_waits_for_a_person(nights: Nights) -> None:
    ops = nights.first()
    back = lk.rollback(nights.folder / "runs/first", nights.folder / "runs/back")
    lk.apply(nights.folder / "runs/back", approve=back.plan_id, lever=nights.lever).require()
    job = nights.night("job", unattended=True)
    assert job.operations == ()
    assert all(left(job)[pair].startswith("taken back (on ") for pair in pairs(ops))
    assert pairs(nights.plan("person").operations) == pairs(ops)


def test_a_gap_of_the_first_plan_that_was_left_is_no_work_for_a_job(nights: Nights) -> None:
    nights.pull()
    first = nights.plan("first")
    assert first.operations != ()
    job = nights.night("job", unattended=True)
    assert (job.operations, set(left(job).values())) == ((), {"left as it was"})
    assert pairs(nights.plan("person").operations) == pairs(first.operations)


def test_a_plan_that_is_killed_before_it_is_noted_leaves_the_next_one_the_first(nights: Nights) -> None:
    nights.pull()
    killed = "CREATE TRIGGER killed BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'killed'); END"
    with Ledger.open(nights.folder) as ledger:
        ledger.rows(killed)
        with pytest.raises(Refused, match="killed"):
            nights.plan("killed")
        assert ledger.rows("SELECT * FROM considered").fetchall() == []
        ledger.rows("DROP TRIGGER killed")
    assert pairs(nights.plan("next").operations) == pairs(nights.plan("killed").operations) != set()
    assert nights.plan("job", unattended=True).operations == ()


def test_a_run_that_is_found_late_takes_back_what_a_reading_called_others(nights: Nights) -> None:
    nights.pull()
    nights.plan("first")
    (nights.folder / "ledger").rename(nights.folder / "at another computer")
    ops = nights.apply("first").operations
    (nights.folder / "at another computer").rename(nights.folder / "ledger")
    (nights.folder / "runs").rename(nights.folder / "elsewhere")
    assert nights.pull().counts == {"added by others": len(ops)}
    nights.emulated.remove_tags(ops[0].opportunity, [ops[0].tag])
    (nights.folder / "elsewhere").rename(nights.folder / "runs")
    assert nights.pull().counts == {"removed by others": 1}
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == {"added by us": len(ops) - 1, "removed by others": 1}


def test_a_run_elsewhere_is_registered_and_what_it_wrote_is_ours(nights: Nights, tmp_path: Path) -> None:
    nights.pull()
    nights.plan("first")
    (nights.folder / "runs/first").rename(nights.folder / "elsewhere")
    run = Run.planned(nights.folder / "elsewhere")
    lk.apply(run.folder, approve=run.plan.plan_id, lever=nights.lever).require()
    assert nights.pull().counts == {}
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == {"added by us": len(run.plan.operations)}


def test_a_workspace_that_was_moved_tells_nothing_twice(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = nights.first()[0]
    nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.pull()
    (moved := tmp_path / "moved").mkdir()
    nights.folder = nights.folder.rename(moved / nights.folder.name)
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(moved))
    nights.pull()
    with Ledger.open(nights.folder) as ledger:
        assert list(ledger.events(ledger.last.number, ledger.last.number)) == []
    assert nights.plan("second").operations == ()


def test_a_lost_journal_takes_nothing_from_what_the_ledger_knows(nights: Nights) -> None:
    ops = nights.first()
    nights.pull()
    (nights.folder / "runs/first/journal.sqlite").unlink()
    nights.emulated.remove_tags(ops[0].opportunity, [ops[0].tag])
    found = nights.pull()
    assert found.counts == {"removed by others": 1}
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == {"added by us": len(ops) - 1, "removed by others": 1}


def test_a_ledger_that_is_made_again_knows_what_the_old_one_knew(nights: Nights) -> None:
    ops = nights.first()
    for op in ops[:2]:
        nights.emulated.remove_tags(op.opportunity, [op.tag])
    nights.night("second")
    with Ledger.open(nights.folder) as ledger:
        known = ledger.view({op.opportunity for op in ops})
    rebuild_ledger(nights.folder, lk.Snapshot.open(nights.folder / "snapshot"))
    with Ledger.open(nights.folder) as ledger:
        again = ledger.view({op.opportunity for op in ops})
    kinds = {pair: mark.kind for pair, mark in known.marks.items()}
    assert {pair: mark.kind for pair, mark in again.marks.items()} == kinds
    assert (again.tags, again.considered, again.decisions) == (known.tags, known.considered, {})
    assert nights.night("third").operations == ()


def test_what_people_took_off_before_the_ledger_is_made_again_is_not_put_back(nights: Nights) -> None:
    ops = nights.first()
    nights.pull()
    nights.emulated.remove_tags(ops[0].opportunity, [ops[0].tag])
    rebuild_ledger(nights.folder, lk.pull(nights.folder / "snapshot", lever=nights.lever))
    assert nights.night("second").operations == nights.night("third", unattended=True).operations == ()


def test_a_damaged_ledger_is_told_and_made_again_from_journals_and_snapshot(nights: Nights) -> None:
    ops = nights.first()
    nights.pull()
    ledger_file(nights.folder).write_bytes(b"no database" * 1000)
    with pytest.raises(Refused, match="the ledger is damaged"):
        nights.pull()
    found = rebuild_ledger(nights.folder, lk.Snapshot.open(nights.folder / "snapshot"))
    assert "no longer known" in found.odd[0]
    with Ledger.open(nights.folder) as ledger:
        assert ledger.counts() == {"added by us": len(ops)}


def test_a_kill_at_any_statement_leaves_ledger_and_journals_agreeing(nights: Nights, tmp_path: Path) -> None:
    ops = nights.first()
    for op in ops[:2]:
        nights.emulated.remove_tags(op.opportunity, [op.tag])
    account, numbers = tmp_path / "account", [0, *range(1, 150, 13)]
    account.mkdir()
    for part in ("ledger", "runs"):
        (nights.folder / part).rename(account / part)
    nights.wait()
    lk.pull(tmp_path / "snapshot", lever=nights.lever)
    words = [sys.executable, "-m", "support.killed_update", account, tmp_path / "snapshot", *numbers]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    ended = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, env=environ)
    (code, again, known), *killed = map(json.loads, ended.stdout.splitlines())
    assert (code, again, len(killed)) == (0, 0, len(numbers) - 1)
    assert {code for code, _, _ in killed} == {-signal.SIGKILL}
    assert [(again, found) for _, again, found in killed] == [(0, known)] * len(killed)
    assert sum(row[3] == "removed by others" for row in known["marks"]) == 2
