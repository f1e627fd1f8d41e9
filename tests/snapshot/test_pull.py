"""Reading an account into a snapshot: complete despite faults, resumable at any point, nothing personal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.clients import Bound, Forgetful, Hooked, reader

from leverkit.api.rate_limit import Pace
from leverkit.emulator import running
from leverkit.emulator.running import Running
from leverkit.errors import Locked, Refused, Unreachable, UsageError
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

KILLS_ITSELF = """
import os, signal, sys
from support.clients import reader
from leverkit.snapshot.pull import pull
from types import SimpleNamespace
base_url, key, out, requests = sys.argv[1:]
def die(number):
    if number > int(requests):
        os.kill(os.getpid(), signal.SIGKILL)
pull(out, lever=reader(SimpleNamespace(base_url=base_url, api_key=key), die))
"""


@pytest.fixture
def account() -> Iterator[Running]:
    with running(contacts=400, rate=None) as found:
        yield found


def take(
    account: Running, out: Path, before: Callable[[int], None] | None = None, **options: object
) -> Snapshot:
    """Pull with a new client."""
    key, kind = options.pop("key", account.api_key), options.pop("kind", Hooked)
    with reader(account, before, key=key, kind=kind) as lever:  # type: ignore[arg-type]
        return pull(out, lever=lever, **options)  # type: ignore[arg-type]


def tags_in(snapshot: Snapshot) -> dict[str, list[str]]:
    return {id: sorted(tags) for id, tags in snapshot.sql("select id, tags from opportunities").fetchall()}


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def stop_at(number: int) -> Callable[[int], None]:
    def hook(count: int) -> None:
        if count == number:
            raise KeyboardInterrupt

    return hook


@pytest.mark.parametrize("kind", [Hooked, Bound])
def test_everything_is_read_with_any_kind_of_cursor(
    account: Running, tmp_path: Path, kind: type[Hooked]
) -> None:
    snapshot = take(account, tmp_path, kind=kind)
    assert tags_in(snapshot) == account.state()["opportunities"]
    assert snapshot.meta["completeness"] == {"tags_agree": True, "differences": []}
    assert snapshot.meta["not_seen"] == []


def test_portable_cursors_cost_few_more_requests_than_pages(account: Running, tmp_path: Path) -> None:
    snapshot = take(account, tmp_path)
    pages = snapshot.meta["counts"]["opportunities"] / 100
    asked = [entry for entry in account.log() if entry["path"] == "/opportunities"]
    assert len(asked) < pages + 25


def test_the_lookup_tables_are_written(account: Running, tmp_path: Path) -> None:
    snapshot = take(account, tmp_path)
    assert dict(snapshot.sql("select * from tags").fetchall()) == account.state()["tags"]
    ranks = [rank for (rank,) in snapshot.sql("select rank from stages order by position").fetchall()]
    assert ranks == sorted(ranks)
    known = "select count(*) from opportunities where postings[1] in (select id from postings)"
    assert snapshot.sql(known).fetchall()[0][0] > 100


def test_the_same_account_gives_the_same_bytes_whatever_the_timing(account: Running, tmp_path: Path) -> None:
    digests = {take(account, tmp_path / str(workers), workers=workers).digest for workers in (1, 5, 16)}
    digests.add(take(account, tmp_path / "bound", kind=Bound).digest)
    assert len(digests) == 1


@pytest.mark.parametrize("requests", [1, 4, 9, 15])
def test_a_killed_pull_resumes_without_reading_pages_again(
    account: Running, tmp_path: Path, requests: int
) -> None:
    fresh = take(account, tmp_path / "fresh")
    once = len([entry for entry in account.log() if entry["path"] == "/opportunities"])
    account.clear_log()
    arguments = [account.base_url, account.api_key, str(tmp_path / "killed"), str(requests)]
    ended = subprocess.run(
        [sys.executable, "-c", KILLS_ITSELF, *arguments], env=os.environ | {"PYTHONPATH": "tests"}
    )
    assert ended.returncode == -signal.SIGKILL
    assert take(account, tmp_path / "killed").digest == fresh.digest
    twice = len([entry for entry in account.log() if entry["path"] == "/opportunities"])
    assert twice <= once + 16 + 3


def test_a_pull_stopped_at_every_request_ends_with_the_same_snapshot(tmp_path: Path) -> None:
    with running(contacts=250, rate=None) as account:
        expected = take(account, tmp_path / "fresh").digest
        for number in range(1, 40):
            try:
                take(account, tmp_path / "stopped", stop_at(number % 7 + 3))
            except KeyboardInterrupt:
                continue
            break
        assert Snapshot.open(tmp_path / "stopped").digest == expected


def test_what_changes_while_reading_is_in_the_snapshot(account: Running, tmp_path: Path) -> None:
    ids = sorted(account.state()["opportunities"])
    stages = sorted(set(account.state()["stages"].values()))

    def people_at_work(number: int) -> None:
        if number % 3 == 0 and number < 19:
            account.move(ids[number], stages[number % len(stages)])
            account.add_tags(ids[-number], ["called"])
            account.delete(ids[100 + number])
            account.create(tags=["new"])

    snapshot = take(account, tmp_path, people_at_work)
    assert len(account.state()["deleted"]) > 3
    assert tags_in(snapshot) == account.state()["opportunities"]
    assert snapshot.meta["completeness"]["tags_agree"] is True


def test_a_refresh_reads_changes_new_and_deleted_opportunities_with_few_requests(
    account: Running, tmp_path: Path
) -> None:
    first = take(account, tmp_path)
    ids = sorted(account.state()["opportunities"])
    account.add_tags(ids[0], ["hello"])
    account.delete(ids[1])
    new = account.create(tags=["new"])
    account.clear_log()
    second = take(account, tmp_path)
    assert tags_in(second) == account.state()["opportunities"]
    assert (new in tags_in(second), ids[1] in tags_in(second)) == (True, False)
    assert len(account.log()) < 20
    assert first.digest != second.digest == take(account, tmp_path / "fresh").digest


def test_a_full_pull_reads_everything_again(account: Running, tmp_path: Path) -> None:
    take(account, tmp_path)
    once = len(account.log())
    account.clear_log()
    take(account, tmp_path, full=True)
    assert len(account.log()) >= once > 10


def test_nothing_personal_reaches_the_disk_at_any_time(account: Running, tmp_path: Path) -> None:
    person = {
        "name": "Canary Nightingale",
        "emails": ["canary@example.org"],
        "phones": [{"value": "+49-CANARY"}],
    }
    posting = next(iter(account.account.postings))
    account.create(**person, headline="Canary at Acme", links=["https://canary.example.org"], posting=posting)
    seen = []

    def look(number: int) -> None:
        seen.append(bytes_in(tmp_path))

    take(account, tmp_path, look)
    everything = b"".join([*seen, bytes_in(tmp_path)]).lower()
    assert len(everything) > 100_000
    assert b"canary" not in everything


def test_the_key_is_in_no_file(account: Running, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        take(account, tmp_path, stop_at(12))
    assert account.api_key.encode() not in bytes_in(tmp_path)
    take(account, tmp_path)
    assert account.api_key.encode() not in bytes_in(tmp_path)


def test_what_the_key_may_not_see_is_recorded(account: Running, tmp_path: Path) -> None:
    snapshot = take(account, tmp_path, key=account.restricted_key)
    assert "confidential" in snapshot.meta["not_seen"][0]
    assert set(tags_in(snapshot)) < set(account.state()["opportunities"])
    assert "confidential" in snapshot._repr_html_()


def test_what_became_confidential_is_not_kept_and_counted_as_no_longer_visible(
    account: Running, tmp_path: Path
) -> None:
    first = take(account, tmp_path, key=account.restricted_key)
    hidden, deleted, *_ = sorted(tags_in(first))
    account.set_confidential(hidden)
    account.delete(deleted)
    second = take(account, tmp_path, key=account.restricted_key)
    assert set(tags_in(second)) == set(tags_in(first)) - {hidden, deleted}
    assert second.meta["not_seen"][0].startswith("1 opportunity of the reading before: not deleted")


def test_tag_counts_that_differ_are_recorded(
    account: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = take(account, tmp_path, key=account.restricted_key)
    completeness = snapshot.meta["completeness"]
    assert completeness["tags_agree"] is False
    assert all(row["listed"] > row["counted"] for row in completeness["differences"])
    assert "differ from Lever's own" in capsys.readouterr().err


def test_a_key_with_another_grant_reads_everything_again(account: Running, tmp_path: Path) -> None:
    take(account, tmp_path, key=account.restricted_key)
    assert tags_in(take(account, tmp_path)) == account.state()["opportunities"]


def test_an_unfinished_pull_with_another_grant_begins_anew(
    account: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        take(account, tmp_path, stop_at(12), key=account.restricted_key)
    assert tags_in(take(account, tmp_path)) == account.state()["opportunities"]
    assert "again" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [None, 12])
@pytest.mark.parametrize("full", [False, True])
def test_another_account_is_refused_and_nothing_is_changed(
    account: Running, tmp_path: Path, stop: int | None, full: bool
) -> None:
    if stop:
        with pytest.raises(KeyboardInterrupt):
            take(account, tmp_path, stop_at(stop))
    else:
        take(account, tmp_path)
    with running(contacts=20, seed=2, rate=None) as other, pytest.raises(Refused, match="another folder"):
        take(other, tmp_path, full=full)
    assert (tmp_path / "pull.sqlite").exists() == bool(stop)
    assert tags_in(take(account, tmp_path)) == account.state()["opportunities"]


def test_two_pulls_into_one_folder_exclude_each_other(account: Running, tmp_path: Path) -> None:
    with PullCheckpoint(tmp_path), pytest.raises(Locked, match="another pull"):
        take(account, tmp_path)


def test_an_offset_that_is_refused_restarts_its_window(account: Running, tmp_path: Path) -> None:
    with reader(account, kind=Forgetful) as lever:
        snapshot = pull(tmp_path, lever=lever)
        assert lever._session._http._transport.offsets > 8  # type: ignore[attr-defined]
    assert tags_in(snapshot) == account.state()["opportunities"]


def test_an_account_with_many_faults_is_read_completely(account: Running, tmp_path: Path) -> None:
    account.configure(error_share=0.05, gateway_share=0.05, reset_share=0.05, lost_share=0.05)
    assert tags_in(take(account, tmp_path)) == account.state()["opportunities"]


def test_what_was_read_is_kept_when_the_account_becomes_unreachable(account: Running, tmp_path: Path) -> None:
    fault = account.fault("status", path="/opportunities", status=503, skip=5, times=None)
    with pytest.raises(Unreachable):
        take(account, tmp_path)
    assert fault.fired > 6
    account.clear_faults()
    account.clear_log()
    assert tags_in(take(account, tmp_path)) == account.state()["opportunities"]


@pytest.mark.parametrize("contacts", [0, 1])
def test_a_tiny_account_is_complete(tmp_path: Path, contacts: int) -> None:
    with running(contacts=contacts, rate=None) as account:
        snapshot = take(account, tmp_path)
        assert tags_in(snapshot) == account.state()["opportunities"]
        assert json.loads((tmp_path / "snapshot.json").read_text())["complete"] is True


def test_a_file_in_place_of_the_folder_is_named(account: Running, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file cannot be the folder"):
        take(account, tmp_path / "file")


def test_no_request_is_refused_at_a_pace_just_below_the_limit(tmp_path: Path) -> None:
    with running(contacts=400, rate=200, burst=20) as account:
        with reader(account, pace=Pace(196, 10)) as lever:
            pull(tmp_path, lever=lever)
        assert {entry["status"] for entry in account.log()} == {200}
