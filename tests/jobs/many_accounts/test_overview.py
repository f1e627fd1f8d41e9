"""One page for many accounts: a row for each, the worst first, and if wanted nothing that tells whose."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from contract.schemas import FOLDER
from support.commands import run_command
from support.made_copies import NOW, opportunity, write_lines
from support.many_accounts import many_accounts, variable, write_accounts

from leverkit.emulator import Running
from leverkit.snapshot.warehouse.reading import read_copy

SCHEMA = json.loads((FOLDER / "accounts.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Running]]:
    """Three accounts of which alpha and beta are read, and alpha has nothing to decide."""
    with many_accounts(tmp_path, monkeypatch, "alpha", "beta", "refused") as accounts:
        monkeypatch.setenv(variable("refused"), "revoked-key")
        write_accounts(tmp_path, accounts, alpha='labels = ["emea"]\npolicy = "decided.csv"')
        yield accounts


def overview(capfd: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    ended = run_command(("overview", "--all", "--json", *words), capfd)
    assert ended.code == 0, ended
    document = json.loads(ended.out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document["accounts"]


def test_the_page_has_a_row_per_account_with_the_worst_first(
    three: dict[str, Running], capfd: pytest.CaptureFixture[str]
) -> None:
    for name in three:
        run_command(("pull", "-o", "{snapshot}", "--account", name), capfd)
    _decide_all(three["alpha"])
    _split_a_tag(three["beta"])
    run_command(("pull", "-o", "{snapshot}", "--account", "beta"), capfd)
    refused, beta, alpha = overview(capfd)
    assert [row["account"] for row in (refused, beta, alpha)] == ["refused", "beta", "alpha"]
    assert (refused["last_command"], refused["last_command_code"]) == ("pull", 12)
    assert str(refused["to_do"]).startswith("Check the key")
    assert (beta["splits"], beta["splitting"]) == (1, ["split now"])
    assert str(beta["to_do"]).startswith("Change the integration: 1 tag is still being split.")
    assert (alpha["to_decide"], alpha["to_copy"], alpha["to_do"]) == (0, 0, "Nothing.")
    page = Path("overview.html").read_text(encoding="utf-8")
    assert "3 accounts: 1 with a problem, 1 with gaps to decide or to copy" in page
    assert "pull: the key was refused (12), " in page
    with Path("overview.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["account"] for row in csv.DictReader(file)] == ["refused", "beta", "alpha"]
    assert (
        json.loads(Path("overview.json").read_text(encoding="utf-8"))["accounts"][0]["account"] == "refused"
    )


def test_figures_that_rest_on_a_copy_say_so(
    three: dict[str, Running], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_command(("pull", "-o", "{snapshot}", "--account", "beta"), capfd)
    (snapshot,) = Path("workspace").glob("*/snapshot")
    shutil.rmtree(snapshot)
    file = write_lines(tmp_path / "copy" / "opportunities.jsonl", [opportunity("1")])
    read_copy(snapshot, str(file.parent), "json", now_ms=NOW)
    (beta,) = (row for row in overview(capfd) if row["account"] == "beta")
    assert str(beta["to_do"]).startswith("Read it: these figures are according to a copy (json), which lacks")


def test_anonymised_accounts_tell_nothing_of_whose_they_are_and_a_damaged_one_hides_no_other(
    three: dict[str, Running], capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("alpha", "beta"):
        run_command(("pull", "-o", "{snapshot}", "--account", name), capfd)
    known = json.loads(Path("workspace/accounts.json").read_text())["accounts"]
    alpha = next(each["id"] for each in known if each["name"] == "alpha")
    Path("workspace", alpha, "snapshot", "opportunities.parquet").write_bytes(b"")
    rows = overview(capfd, "--anonymise", "-o", "vendor/page.html")
    assert [row["problem"] for row in rows] == ["damaged", "", ""]
    assert [row["to_do"] for row in rows[1:2]] == ["Read it: leverkit accounts run -- pull -o {snapshot}"]
    words = {*three, "emea", "127.0.0.1", *(each["id"] for each in known)}
    for path in Path("vendor").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [each for each in words if each in text], path


def _decide_all(account: Running) -> None:
    rows = [f'"{tag}",opportunity' for tag in account.state()["tags"] if '"' not in tag and "," not in tag]
    Path("decided.csv").write_text("\n".join(["tag,scope", *rows]) + "\n", encoding="utf-8")


def _split_a_tag(account: Running) -> None:
    """Let an integration tag one opportunity of a person who has several."""
    contacts = account.state()["contacts"]
    several = [each for each, contact in contacts.items() if list(contacts.values()).count(contact) > 1]
    account.add_tags(several[0], ["split now"])
