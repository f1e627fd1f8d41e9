"""What people removed and what a rollback took back stays off, whatever the receiver hears afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.accounts import policy, split_contacts
from support.plan_factory import AT_ONCE, account, opened, tags_of

from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.errors import Unreachable, UsageError
from leverkit.history import reading
from leverkit.history.ledger import Ledger, ledger_file
from leverkit.jobs.ledger import update_ledger
from leverkit.migration import apply as applying
from leverkit.migration.apply import apply
from leverkit.migration.rollback import rollback
from leverkit.migration.run import Run
from leverkit.planning.brakes import OFF
from leverkit.planning.operation import OpportunityState
from leverkit.planning.planner import plan_with
from leverkit.policy.policy import Policy
from leverkit.snapshot.pull import pull
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.memory import contact_memory
from leverkit.webhook.propagate import propagate
from leverkit.webhook.worker import Worker, WorkerConfig

TAG = "vip"


@dataclass
class Listening:
    """An account, and a receiver's worker that hears of contacts; `home` is the workspace."""

    emulated: Running
    lever: Lever
    queue: EventQueue
    home: Path
    heard: int = 0

    @property
    def folder(self) -> Path:
        """The account's folder."""
        return self.home / self.lever.account_id()

    @property
    def policy(self) -> Path:
        """The policy of the worker."""
        return self.home / "policy.csv"

    @property
    def runs(self) -> list[Path]:
        """The run folders of the worker."""
        return sorted(path.parent for path in (self.home / "receiver").glob("*/plan.json"))

    def people(self, number: int, least: int = 2) -> dict[str, list[str]]:
        """Contacts and their opportunities."""
        return dict(list(split_contacts(self.emulated, least).items())[:number])

    def worker(self, lever: Lever | None = None) -> Worker:
        """A worker of a receiver that was just started."""
        config = WorkerConfig(self.policy, self.home / "receiver", sweep_s=0)
        return Worker(self.queue, lever or self.lever, config, chance=lambda: 0.0)

    def hear(self, *contacts: str, worker: Worker | None = None) -> None:
        """Let events about contacts arrive, and process them."""
        worker = worker or self.worker()
        for contact in contacts:
            self.heard += 1
            self.queue.store([QueuedEvent(f"t{self.heard}", "candidateHired", contact, None, 0)])
        while worker.run_once():
            pass

    def tag(self, opportunity: str) -> None:
        """Let a person tag an opportunity."""
        self.emulated.add_tags(opportunity, [TAG])

    def untag(self, opportunity: str) -> None:
        """Let a person remove the tag from an opportunity."""
        self.emulated.remove_tags(opportunity, [TAG])

    def have(self) -> set[str]:
        """The opportunities that have the tag."""
        return {opportunity for opportunity, tags in tags_of(self.emulated).items() if TAG in tags}

    def pull(self) -> Any:
        """Read the account as `leverkit pull` does."""
        snapshot = pull(self.home / "snapshot", lever=self.lever)
        return update_ledger(self.folder, snapshot, lever=self.lever)

    def marks(self, *opportunities: str) -> dict[str, str]:
        """What the ledger knows of the tag on these opportunities."""
        with Ledger.open(self.folder) as ledger:
            found = ledger.view(opportunities).marks
        return {opportunity: mark.kind for (opportunity, _), mark in found.items()}

    def undo(self, run: Path, lever: Lever | None = None) -> None:
        """Take a run back, as a person does."""
        back = rollback(run, run.with_name(f"back-{run.name}"))
        apply(run.with_name(f"back-{run.name}"), approve=back.plan_id, lever=lever or self.lever).require()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setattr(reading, "MARGIN", 0)  # all this happens within a minute
    monkeypatch.setattr(applying, "Times", lambda: AT_ONCE)
    home = tmp_path / "workspace"
    home.mkdir()
    policy(home / "policy.csv", **{TAG: "contact"})
    with account(contacts=200, seed=4) as (emulated, lever):
        queue = EventQueue(home / "inbox.sqlite")
        yield Listening(emulated, lever, queue, home)
        queue.close()


def test_what_a_person_took_off_after_the_receiver_wrote_it_is_not_put_back(place: Listening) -> None:
    (contact, (first, second, *_)), *_ = place.people(1, 3).items()
    place.tag(first)
    place.hear(contact)
    assert second in place.have()
    for taken in (second, first):  # ours, and the one that it was copied from
        place.untag(taken)
        for _ in range(2):
            place.hear(contact)  # by a worker that was just started
        assert taken not in place.have()


def test_what_was_taken_off_since_the_last_pull_is_not_put_back(place: Listening) -> None:
    (contact, mine), *_ = place.people(1).items()
    for opportunity in mine:
        place.tag(opportunity)
    place.pull()
    place.untag(mine[0])
    place.hear(contact)
    assert mine[0] not in place.have()
    assert place.runs == []
    assert place.pull().counts == {"removed by others": 1}


def test_a_pull_learns_what_the_receiver_had_seen_before(place: Listening) -> None:
    (contact, (first, second, *_)), *_ = place.people(1).items()
    place.pull()
    place.tag(first)
    place.hear(contact)
    place.untag(first)
    place.pull()
    assert place.marks(first, second) == {first: "removed by others", second: "added by us"}
    place.hear(contact)
    assert first not in place.have()


def test_what_a_person_puts_on_is_spread_also_after_all_had_lost_it(place: Listening) -> None:
    (contact, mine), *_ = place.people(1).items()
    for change in (place.tag, place.untag):
        for opportunity in mine:
            change(opportunity)
        place.pull()
    assert set(place.marks(*mine).values()) == {"removed everywhere"}
    place.tag(mine[0])
    place.hear(contact)
    assert set(mine) <= place.have()


def test_what_a_person_takes_off_before_it_is_read_back_is_not_put_back(place: Listening) -> None:
    (contact, (first, *_)), *_ = place.people(1).items()
    place.tag(first)

    class Hasty(Lever):
        def _write(self, opportunity: str, *rest: Any) -> Any:
            answer = super()._write(opportunity, *rest)
            place.untag(opportunity)
            return answer

    with opened(place.emulated, kind=Hasty) as lever:
        place.hear(contact, worker=place.worker(lever))
    place.hear(contact)
    assert place.have() == {first}


def test_what_an_outage_kept_from_being_written_is_written_at_the_next_event(place: Listening) -> None:
    ((contact, own),) = place.people(1).items()
    place.pull()
    place.tag(own[0])
    place.emulated.fault("status", status=500, method="POST", times=None)
    place.hear(contact)
    assert not set(own[1:]) & place.have()
    place.emulated.clear_faults()
    place.hear(contact)
    assert set(own) <= place.have()


def test_no_tag_comes_back_while_a_rollback_runs_beside_the_receiver(place: Listening) -> None:
    people = place.people(20)
    for mine in people.values():
        place.tag(mine[0])
    place.hear(*people)
    (run,) = place.runs
    undone = {op.opportunity for op in Run.planned(run).plan.operations}
    assert len(undone) >= 20
    kept, worker, stop = place.have() - undone, place.worker(), threading.Event()

    def listen() -> None:
        while not stop.is_set():
            place.hear(*people, worker=worker)

    thread = threading.Thread(target=listen)
    thread.start()
    with opened(place.emulated) as lever:
        place.undo(run, lever)
    stop.set()
    thread.join()
    place.hear(*people)
    assert place.have() == kept


@pytest.mark.parametrize("arrives", [True, False])
def test_a_run_that_is_taken_back_before_it_was_finished_is_not_finished(
    place: Listening, arrives: bool
) -> None:
    (contact, mine), *_ = place.people(1, 3).items()
    place.tag(mine[0])
    place.lever.sees_confidential()
    if not arrives:
        place.emulated.fault("reset", method="POST", times=None)
    place.emulated.fault("reset", path="/opportunities", skip=2, times=None)  # reading back
    with pytest.raises(Unreachable):
        place.hear(contact)
    place.emulated.clear_faults()
    assert place.have() == (set(mine) if arrives else {mine[0]})
    (run,) = place.runs
    place.undo(run)
    written = len(place.emulated.log())
    place.hear(contact)
    assert place.have() == {mine[0]}
    assert not [entry for entry in place.emulated.log()[written:] if entry["method"] == "POST"]
    if arrives:
        assert place.marks(*mine[1:]) == dict.fromkeys(mine[1:], "taken back")


def test_what_was_taken_off_before_an_interrupted_run_is_finished_is_not_put_back(place: Listening) -> None:
    (contact, (first, second, *_)), *_ = place.people(1).items()
    place.tag(first)
    place.lever.sees_confidential()
    place.emulated.fault("reset", path="/opportunities", skip=1, times=None)  # the reading before the write
    with pytest.raises(Unreachable):
        place.hear(contact)
    place.emulated.clear_faults()
    place.tag(second)
    place.pull()
    place.untag(second)
    place.hear(contact)
    assert place.have() == {first}


def test_a_gap_that_a_first_plan_listed_is_left_to_people(place: Listening) -> None:
    (contact, mine), *_ = place.people(1).items()
    place.tag(mine[0])
    place.pull()
    with Ledger.open(place.folder) as ledger:
        snapshot = pull(place.home / "snapshot", lever=place.lever)
        out = place.folder / "runs" / "first"
        made = plan_with(snapshot, Policy.read(place.policy), out, brakes=OFF, ledger=ledger)
    assert {op.opportunity for op in made.operations} == set(mine[1:])
    place.hear(contact)
    assert place.have() == {mine[0]}
    new = place.emulated.create(contact)
    place.hear(contact)
    assert place.have() == {mine[0], new}


def test_the_policy_says_which_opportunities_the_receiver_writes_to(place: Listening) -> None:
    (contact, (first, second, *_)), *_ = place.people(1).items()
    place.policy.write_text(f"tag,scope,matching\n{TAG},contact,active\n")
    place.emulated.archive(first, None)
    place.emulated.archive(second, place.emulated.do(lambda account: account.archive_reasons[0]["id"]))
    place.tag(first)
    place.hear(contact)
    assert second not in place.have()


def test_the_ledger_knows_what_the_receiver_wrote_and_no_pull_calls_it_others_work(place: Listening) -> None:
    place.pull()
    people = place.people(3)
    for mine in people.values():
        place.tag(mine[0])
    place.hear(*people)
    place.pull()
    for first, *rest in people.values():
        assert place.marks(first, *rest) == {first: "added by others"} | dict.fromkeys(rest, "added by us")


def test_share_respects_a_removal_and_add_overrules_it(place: Listening) -> None:
    (contact, mine), *_ = place.people(1).items()
    for opportunity in mine:
        place.tag(opportunity)
    place.pull()
    place.untag(mine[0])
    shared = propagate(place.lever, contact=contact, share=[TAG])
    assert shared.opportunities[mine[0]] == "removed by others"
    assert mine[0] not in place.have()
    assert propagate(place.lever, contact=contact, add=[TAG]).opportunities[mine[0]] == "done"
    assert place.marks(*mine) == {mine[0]: "added by us"}
    assert place.pull().counts == {}


def test_events_wait_while_the_ledger_is_damaged(place: Listening) -> None:
    (contact, mine), *_ = place.people(1).items()
    place.pull()
    ledger = ledger_file(place.folder)
    sound = ledger.read_bytes()
    ledger.write_bytes(b"no database" * 1000)
    place.tag(mine[0])
    for _ in range(10):
        with pytest.raises(UsageError, match="ledger rebuild"):
            place.hear(contact)
    assert place.have() == {mine[0]}
    ledger.write_bytes(sound)
    place.hear(contact)
    assert place.have() == set(mine)


def test_a_tag_that_comes_with_a_new_opportunity_is_not_copied_to_where_people_took_it_off(
    place: Listening,
) -> None:
    (contact, (first, *siblings)), *_ = place.people(1).items()
    place.tag(first)
    place.hear(contact)
    place.pull()
    for opportunity in (first, *siblings):
        place.untag(opportunity)
    place.pull()
    came = [place.emulated.create(contact, tags=[TAG]), place.emulated.create(contact)]
    place.hear(contact)
    assert place.have().intersection((first, *siblings, *came)) == {*came}
    place.pull()
    place.hear(contact)
    assert place.have().intersection((first, *siblings, *came)) == {*came}


@pytest.mark.parametrize("remains", ["the one that has the tag", "the one that lost it"])
def test_what_people_took_off_a_contact_stays_off_when_it_is_merged_with_one_that_has_the_tag(
    place: Listening, remains: str
) -> None:
    (lost, (first, *others)), (winner, (tagged, *_)), *_ = place.people(2).items()
    place.tag(first)
    place.hear(lost)
    place.pull()
    for opportunity in (first, *others):
        place.untag(opportunity)
    place.pull()
    place.tag(tagged)
    place.hear(winner)
    place.pull()
    gone, kept = (lost, winner) if remains == "the one that has the tag" else (winner, lost)
    place.emulated.merge(gone, kept)
    place.hear(kept)
    assert place.have().isdisjoint((first, *others))


def test_what_was_read_before_the_ledger_s_last_reading_is_not_learnt(place: Listening) -> None:
    (contact, (first, second, *_)), *_ = place.people(1).items()
    place.pull()
    place.pull()
    with Ledger.open(place.folder) as ledger:
        taken_at = ledger.last.taken_at
    siblings = {first: OpportunityState(contact, (TAG,)), second: OpportunityState(contact, ())}
    for age_ms, learnt in ((1_001, {}), (999, {first: "added by others"})):
        with contact_memory(place.lever, siblings, taken_at - age_ms) as memory:
            assert memory is not None
            memory.note_additions([TAG])
        assert place.marks(first, second) == learnt
