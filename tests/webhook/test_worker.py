"""The worker keeps contact tags alike, whatever events say, and however often and in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.accounts import alike, households, policy
from support.plan_factory import account
from support.webhook_receiver import until

from leverkit.api.client import Lever
from leverkit.emulator import Running
from leverkit.errors import AccessDenied, LeverkitError, Unreachable, UsageError
from leverkit.migration.rollback import rollback
from leverkit.webhook.event_queue import Entry, Inbox
from leverkit.webhook.metrics import Metrics
from leverkit.webhook.worker import Rules, Worker


@dataclass
class Bench:
    """A worker over an emulated account, with a clock that is moved by hand."""

    emulated: Running
    lever: Lever
    inbox: Inbox
    worker: Worker
    metrics: Metrics
    folder: Path
    seconds: float = 1e9

    def event(self, contact: str | None, *opportunities: str | None) -> None:
        for one in opportunities or (None,):
            token = f"t{self.inbox.waiting}-{self.seconds}"
            self.inbox.store([Entry(token, "candidateHired", contact, one, int(self.seconds * 1000))])

    def work(self) -> None:
        """Turn until nothing is due, however far away."""
        while self.inbox.waiting:
            self.worker.turn()
            self.seconds += 1000

    def tags(self) -> dict[str, list[str]]:
        return {one: sorted(tags) for one, tags in self.emulated.state()["opportunities"].items()}

    def writes(self) -> int:
        return sum(entry["method"] == "POST" for entry in self.emulated.log())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with account() as (emulated, lever):
        rules = Rules(policy(tmp_path / "policy.csv", vip="contact", seed="opportunity"), tmp_path, sweep_s=0)
        inbox, metrics = Inbox(tmp_path / "inbox.sqlite"), Metrics()
        clock: list[Bench] = []
        worker = Worker(inbox, lever, rules, metrics, now=lambda: clock[0].seconds, chance=lambda: 1.0)
        clock.append(Bench(emulated, lever, inbox, worker, metrics, tmp_path))
        yield clock[0]
        inbox.close()


def sweeping(bench: Bench) -> Worker:
    rules = Rules(bench.folder / "policy.csv", bench.folder, sweep_s=60)
    return Worker(bench.inbox, bench.lever, rules, now=lambda: bench.seconds)


def test_a_new_application_inherits_contact_tags_and_only_those(bench: Bench) -> None:
    contact, (first, *_) = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(first, ["vip", "seed", "unknown"])
    new = bench.emulated.create(contact)
    before = bench.emulated.state()
    bench.event(contact, new)
    bench.work()
    assert bench.tags() == alike(before, {contact}, {"vip"})
    assert "vip" in bench.tags()[new]


def test_a_contact_that_the_event_makes_up_is_not_believed(bench: Bench) -> None:
    (mine, (first, *_)), (stranger, (other, *_)) = list(households(bench.emulated).items())[:2]
    bench.emulated.add_tags(first, ["vip"])
    bench.event(stranger, first)
    bench.event("no-such-contact", first)
    bench.work()
    assert bench.tags() == alike(bench.emulated.state(), {mine}, {"vip"})
    assert "vip" not in bench.tags()[other]
    assert bench.metrics.counted("events_total", "done") == 2


def test_a_burst_about_one_contact_is_read_once_and_written_once(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event(contact, *(mine * 50))
    bench.emulated.clear_log()
    bench.work()
    assert bench.writes() == len(mine) - 1
    assert len(bench.emulated.log()) < 10 + len(mine)


def test_fifty_contacts_are_read_with_one_request(bench: Bench) -> None:
    contacts = list(dict.fromkeys(bench.emulated.state()["contacts"].values()))[:50]
    bench.lever.sees_confidential()
    bench.emulated.clear_log()
    for contact in contacts:
        bench.event(contact)
    assert bench.worker.turn()
    assert (len(bench.emulated.log()), bench.inbox.waiting) == (1, 0)


def test_events_again_write_nothing_more(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event(contact)
    bench.work()
    written = bench.writes()
    bench.event(contact, *mine)
    bench.work()
    assert (bench.writes(), written) == (written, len(mine) - 1)


def test_an_anonymized_opportunity_is_left_alone(bench: Bench) -> None:
    contact, (first, hidden, *_) = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(first, ["vip"])
    bench.emulated.anonymize(hidden)
    bench.event(contact, hidden)
    bench.work()
    assert "vip" not in bench.tags()[hidden]
    assert bench.inbox.waiting == 0


def test_a_policy_that_is_edited_holds_from_the_next_event_on(bench: Bench) -> None:
    contact, (first, second, *_) = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(first, ["later"])
    bench.event(contact)
    bench.work()
    assert "later" not in bench.tags()[second]
    policy(bench.folder / "policy.csv", later="contact")
    bench.event(contact)
    bench.work()
    assert "later" in bench.tags()[second]


def test_a_policy_that_cannot_be_read_keeps_events_waiting(bench: Bench) -> None:
    (bench.folder / "policy.csv").write_text("tag,scope\nvip,perhaps\n")
    bench.event(next(iter(households(bench.emulated))))
    with pytest.raises(UsageError):
        bench.worker.turn()
    assert bench.inbox.waiting == 1


@pytest.mark.parametrize(("status", "error"), [(500, Unreachable), (401, AccessDenied)])
def test_events_wait_while_lever_is_down(bench: Bench, status: int, error: type[LeverkitError]) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event(contact)
    bench.emulated.fault("status", status=status, times=None)
    with pytest.raises(error):
        bench.worker.turn()
    bench.emulated.clear_faults()
    bench.work()
    assert all("vip" in bench.tags()[one] for one in mine)


def test_a_run_that_broke_off_is_finished_first_and_its_journal_tells_all(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated, 3).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event(contact)
    bench.lever.sees_confidential()
    bench.emulated.fault("reset", path="/opportunities", skip=2, times=None)  # reading back what was written
    with pytest.raises(Unreachable):
        bench.worker.turn()
    assert len(bench.inbox.open_runs()) == 1
    bench.emulated.clear_faults()
    bench.work()
    assert (bench.inbox.open_runs(), bench.writes()) == ([], len(mine) - 1)
    assert bench.metrics.counted("operations_total", "done") == len(mine) - 1


def test_what_a_worker_wrote_can_be_rolled_back(bench: Bench) -> None:
    contact, (first, *rest) = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(first, ["vip"])
    bench.event(contact)
    bench.work()
    (run,) = (plan.parent for plan in bench.folder.glob("*/plan.json"))
    assert {op.opportunity for op in rollback(run, bench.folder / "back").operations} == set(rest)


def test_a_run_killed_before_its_plan_was_written_is_set_aside(bench: Bench) -> None:
    bench.inbox.begin_run("nothing-there")
    assert not bench.worker.turn()
    assert bench.inbox.open_runs() == []


def test_a_run_that_lever_refuses_is_set_aside_and_its_events_are_worked_off_anew(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event(contact)
    bench.lever.sees_confidential()
    bench.emulated.fault("status", path="/opportunities", skip=1, times=2, status=400)
    bench.work()
    assert bench.inbox.open_runs() == []
    assert all("vip" in bench.tags()[one] for one in mine)


def test_a_write_that_lever_refuses_is_tried_some_times_and_given_up(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.emulated.fault("status", method="POST", status=400, times=None)
    bench.event(contact)
    bench.work()
    assert bench.metrics.counted("events_total", "given up") == 1
    assert bench.tags() == {
        one: sorted(tags) for one, tags in bench.emulated.state()["opportunities"].items()
    }


def test_one_contact_that_lever_refuses_does_not_hold_up_the_others(bench: Bench) -> None:
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.event("odd-one")
    bench.event(contact)
    bench.emulated.fault(
        "status", path="/opportunities", query="*contact_id=odd-one*", status=400, times=None
    )
    bench.work()
    assert all("vip" in bench.tags()[one] for one in mine)
    assert bench.metrics.counted("events_total", "done") == 1


def test_an_opportunity_that_shows_late_is_looked_for_again(bench: Bench) -> None:
    bench.event(None, "not-yet")
    bench.worker.turn()
    assert bench.inbox.waiting == 1
    bench.work()
    assert bench.metrics.counted("events_total", "gone") == 1


def test_a_tag_added_in_lever_spreads_by_the_sweep_without_any_event(bench: Bench) -> None:
    worker = sweeping(bench)
    contact, mine = next(iter(households(bench.emulated).items()))
    bench.seconds = bench.emulated.do(lambda account: account.tick()) / 1000
    worker.turn()
    bench.emulated.add_tags(mine[0], ["vip"])
    bench.seconds += 61
    assert worker.turn()
    assert bench.tags() == alike(bench.emulated.state(), {contact}, {"vip"})
    assert all("vip" in bench.tags()[one] for one in mine)


def test_a_sweep_puts_each_change_on_the_list_once(bench: Bench) -> None:
    worker = sweeping(bench)
    bench.seconds = bench.emulated.do(lambda account: account.tick()) / 1000
    bench.emulated.add_tags(next(iter(households(bench.emulated).values()))[0], ["no matter"])
    worker.turn()
    bench.seconds += 61
    assert not worker.turn()


def test_what_ended_days_ago_is_forgotten_and_what_waits_is_not(bench: Bench) -> None:
    bench.event("nobody")
    bench.worker.turn()
    bench.seconds += 3 * 86_400
    bench.worker.turn()
    assert bench.inbox.store([Entry("t0-1000000000.0", "x", "nobody", None, 1)]) == [True]


def test_the_thread_outlives_any_trouble_and_ends_when_asked(bench: Bench) -> None:
    bench.inbox.close()  # so that each turn fails
    bench.worker.failures = 5000  # as after days without Lever
    bench.worker.start()
    assert until(lambda: bench.worker.failures > 5000)
    assert bench.worker.alive
    assert bench.worker.stop(30.0)
    assert not bench.worker.alive
