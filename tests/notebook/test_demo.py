"""The demo: the whole flow ends well and leaves the account as it was; a foreign folder is left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.personal_data import forms_of, people

from leverkit.emulator import running
from leverkit.errors import UsageError
from leverkit.notebook.demo import MARK, SEED, run_demo

CANARY, CONTACTS = "canary0key2of2nobody4", 150


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Run the demo; give its folder and the lines of its summary."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return folder, run_demo(folder, contacts=CONTACTS, key=CANARY).splitlines()


@pytest.mark.timeout(900)  # the whole flow with its notebooks, on a busy machine
def test_the_demo_shows_the_flow_and_leaves_the_account_as_it_was(demo: tuple[Path, list[str]]) -> None:
    folder, lines = demo
    words = [
        "Account",
        "Audit",
        "Policy",
        "Plan",
        "Apply",
        "Verify",
        "Again",
        "Overview",
        "Rollback",
        "Undone",
        "State",
    ]
    assert [line.split()[0] for line in lines[:11]] == words
    planned = re.search(r"(\d+) taggings to add", lines[3])
    assert planned is not None
    assert int(planned[1]) > 0
    pages = [Path(line.strip()) for line in lines[13:]]
    assert len(pages) == 11
    assert all(page.stat().st_size > 2000 for page in pages)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("run.json")]
    assert [(record["status"], record["exit_code"]) for record in records] == [("done", 0)] * 9


@pytest.mark.timeout(900)
def test_no_file_of_a_notebook_that_audits_or_migrates_holds_the_key_or_a_person(
    demo: tuple[Path, list[str]],
) -> None:
    folder, lines = demo
    with running(contacts=CONTACTS, seed=int(SEED), rate=None, api_key=CANARY) as account:
        secrets = people(account) | forms_of(CANARY)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(list((folder / "jobs").glob("*/*.html"))) == 9
    assert list(folder.rglob("journal.sqlite"))
    assert (len(files) > 40, len(secrets) > 150) == (True, True)
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path
    assert not [secret for secret in secrets if secret.decode() in "\n".join(lines)]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_demo_takes_an_account_from_files(tmp_path: Path) -> None:
    with running(contacts=40, seed=5) as account:
        rows = account.do(lambda held: [row.raw for row in held.rows.values()])
    (tmp_path / "account").mkdir()
    (tmp_path / "account" / "opportunities.jsonl").write_bytes(b"\n".join(rows))
    lines = run_demo(tmp_path / "demo", load=tmp_path / "account").splitlines()
    assert lines[0].startswith(f"Account   {len(rows)} opportunities")
    assert (
        lines[10]
        == f"State     all {len(rows)} opportunities carry exactly the tags that they had at the start"
    )


def test_only_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(UsageError, match="something that is not a demo"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert not (tmp_path / MARK).exists()
