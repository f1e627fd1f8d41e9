"""--account on any command: it acts for that account alone, and for no other than the file names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Ended, run_command
from support.many_accounts import many_accounts, variable, write_accounts

from leverkit.cli.connection import account_in
from leverkit.emulator import Running
from leverkit.environment import environment_of
from leverkit.errors import UsageError
from leverkit.notebook.parameters import parameters
from leverkit.notebook.workspace import desk

Accounts = dict[str, Running]


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Two accounts, alpha and beta."""
    with many_accounts(tmp_path, monkeypatch, "alpha", "beta") as accounts:
        yield accounts


def ended(capfd: pytest.CaptureFixture[str], *words: str) -> Ended:
    before = dict(os.environ)
    found = run_command(words, capfd)
    assert dict(os.environ) == before
    return found


def folder_of(name: str) -> Path:
    known = json.loads(Path("workspace/accounts.json").read_text())["accounts"]
    return Path("workspace", next(each["id"] for each in known if each["name"] == name)).absolute()


def written(account: Running) -> list[object]:
    return [entry for entry in account.log() if entry["method"] != "GET"]


def test_placeholders_stand_for_the_account_s_own_files(
    two: Accounts, capfd: pytest.CaptureFixture[str]
) -> None:
    pulled = ended(capfd, "pull", "-o", "{snapshot}", "--account", "alpha")
    assert pulled.code == 0, pulled
    assert "connecting to account alpha at " in pulled.err
    assert f"with the key from {variable('alpha')} in the environment" in pulled.err
    folder = folder_of("alpha")
    snapshot = json.loads((folder / "snapshot" / "snapshot.json").read_text())
    assert (snapshot["account_name"], snapshot["account"]) == ("alpha", folder.name)
    assert two["beta"].log() == []
    assert ended(capfd, "policy", "suggest", "{snapshot}", "-o", "{policy}", "--account=alpha").code == 0
    assert (folder / "policy.csv").exists()
    words = ("plan", "{snapshot}", "--policy", "{policy}", "-o", "{run}")
    assert ended(capfd, "--account", "alpha", *words).code == 0
    assert len(list(folder.glob("runs/*/plan.json"))) == 1
    assert "nothing to do" in ended(capfd, "--account", "alpha", "status", "{run}").out
    noted = json.loads(Path("workspace/commands/alpha.pull.json").read_text())
    assert (noted["command"], noted["exit_code"]) == ("pull", 0)


def test_a_placeholder_that_is_misspelt_is_refused_and_braces_of_a_tag_stay(
    two: Accounts, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = ended(capfd, "--account", "alpha", "audit", "{snapshto}")
    assert (wrong.code, "did you mean 'snapshot'" in wrong.err) == (64, True)
    tag = ended(
        capfd, "--account", "alpha", "plan", "nowhere", "--policy", "p", "-o", "r", "--only-tag", "{vip}"
    )
    assert "{vip}" not in tag.err


def test_a_key_that_was_swapped_is_refused_before_anything_is_written(
    two: Accounts, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in two:
        assert ended(capfd, "pull", "-o", "{snapshot}", "--account", name).code == 0
    beta, files = folder_of("beta").name, sorted(Path("workspace").rglob("*"))
    monkeypatch.setenv(variable("alpha"), two["beta"].api_key)
    write_accounts(Path.cwd(), {"alpha": two["beta"], "beta": two["beta"]})  # at Lever, all have one address
    two["beta"].clear_log()
    for words in (
        ("pull", "-o", "{snapshot}"),
        ("pull", "-o", "elsewhere"),
        ("sync", "--policy", "{policy}"),
        ("sync", "approve", "--policy", "{policy}", "--max-ops", "5"),
    ):
        Path("workspace", folder_of("alpha").name, "policy.csv").write_text("tag,scope\n")
        refused = ended(capfd, *words, "--account", "alpha")
        assert refused.code == 4, refused
        assert (
            f"opens account {beta} at 127.0.0.1, and alpha was account {folder_of('alpha').name}"
            in refused.err
        )
    assert not Path("elsewhere").exists()
    assert written(two["beta"]) == []
    made = {path.name for path in set(Path("workspace").rglob("*")) - set(files)}
    assert made == {"policy.csv", "alpha.sync.json", "report.html"}  # the page of the job that was refused


def test_an_account_that_is_known_by_its_id_alone_is_no_swapped_one(
    two: Accounts, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ended(capfd, "pull", "-o", "{snapshot}", "--account", "alpha").code == 0
    registry = Path("workspace", "accounts.json")  # as a process finds it that looked for the ids too early
    document = json.loads(registry.read_text())
    document["accounts"] = [each | {"account_ids": []} for each in document["accounts"]]
    registry.write_text(json.dumps(document))
    again = ended(capfd, "pull", "-o", "{snapshot}", "--account", "alpha")
    assert again.code == 0, again.err


def test_the_id_in_the_file_counts_and_doctor_tells_of_another(
    two: Accounts, capfd: pytest.CaptureFixture[str]
) -> None:
    write_accounts(Path.cwd(), two, alpha='account = "0123456789ab"')
    refused = ended(capfd, "pull", "-o", "{snapshot}", "--account", "alpha")
    assert (refused.code, "accounts.toml expects 0123456789ab" in refused.err) == (4, True)
    checked = ended(capfd, "doctor", "--account", "alpha")
    assert (checked.code, "accounts.toml expects" in checked.out) == (4, True)
    (found,) = json.loads(ended(capfd, "accounts", "check", "--account", "beta", "--json").out)
    write_accounts(Path.cwd(), two, beta=f'account = "{found["id"]}"')
    assert ended(capfd, "pull", "-o", "{snapshot}", "--account", "beta").code == 0


def test_an_account_without_its_key_is_never_the_demo_account(
    two: Accounts, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable("alpha"))
    for words in (
        ("pull", "-o", "{folder}/x", "--demo"),
        ("doctor", "--demo"),
    ):
        refused = ended(capfd, *words, "--account", "alpha")
        assert (refused.code, variable("alpha") in refused.err + refused.out) == (12, True), refused


def test_approvals_are_those_of_the_account_alone(two: Accounts, capfd: pytest.CaptureFixture[str]) -> None:
    for name in two:
        assert ended(capfd, "pull", "-o", "{snapshot}", "--account", name).code == 0
        (folder_of(name) / "runs" / name).mkdir(parents=True)
        for file in ("plan.json", "journal.sqlite"):
            (folder_of(name) / "runs" / name / file).write_text("damaged")
    listed = ended(capfd, "status", "--approvals", "--account", "alpha")
    assert "runs/alpha" in listed.err
    assert "runs/beta" not in listed.err


def test_check_tells_of_a_key_that_is_refused_and_of_two_names_for_one_account(
    two: Accounts, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("gamma"), "not-a-key-of-it")
    write_accounts(Path.cwd(), {**two, "gamma": two["alpha"], "delta": two["beta"]})
    monkeypatch.setenv(variable("delta"), two["beta"].api_key)
    checked = ended(capfd, "accounts", "check", "--json")
    found = {each["account"]: each for each in json.loads(checked.out)}
    assert {name: _code(each) for name, each in found.items()} == {
        "alpha": 0,
        "beta": 4,
        "gamma": 12,
        "delta": 4,
    }
    assert checked.code == 12
    assert ended(capfd, "accounts").out == ended(capfd, "accounts", "list").out
    listed = json.loads(ended(capfd, "accounts", "list", "--json").out)
    assert {each["key"].split()[-1] for each in listed} == {"set"}
    assert not [each for each in two.values() if written(each)]


def _code(found: dict[str, list[dict[str, object]]]) -> object:
    return next((check["exit_code"] for check in found["checks"] if check["ok"] is False), 0)


def test_brakes_and_policy_of_the_file_are_the_defaults_of_commands(
    two: Accounts, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("own.csv").write_text("tag,scope\nspeaks German,contact\n")
    lines = 'policy = "own.csv"\nbrakes = { max_ops = 0, max_pct = -1, max_tag_pct = -1 }'
    write_accounts(Path.cwd(), two, alpha=lines)
    assert ended(capfd, "pull", "-o", "{snapshot}", "--account", "alpha").code == 0
    tag = _a_tag_with_gaps(two["alpha"])
    Path("own.csv").write_text(f'tag,scope\n"{tag}",contact\n')
    braked = ended(capfd, "plan", "{snapshot}", "--policy", "{policy}", "-o", "{run}", "--account", "alpha")
    assert (braked.code, "--max-ops 0" in braked.err) == (5, True)
    by_default = ended(capfd, "--account", "alpha", "plan", "{snapshot}", "-o", "{run}", "--max-ops", "9999")
    assert by_default.code == 0, by_default


def _a_tag_with_gaps(account: Running) -> str:
    state = account.state()
    people: dict[str, list[set[str]]] = {}
    for opportunity, contact in state["contacts"].items():
        people.setdefault(contact, []).append(set(state["opportunities"][opportunity]))
    gaps = (set.union(*own) - set.intersection(*own) for own in people.values())
    own = {tag for tag, scope in account.truth.items() if scope == "contact" and '"' not in tag}
    return min(own & set().union(*gaps))


def test_a_process_for_an_account_finds_no_key_of_another(
    two: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leverkit.environment import accounts_file

    monkeypatch.setenv("LEVER_API_KEY", "the key of the environment")
    monkeypatch.setenv("LEVER_WEBHOOK_SECRETS", "a secret")
    known = accounts_file()
    found = environment_of(known.entry("alpha"), known)
    assert found[variable("alpha")] == two["alpha"].api_key
    assert not {variable("beta"), "LEVER_API_KEY", "LEVER_BASE_URL", "LEVER_WEBHOOK_SECRETS"} & found.keys()


def test_a_notebook_s_parameter_account_chooses_one_for_its_kernel(
    two: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVERKIT_ACCOUNT", "")
    cell = {"__annotations__": {"account": "str"}, "account": "beta"}
    parameters(cell)
    with (own := desk(rate=1000.0)).lever:
        own.pull()
        assert own.lever.account.name == "beta"
    assert two["alpha"].log() == []
    cell["account"] = ""
    parameters(cell)
    assert os.environ["LEVERKIT_ACCOUNT"] == ""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--account", "a", "pull"], ("a", ["pull"])),
        (["pull", "--account=a", "-o", "x"], ("a", ["pull", "-o", "x"])),
        (["plan", "--", "--account", "a"], ("", ["plan", "--", "--account", "a"])),
        (["accounts", "run", "--account", "a"], ("", ["accounts", "run", "--account", "a"])),
        (["pull", "--account"], ("", ["pull", "--account"])),
    ],
)
def test_the_option_is_found_wherever_it_stands(words: list[str], found: object) -> None:
    assert account_in(words) == found


@pytest.mark.parametrize(
    "words", [["pull", "--account", ""], ["pull", "--account="], ["--account", " ", "pull"]]
)
def test_an_empty_name_is_not_the_account_of_the_environment(words: list[str]) -> None:
    with pytest.raises(UsageError, match="without a name"):
        account_in(words)


def test_a_file_without_an_account_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text("[defaults]\nbrakes = { max_ops = 1 }\n")
    monkeypatch.setenv("LEVERKIT_ACCOUNTS_FILE", str(path))
    for words in (("accounts", "list"), ("accounts", "run", "--", "audit", "{snapshot}")):
        refused = ended(capfd, *words)
        assert (refused.code, "names no account yet" in refused.err) == (64, True)


def test_two_accounts_for_one_command_are_refused() -> None:
    with pytest.raises(UsageError, match="accounts run"):
        account_in(["pull", "--account", "a", "--account", "b"])
