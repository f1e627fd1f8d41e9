"""An account is recognised as it changes, from machine to machine; another one, or a copy, never is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.account_ids import add_reason, remove_reasons, replace_reasons
from support.accounts import policy, split_contacts
from support.commands import run_command

import leverkit as lk
from leverkit.api.client import Lever
from leverkit.emulator import Running, running
from leverkit.errors import Refused
from leverkit.migration.run import Run
from leverkit.notebook.workspace import AccountWorkspace
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.storage.account_registry import read_accounts
from leverkit.storage.files import digest
from leverkit.webhook.event_queue import EventQueue
from leverkit.webhook.live_plan import live_plan
from leverkit.webhook.matching import missing_shared_tags
from leverkit.webhook.worker import Worker, WorkerConfig

Command = Callable[..., str]
FAST = ("--rate", "1000")
WIDE = ("--max-pct", "100", "--max-tag-pct", "100000")


@pytest.fixture
def command(
    lever_account: Running, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run a command in the test's folder; return what it says, if it ends with `code`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words: str, code: int = 0) -> str:
        ended = run_command(words, capfd)
        assert ended.code == code, ended
        return ended.err

    return run


@pytest.fixture
def vip(lever_account: Running, tmp_path: Path) -> str:
    """Put a tag, which is the person's, on one of their two opportunities; return the other one."""
    first, second, *_ = next(iter(split_contacts(lever_account).values()))
    lever_account.add_tags(first, ["vip"])
    policy(tmp_path / "policy.csv", vip="contact")
    return second


def planned(command: Command, run: str = "run") -> str:
    command("pull", "-o", "snapshot", *FAST)
    command("plan", "snapshot", "--policy", "policy.csv", "-o", run, *WIDE)
    return Plan.read(run).short


def connected() -> Lever:
    return lk.connect(write=True, rate=1000)


@contextmanager
def at_the_desk() -> Iterator[AccountWorkspace]:
    """Open the account's folder as a notebook does."""
    desk = lk.desk(rate=1000)
    with desk.lever:
        yield desk


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Go on as on another machine, whose workspace and cache are empty."""
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(folder / "workspace"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))


def edit(file: Path, **values: object) -> None:
    """Change values of a document; None takes one out."""
    found = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in found.items() if value is not None}))


def test_a_reason_added_before_each_command_stops_none_of_them(
    command: Command, lever_account: Running, vip: str
) -> None:
    start = lever_account.state()["opportunities"]
    plan = planned(command)
    steps = [
        ("apply", "run", "--approve", plan, *FAST),
        ("verify", "run", *FAST),
        ("pull", "-o", "snapshot", *FAST),
        ("pull", "-o", "again", *FAST),
        ("rollback", "run", "-o", "undo"),
    ]
    for step in steps:
        add_reason(lever_account)
        command(*step)
    assert "vip" in lever_account.state()["opportunities"][vip]
    for step in (("apply", "undo", "--approve", Plan.read("undo").short), ("verify", "undo")):
        add_reason(lever_account)
        command(*step, *FAST)
    assert lever_account.state()["opportunities"] == start
    snapshots = [json.loads(Path(name, "snapshot.json").read_text()) for name in ("snapshot", "again")]
    assert {found["account"] for found in snapshots} == {Plan.read("run").account}


def test_a_reason_added_between_notebooks_leaves_the_folder_and_its_plans(
    lever_account: Running, vip: str
) -> None:
    folders = set()

    def step(do: Callable[[AccountWorkspace], Any]) -> Any:
        add_reason(lever_account)
        with at_the_desk() as desk:
            folders.add(desk.folder)
            return do(desk)

    step(lambda desk: policy(desk.policy_file, vip="contact"))
    plan = step(lambda desk: desk.migration("plan", max_tag_pct=None)).plan.short
    assert step(lambda desk: desk.migration("apply", plan, max_tag_pct=None).carry_out()).require()
    assert step(lambda desk: desk.migration("verify", plan).verify()).require()
    undo = step(lambda desk: desk.rollback("plan", plan)).plan.short
    assert step(lambda desk: desk.rollback("apply", approve=undo).carry_out()).require()
    assert step(lambda desk: desk.rollback("verify").verify()).require()
    assert len(folders) == 1


def test_a_reason_added_stops_neither_propagation_nor_a_receiver_that_goes_on_with_its_run(
    lever_account: Running, tmp_path: Path, vip: str
) -> None:
    with connected() as lever:
        found = lever.opportunities_of([lever.opportunity(vip).contact])
        plan = live_plan(lever, found, missing_shared_tags(found, {"vip"}), taken_at=1, policy_digest="x")
    plan.write(tmp_path / "begun")
    queue = EventQueue(tmp_path / "inbox.sqlite")
    queue.begin_run("begun")
    add_reason(lever_account)
    with connected() as lever:
        Worker(queue, lever, WorkerConfig(tmp_path / "policy.csv", tmp_path, sweep_s=0)).run_once()
        assert Run.open(tmp_path / "begun").counts["done"] == 1
    queue.close()
    add_reason(lever_account)
    with connected() as lever:
        assert lk.propagate(lever, opportunity=vip, remove=["vip"]).exit_code == 0
    assert "vip" not in lever_account.state()["opportunities"][vip]


def test_where_all_reasons_were_replaced_a_person_confirms_once_and_it_is_recorded(
    command: Command, lever_account: Running, vip: str, tmp_path: Path
) -> None:
    plan = planned(command)
    replace_reasons(lever_account)
    steps = [("pull", "-o", "snapshot"), ("apply", "run", "--approve", plan), ("verify", "run")]
    for step in steps:
        said = command(*step, *FAST, code=4)
        assert "0 of 7 archive reasons and 6 of 6 stages agree; nothing was done" in said
        assert "--same-account" in said
    assert "vip" not in lever_account.state()["opportunities"][vip]
    command("apply", "run", "--approve", plan, "--same-account", *FAST)
    assert json.loads(Path("run/same_account.json").read_text())["known"] == Plan.read("run").account
    assert [len(known.confirmed) for known in read_accounts(tmp_path / "workspace")] == [1]
    for step in (*steps[2:], steps[0], ("verify", "run")):
        command(*step, *FAST)


def test_notebooks_name_the_account_that_this_may_be_and_go_on_there_once_that_is_said(
    command: Command, lever_account: Running
) -> None:
    with at_the_desk() as desk:
        folder = desk.pull().path.parent
    replace_reasons(lever_account)
    with pytest.raises(Refused, match=f"may be {folder.name}.* pull -o .*{folder.name}/snapshot --same"):
        lk.desk(rate=1000)
    command("pull", "-o", str(folder / "snapshot"), "--same-account", *FAST)
    with at_the_desk() as desk:
        assert desk.folder == folder


@pytest.mark.parametrize("with_ids", [True, False])
def test_a_workspace_of_an_older_leverkit_or_without_its_registry_is_gone_on_with(
    command: Command, lever_account: Running, tmp_path: Path, with_ids: bool
) -> None:
    with at_the_desk() as desk:
        snapshot = desk.pull().path
    (tmp_path / "workspace" / "accounts.json").unlink()
    add_reason(lever_account)
    if not with_ids:
        edit(snapshot / "snapshot.json", account_ids=None, account_name=None, demo=None)
        with pytest.raises(Refused, match=r"no id of it was noted then.* pull -o .* --same-account"):
            lk.desk(rate=1000)
        command("pull", "-o", str(snapshot), "--same-account", *FAST)
    with at_the_desk() as desk:
        assert desk.folder == snapshot.parent


def test_another_account_with_equal_names_is_refused_whatever_a_person_says(
    command: Command, vip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(command)
    before = Path("snapshot/snapshot.json").read_bytes()
    with running(contacts=60, seed=4, rate=None) as other:
        monkeypatch.setenv("LEVER_API_KEY", other.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", other.base_url)
        for step in (("pull", "-o", "snapshot"), ("apply", "run", "--approve", plan), ("verify", "run")):
            said = command(*step, "--same-account", *FAST, code=4)
            assert "0 of 7 archive reasons and 0 of 6 stages agree" in said
            assert "say so with" not in said
        assert {entry["method"] for entry in other.log()} == {"GET"}
    assert Path("snapshot/snapshot.json").read_bytes() == before


def test_an_account_without_reasons_is_recognised_by_its_stages_and_no_other_is_taken_for_it(
    command: Command, lever_account: Running, vip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_reasons(lever_account)
    plan = planned(command)
    command("apply", "run", "--approve", plan, *FAST)
    add_reason(lever_account)
    command("verify", "run", *FAST)
    with running(contacts=60, seed=4, rate=None) as other:
        remove_reasons(other)
        monkeypatch.setenv("LEVER_API_KEY", other.api_key)
        monkeypatch.setenv("LEVER_BASE_URL", other.base_url)
        assert "0 of 6 stages agree" in command("verify", "run", *FAST, code=4)


def test_a_copy_of_the_account_at_another_host_is_refused_everywhere(
    command: Command, lever_account: Running, vip: str
) -> None:
    plan = planned(command)
    command("apply", "run", "--approve", plan, *FAST)
    command("rollback", "run", "-o", "undo")
    edit(Path("snapshot/snapshot.json"), base_url_host="api.sandbox.lever.co")
    for run in ("run", "undo"):
        made = msgspec.structs.replace(Plan.read(run), host="api.sandbox.lever.co")
        made.write(f"{run} there")
    writes = len([entry for entry in lever_account.log() if entry["method"] == "POST"])
    for step in (
        ("pull", "-o", "snapshot"),
        ("apply", "undo there", "--approve", Plan.read("undo there").short),
        ("verify", "run there"),
        ("verify", "undo there"),
    ):
        said = command(*step, *FAST, "--same-account", code=4)
        assert "was made at api.sandbox.lever.co, the key is for 127.0.0.1; nothing was done" in said
    assert len([entry for entry in lever_account.log() if entry["method"] == "POST"]) == writes


def test_another_machine_goes_on_with_a_copied_run_after_a_reason_was_added(
    command: Command, lever_account: Running, vip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(command)
    elsewhere(monkeypatch, tmp_path / "other")
    shutil.copytree("run", "other/run")
    add_reason(lever_account)
    with chdir("other"):
        command("apply", "run", "--approve", plan, *FAST)
        command("verify", "run", *FAST)
        assert "vip" in lever_account.state()["opportunities"][vip]
        command("rollback", "run", "-o", "undo")
        command("apply", "undo", "--approve", Plan.read("undo").short, *FAST)
    assert "vip" not in lever_account.state()["opportunities"][vip]


def test_what_was_made_without_ids_is_judged_as_before_or_by_the_workspace(
    command: Command, lever_account: Running, vip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(command)
    edit(Path("snapshot/snapshot.json"), account_ids=None, account_name=None, demo=None)
    command("plan", "snapshot", "--policy", "policy.csv", "-o", "old", *WIDE)
    plan = Plan.read("old")
    assert plan.account_ids == ()
    edit(Path("old/plan.json"), account_name=None, demo=None, seal=None)
    edit(Path("old/plan.json"), seal=digest(json.loads(Path("old/plan.json").read_text())))
    assert Plan.read("old").plan_id == plan.plan_id
    command("apply", "old", "--approve", plan.short, *FAST)
    add_reason(lever_account)
    command("verify", "old", *FAST)
    elsewhere(monkeypatch, tmp_path / "other")
    assert "no id of it was noted then" in command("verify", "old", *FAST, code=4)
    command("verify", "old", "--same-account", *FAST)
    command("verify", "old", *FAST)


def test_the_name_of_the_account_is_kept_and_in_every_document(
    command: Command, lever_account: Running, vip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVERKIT_ACCOUNT_NAME", "Acme")
    command("pull", "-o", "named", *FAST)
    monkeypatch.delenv("LEVERKIT_ACCOUNT_NAME")
    command("apply", "run", "--approve", planned(command), *FAST)
    command("verify", "run", *FAST)
    documents = ("snapshot/snapshot.json", "run/plan.json", "run/result.json", "run/verify.json")
    found = [json.loads(Path(file).read_text()) for file in documents]
    assert {each["account_name"] for each in found} == {"Acme"}
    assert {each["demo"] for each in found} == {False}
    assert {each.get("host") or each["base_url_host"] for each in found} == {"127.0.0.1"}
    with at_the_desk() as desk:
        assert desk.lever.account.title.startswith("Acme ")
    page = lk.audit("snapshot").to_html("audit.html", policy=Policy.at("policy.csv"))
    assert "DEMO, invented people on this computer. Account Acme " in Path(page).read_text()


def test_recognising_an_account_takes_one_request(command: Command, lever_account: Running, vip: str) -> None:
    plan = planned(command)
    add_reason(lever_account)
    for step in (("apply", "run", "--approve", plan), ("verify", "run")):
        lever_account.clear_log()
        command(*step, *FAST)
        asked = [entry["path"] for entry in lever_account.log()]
        assert asked.count("/archive_reasons") == 1
        assert not {"/stages", "/users"} & set(asked)
