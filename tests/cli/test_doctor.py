"""`leverkit doctor --contract`: what it prints and writes, and that it writes to Lever only on request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import Ended, run_command
from support.contract_check import taggable

from leverkit.doctor.contract import contract
from leverkit.doctor.contract.recording import CONTRACT, REPLAY
from leverkit.doctor.contract.writing.record import FILE
from leverkit.emulator import Running

QUICK = ("--contract", "--rate", "5000")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def doctor(capfd: pytest.CaptureFixture[str], *words: str) -> Ended:
    return run_command(["doctor", *words], capfd)


def methods(account: Running) -> set[str]:
    return {entry["method"] for entry in account.log()}


def test_a_contract_check_reads_and_leaves_a_report_and_a_configuration(
    lever_account: Running, capfd: pytest.CaptureFixture[str], folder: Path
) -> None:
    lever_account.configure(bad_limit="clamp", range_ends="start")
    ended = doctor(capfd, *QUICK, "-o", "found", "--json")
    found = json.loads(ended.out)
    assert (ended.code, methods(lever_account)) == (0, {"GET"})
    assert found["switches"] == {"bad_limit": "clamp", "range_ends": "start"}
    assert found["counts"]["refuted"] == len(
        [each for each in found["answers"] if each["verdict"] == "refuted"]
    )
    assert json.loads((folder / "found" / "contract.json").read_text()) == found["switches"]
    page = (folder / "found" / "report.html").read_text()
    assert "a limit out of range is refused" in page
    assert "limit=0: 200" in page
    assert lever_account.api_key not in page + ended.out + ended.err


def test_without_the_option_doctor_stays_quick(
    lever_account: Running, capfd: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert doctor(capfd).code == 0
    assert len(lever_account.log()) < 25
    assert [path.name for path in folder.iterdir() if path.name != "workspace"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--write-probes",), "go with --contract"),
        (("--provoke-429",), "go with --contract"),
        ((*QUICK, "--test-opportunity", "x"), "goes with --write-probes"),
        ((*QUICK, "--write-probes"), "nobody is here to ask"),
        ((*QUICK, "--write-probes", "--test-opportunity", "no-such-id"), "cannot be read"),
    ],
)
def test_nothing_is_written_where_it_was_not_asked_for_in_full(
    lever_account: Running, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    ended = doctor(capfd, *words)
    assert (ended.code, told in ended.err) == (64, True)
    assert methods(lever_account) <= {"GET"}


def test_write_probes_warn_and_leave_the_named_opportunity_as_it_was(
    lever_account: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    subject, before = taggable(lever_account), lever_account.state()
    ended = doctor(capfd, *QUICK, "--write-probes", "--test-opportunity", subject)
    assert ended.code == 0
    assert "Automations and webhooks of the account may fire" in ended.err
    assert "0 refuted" in ended.out
    assert lever_account.state() == before
    assert len(lever_account.log()) <= 300


def test_a_wrong_key_is_an_error_and_no_finding(
    lever_account: Running,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> None:
    monkeypatch.setenv("LEVER_API_KEY", "wrong-key")
    ended = doctor(capfd, *QUICK)
    assert (ended.code, "401" in ended.err, (folder / "contract").exists()) == (12, True, False)


def test_the_manual_names_every_option_and_file() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
    recorded = json.loads((Path(__file__).parents[1] / "contract" / "commands.json").read_text())
    options = {each for words in recorded["leverkit doctor"]["options"] for each in words.split(", ")}
    assert {
        each for each in options - {"--account", "--demo", "--json", "--out"} if each not in manual
    } == set()
    names = (contract.REPORT, contract.PAGE, contract.RECORDINGS, CONTRACT, REPLAY, FILE, contract.MARKER)
    assert [name for name in names if name not in manual] == []
