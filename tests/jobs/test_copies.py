"""A plan from a copy is bound to the account of the key, read fresh for whom it concerns."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import copies
from support.accounts import policy, split_contacts
from support.clients import reader
from support.commands import Ended, run_command
from support.copies import Account

from leverkit.emulator import Running, running
from leverkit.errors import UsageError
from leverkit.jobs.ledger import last_reading, reading_of, update_ledger
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.settings import find_account_folder, workspace
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.account_registry import account_folder

TAG = "a tag of the person"


class Place:
    """An account, a copy of it that is a little older, and commands that run beside it."""

    def __init__(self, account: Running, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.account, self._capfd = account, capfd
        self.ids = next(iter(split_contacts(account, 3).values()))
        account.add_tags(self.ids[0], [TAG])
        with reader(account) as lever:
            copies.write_json(folder / "json", Account.read(lever))
        policy(folder / "policy.csv", **{TAG: "contact"})

    def command(self, *words: str) -> Ended:
        return run_command(words, self._capfd)

    def pull_copy(self) -> Ended:
        return self.command("pull", "--from", "json", "--shape", "json", "-o", "copy")

    def plan(self) -> Ended:
        return self.command("plan", "copy", "--policy", "policy.csv", "-o", "run", "--max-tag-pct", "-1")


@pytest.fixture
def place(
    lever_account: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(lever_account, tmp_path, capfd)


def test_a_plan_from_a_copy_is_of_what_the_account_holds_now_and_is_verified(place: Place) -> None:
    pulled = place.pull_copy()
    assert (pulled.code, "according to a copy (json)" in pulled.out) == (0, True)
    assert "tag counts agree" in pulled.err
    place.account.add_tags(place.ids[1], [TAG])  # since the copy was made
    planned = place.plan()
    assert "whom to look at rests on it" in planned.err
    made = Plan.read("run")
    assert [(each.opportunity, each.tag) for each in made.operations] == [
        (id, TAG) for id in sorted(place.ids[2:])
    ]
    assert set(place.ids) <= made.before.keys()
    assert place.command("apply", "run", "--approve", made.short).code == 0
    assert place.command("verify", "run").code == 0


def test_what_people_removed_by_the_ledger_is_not_planned_from_a_copy_which_tells_it_nothing(
    place: Place,
) -> None:
    with reader(place.account) as lever:
        place.account.add_tags(place.ids[1], [TAG])
        before = pull("snapshot", lever=lever)
        folder = account_folder(workspace(), before.account)
        update_ledger(folder, before, lever=lever)
        place.account.remove_tags(place.ids[1], [TAG])
        update_ledger(folder, pull("snapshot", lever=lever), lever=lever)
    reading = last_reading(folder)
    place.pull_copy()
    place.plan()
    assert place.ids[1] not in {each.opportunity for each in Plan.read("run").operations}
    assert "removed by others" in Path("run/skipped.csv").read_text()
    assert find_account_folder(before.account) == folder
    assert last_reading(folder) == reading
    with pytest.raises(UsageError, match="the ledger takes readings of Lever alone"):
        reading_of(Snapshot.open("copy"))
    for words in (("changes", "copy"), ("ledger", "rebuild", "copy"), ("ledger", "status", "copy")):
        ended = place.command(*words)
        assert (ended.code, "a copy" in ended.err) == (64, True), words


def test_a_copy_of_another_account_is_refused_and_one_without_a_key_is_not_planned(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.pull_copy()
    with running(contacts=20, seed=9, rate=None) as other:
        monkeypatch.setenv("LEVER_API_KEY", other.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", other.base_url)
        refused = place.plan()
        assert (refused.code, "is no copy of the account that the key opens" in refused.err) == (4, True)
    for name in ("LEVER_API_KEY", "LEVER_BASE_URL"):
        monkeypatch.delenv(name)
    assert place.plan().code == 12
    assert not Path("run").exists()
    with pytest.raises(UsageError, match="does not tell whose account it is"):
        plan(Snapshot.open("copy"), Policy.read("policy.csv"))
    unseen = place.pull_copy()
    assert "not compared with Lever's own: no key is set" in unseen.err


def test_a_copy_is_never_written_where_the_readings_of_an_account_are(place: Place) -> None:
    assert place.command("pull", "-o", "elsewhere").code == 0
    own = workspace() / Snapshot.open("elsewhere").account / "snapshot"
    refused = place.command("pull", "--from", "json", "--shape", "json", "-o", str(own))
    assert (refused.code, f"such as {own.parent / 'copy'}" in refused.err) == (64, True), refused
    assert not own.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "json"), "--from needs --shape"),
        (("--shape", "json"), "add --from"),
        (("--from", "json", "--shape", "json", "--full"), "--from reads a copy"),
        (("--from", "json", "--shape", "joson"), "no shape 'joson'"),
        (("--from", "s3://bucket/copy", "--shape", "json"), "no such kind of address"),
        (("--from", "postgresql://a:secret@host/db", "--shape", "dlt"), "a password in an address"),
    ],
)
def test_what_makes_no_sense_ends_with_64_and_says_what_to_give(
    words: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ended = run_command(["pull", *words, "-o", str(tmp_path / "out")], capfd)
    assert (ended.code, message in ended.err, "secret" in ended.err) == (64, True, False)
    assert not (tmp_path / "out").exists()
