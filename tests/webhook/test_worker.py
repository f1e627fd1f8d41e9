"""The worker adds contact tags to every opportunity of a person, whatever events say and in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.accounts import policy, split_contacts, with_shared_tags
from support.plan_factory import account
from support.webhook_receiver import until

from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.errors import AccessDenied, BrakeTripped, LeverkitError, Unreachable, UsageError
from leverkit.migration.rollback import rollback
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.verification.verify import verify
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.metrics import Metrics
from leverkit.webhook.worker import Worker, WorkerConfig


@dataclass
class WorkerCase:
    """A worker over an emulated account, with a clock that the test moves."""

    emulated: Running
    lever: Lever
    queue: EventQueue
    worker: Worker
    metrics: Metrics
    folder: Path
    seconds: float = 1e9

    def event(self, contact: str | None, *opportunities: str | None) -> None:
        for opportunity in opportunities or (None,):
            token = f"t{self.queue.waiting}-{self.seconds}"
            self.queue.store(
                [QueuedEvent(token, "candidateHired", contact, opportunity, int(self.seconds * 1000))]
            )

    def process_all(self) -> None:
        """Run batches until no event is left, moving the clock past every pause."""
        while self.queue.waiting:
            self.worker.run_once()
            self.seconds += 1000

    def tags(self) -> dict[str, list[str]]:
        return {
            opportunity: sorted(tags) for opportunity, tags in self.emulated.state()["opportunities"].items()
        }

    def writes(self) -> int:
        return sum(entry["method"] == "POST" for entry in self.emulated.log())


@pytest.fixture
def case(tmp_path: Path) -> Iterator[WorkerCase]:
    with account() as (emulated, lever):
        config = WorkerConfig(
            policy(tmp_path / "policy.csv", vip="contact", seed="opportunity"), tmp_path, sweep_s=0
        )
        queue, metrics = EventQueue(tmp_path / "inbox.sqlite"), Metrics()
        cases: list[WorkerCase] = []
        worker = Worker(queue, lever, config, metrics, now=lambda: cases[0].seconds, chance=lambda: 1.0)
        cases.append(WorkerCase(emulated, lever, queue, worker, metrics, tmp_path))
        yield cases[0]
        queue.close()


def sweeping(case: WorkerCase) -> Worker:
    config = WorkerConfig(case.folder / "policy.csv", case.folder, sweep_s=60)
    return Worker(case.queue, case.lever, config, now=lambda: case.seconds)


def test_a_new_application_inherits_contact_tags_and_only_those(case: WorkerCase) -> None:
    contact, (first, *_) = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(first, ["vip", "seed", "unknown"])
    new = case.emulated.create(contact)
    before = case.emulated.state()
    case.event(contact, new)
    case.process_all()
    assert case.tags() == with_shared_tags(before, {contact}, {"vip"})
    assert "vip" in case.tags()[new]


def test_the_contact_that_an_event_names_is_not_trusted(case: WorkerCase) -> None:
    (mine, (first, *_)), (stranger, (other, *_)) = list(split_contacts(case.emulated).items())[:2]
    case.emulated.add_tags(first, ["vip"])
    case.event(stranger, first)
    case.event("no-such-contact", first)
    case.process_all()
    assert case.tags() == with_shared_tags(case.emulated.state(), {mine}, {"vip"})
    assert "vip" not in case.tags()[other]
    assert case.metrics.counted("events_total", "done") == 2


def test_a_burst_about_one_contact_is_read_once_and_written_once(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact, *(mine * 50))
    case.emulated.clear_log()
    case.process_all()
    assert case.writes() == len(mine) - 1
    assert len(case.emulated.log()) < 10 + len(mine)


def test_fifty_contacts_are_read_with_one_request(case: WorkerCase) -> None:
    contacts = list(dict.fromkeys(case.emulated.state()["contacts"].values()))[:50]
    case.lever.sees_confidential()
    case.emulated.clear_log()
    for contact in contacts:
        case.event(contact)
    assert case.worker.run_once()
    assert (len(case.emulated.log()), case.queue.waiting) == (1, 0)


def test_events_again_write_nothing_more(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.process_all()
    written = case.writes()
    case.event(contact, *mine)
    case.process_all()
    assert (case.writes(), written) == (written, len(mine) - 1)


def test_an_anonymized_opportunity_is_left_alone(case: WorkerCase) -> None:
    contact, (first, hidden, *_) = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(first, ["vip"])
    case.emulated.anonymize(hidden)
    case.event(contact, hidden)
    case.process_all()
    assert "vip" not in case.tags()[hidden]
    assert case.queue.waiting == 0


def test_an_edited_policy_applies_from_the_next_event_on(case: WorkerCase) -> None:
    contact, (first, second, *_) = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(first, ["later"])
    case.event(contact)
    case.process_all()
    assert "later" not in case.tags()[second]
    policy(case.folder / "policy.csv", later="contact")
    case.event(contact)
    case.process_all()
    assert "later" in case.tags()[second]


def test_a_policy_that_cannot_be_read_keeps_events_waiting(case: WorkerCase) -> None:
    (case.folder / "policy.csv").write_text("tag,scope\nvip,perhaps\n")
    case.event(next(iter(split_contacts(case.emulated))))
    with pytest.raises(UsageError):
        case.worker.run_once()
    assert case.queue.waiting == 1


@pytest.mark.parametrize(("status", "error"), [(500, Unreachable), (401, AccessDenied)])
def test_events_wait_while_lever_is_down(case: WorkerCase, status: int, error: type[LeverkitError]) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.emulated.fault("status", status=status, times=None)
    with pytest.raises(error):
        case.worker.run_once()
    case.emulated.clear_faults()
    case.process_all()
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_an_interrupted_run_is_finished_first_and_its_journal_is_complete(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated, 3).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.lever.sees_confidential()
    case.emulated.fault("reset", path="/opportunities", skip=2, times=None)  # reading back what was written
    with pytest.raises(Unreachable):
        case.worker.run_once()
    assert len(case.queue.open_runs()) == 1
    case.emulated.clear_faults()
    case.process_all()
    assert (case.queue.open_runs(), case.writes()) == ([], len(mine) - 1)
    assert case.metrics.counted("operations_total", "done") == len(mine) - 1


def test_a_tag_whose_source_lost_it_before_the_run_is_resumed_is_not_added(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.lever.sees_confidential()
    case.emulated.fault("reset", path="/opportunities", skip=1, times=None)  # the reading before the write
    with pytest.raises(Unreachable):
        case.worker.run_once()
    case.emulated.clear_faults()
    case.emulated.remove_tags(mine[0], ["vip"])
    case.process_all()
    assert case.writes() == 0
    assert case.metrics.counted("operations_total", "drifted") == len(mine) - 1


def test_the_run_of_a_worker_is_a_propagation_that_can_be_verified_and_rolled_back(case: WorkerCase) -> None:
    contact, (first, *rest) = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(first, ["vip"])
    case.event(contact)
    case.process_all()
    (run,) = (plan.parent for plan in case.folder.glob("*/plan.json"))
    plan = Plan.read(run)
    assert (plan.kind, plan.policy_digest) == ("propagate", Policy.read(case.folder / "policy.csv").digest)
    assert verify(run, lever=case.lever).exit_code == 0
    assert {op.opportunity for op in rollback(run, case.folder / "back").operations} == set(rest)


def test_a_run_that_wants_a_user_to_act_as_waits_until_one_is_named(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.emulated.configure(perform_as="required")
    for _ in range(2):
        with pytest.raises(UsageError, match="LEVER_PERFORM_AS"):
            case.worker.run_once()
        assert len(case.queue.open_runs()) == 1
    case.emulated.configure(perform_as="optional")
    case.process_all()
    assert case.queue.open_runs() == []
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_a_run_killed_before_its_plan_was_written_is_set_aside(case: WorkerCase) -> None:
    case.queue.begin_run("nothing-there")
    assert not case.worker.run_once()
    assert case.queue.open_runs() == []


def test_a_run_that_lever_refuses_is_set_aside_and_its_events_are_processed_again(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.lever.sees_confidential()
    case.emulated.fault("status", path="/opportunities", skip=1, times=2, status=400)
    case.process_all()
    assert case.queue.open_runs() == []
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_a_write_that_lever_refuses_is_retried_and_given_up(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.emulated.fault("status", method="POST", status=400, times=None)
    case.event(contact)
    case.process_all()
    assert case.metrics.counted("events_total", "given up") == 1
    assert case.tags() == {
        opportunity: sorted(tags) for opportunity, tags in case.emulated.state()["opportunities"].items()
    }


def test_a_contact_that_lever_refuses_does_not_delay_the_others(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event("odd-contact")
    case.event(contact)
    case.emulated.fault(
        "status", path="/opportunities", query="*contact_id=odd-contact*", status=400, times=None
    )
    case.process_all()
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)
    assert case.metrics.counted("events_total", "done") == 1


def test_an_opportunity_that_shows_late_is_looked_for_again(case: WorkerCase) -> None:
    case.event(None, "not-yet")
    case.worker.run_once()
    assert case.queue.waiting == 1
    case.process_all()
    assert case.metrics.counted("events_total", "gone") == 1


def test_the_sweep_spreads_a_tag_added_in_lever_without_any_event(case: WorkerCase) -> None:
    worker = sweeping(case)
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.seconds = case.emulated.do(lambda account: account.tick()) / 1000
    worker.run_once()
    case.emulated.add_tags(mine[0], ["vip"])
    case.seconds += 61
    assert worker.run_once()
    assert case.tags() == with_shared_tags(case.emulated.state(), {contact}, {"vip"})
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_a_sweep_by_a_machine_whose_clock_is_fast_misses_no_change(case: WorkerCase) -> None:
    worker = sweeping(case)
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.seconds = case.emulated.do(lambda account: account.now()) / 1000
    case.emulated.do(lambda account: setattr(account, "skew_ms", -3_600_000))
    worker.run_once()
    case.emulated.add_tags(mine[0], ["vip"])
    case.seconds += 61
    assert worker.run_once()
    assert case.tags() == with_shared_tags(case.emulated.state(), {contact}, {"vip"})


def test_a_sweep_after_the_clock_was_set_back_is_not_late_and_misses_no_change(case: WorkerCase) -> None:
    worker = sweeping(case)
    mine = next(iter(split_contacts(case.emulated).values()))
    case.seconds = case.emulated.do(lambda account: account.now()) / 1000  # an hour fast, at first
    case.emulated.do(lambda account: setattr(account, "skew_ms", -3_600_000))
    worker.run_once()
    case.emulated.add_tags(mine[0], ["vip"])
    case.seconds += 61 - 3600
    assert worker.run_once()
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_events_that_came_while_the_clock_was_fast_are_due_when_it_was_set_back(case: WorkerCase) -> None:
    contact, mine = next(iter(split_contacts(case.emulated).items()))
    case.emulated.add_tags(mine[0], ["vip"])
    case.event(contact)
    case.seconds -= 86_400
    assert case.worker.run_once()
    assert all("vip" in case.tags()[opportunity] for opportunity in mine)


def test_what_lever_refuses_for_many_people_holds_up_nobody_else(case: WorkerCase) -> None:
    people = split_contacts(case.emulated)
    refused, others = sorted(people)[:-4], sorted(people)[-4:]
    for contact, mine in people.items():
        case.emulated.add_tags(mine[0], ["vip"])
        case.event(contact)
    for opportunity in (each for contact in refused for each in people[contact]):
        case.emulated.fault("status", status=400, method="POST", path=f"*{opportunity}*", times=None)
    case.process_all()
    assert all("vip" in case.tags()[opportunity] for contact in others for opportunity in people[contact])
    assert case.metrics.counted("events_total", "given up") == len(refused)


def test_where_lever_answers_no_write_at_all_every_event_waits(case: WorkerCase) -> None:
    for contact, mine in split_contacts(case.emulated).items():
        case.emulated.add_tags(mine[0], ["vip"])
        case.event(contact)
    case.emulated.fault("reset", method="POST", times=None)
    waiting = case.queue.waiting
    for _ in range(3):
        with pytest.raises(BrakeTripped):
            case.worker.run_once()
        case.seconds += 1000
    assert (case.queue.waiting, case.metrics.counted("events_total", "given up")) == (waiting, 0)
    case.emulated.clear_faults()
    case.process_all()
    assert case.metrics.counted("events_total", "done") == waiting


def test_a_sweep_queues_each_change_once(case: WorkerCase) -> None:
    worker = sweeping(case)
    case.seconds = case.emulated.do(lambda account: account.tick()) / 1000
    case.emulated.add_tags(next(iter(split_contacts(case.emulated).values()))[0], ["no matter"])
    worker.run_once()
    case.seconds += 61
    assert not worker.run_once()


def test_an_event_that_ended_days_ago_is_deleted(case: WorkerCase) -> None:
    case.event("nobody")
    case.worker.run_once()
    case.seconds += 3 * 86_400
    case.worker.run_once()
    assert case.queue.store([QueuedEvent("t0-1000000000.0", "x", "nobody", None, 1)]) == [True]


def test_the_thread_outlives_any_error_and_ends_when_asked(case: WorkerCase) -> None:
    case.queue.close()  # so that each batch fails
    case.worker.failures = 5000  # as after days without Lever
    case.worker.start()
    assert until(lambda: case.worker.failures > 5000)
    assert case.worker.alive
    assert case.worker.stop(30.0)
    assert not case.worker.alive
