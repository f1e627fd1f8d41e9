"""One command for many accounts: what fails does so alone, with its own code, and no key is left anywhere."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from support.commands import run_command
from support.many_accounts import many_accounts, variable, write_accounts
from support.personal_data import forms_of

from leverkit.accounts import AccountEntry
from leverkit.cli.app import app
from leverkit.cli.connection import WITHOUT
from leverkit.environment import accounts_file
from leverkit.errors import INTERRUPTED, LeverkitError, UsageError, exit_code_of
from leverkit.jobs.many_accounts.outcomes import worst
from leverkit.jobs.many_accounts.placeholders import BY_DEFAULT, require_own_files
from leverkit.jobs.many_accounts.run import AccountEnd, AccountsRun

NAMES = ("alpha", "beta", "refused", "silent", "swapped")
CODES = {"alpha": 0, "beta": 0, "refused": 12, "silent": 1, "swapped": 4}


def test_a_refused_key_a_silent_server_and_a_swapped_key_fail_alone_and_everything_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with many_accounts(tmp_path, monkeypatch, *NAMES) as accounts:
        write_accounts(tmp_path, accounts, swapped='account = "0123456789ab"')
        monkeypatch.setenv(variable("refused"), "a-key-that-was-revoked")
        accounts["silent"].fault("reset", times=None)
        words = (
            "accounts",
            "run",
            "--json",
            "--workers",
            "6",
            "--logs",
            "logs",
            "--",
            "pull",
            "-o",
            "{snapshot}",
        )
        ended = run_command(words, capfd)
        listed = json.loads(run_command(("accounts", "list", "--json"), capfd).out)
        secrets = [forms_of(account.api_key) for account in accounts.values()]
        assert not [
            each for account in accounts.values() for each in account.log() if each["method"] != "GET"
        ]
    found = {each["account"]: each["exit_code"] for each in json.loads(ended.out)["accounts"]}
    assert found == CODES
    assert ended.code == 12
    assert [each["account"] for each in listed if each["id"]] == ["alpha", "beta", "swapped"]
    read = [json.loads(path.read_text()) for path in tmp_path.glob("workspace/*/snapshot/snapshot.json")]
    assert sorted(each["account_name"] for each in read) == ["alpha", "beta"]
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(list(Path("logs").iterdir())) == 2 * len(NAMES)
    assert not [form for forms in secrets for form in forms if any(form in text for text in texts)]


@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGHUP, 1)]
)
def test_a_stop_lets_what_runs_end_and_begins_nothing_more_and_each_account_has_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, times: int
) -> None:
    with many_accounts(tmp_path, monkeypatch, "alpha", "beta") as accounts:
        accounts["alpha"].configure(latency_ms=3_000.0)
        over = threading.Event()

        def interrupt() -> None:
            while not accounts["alpha"].log():
                time.sleep(0.05)
            for _ in range(times):
                if not over.is_set():  # else it would end the tests
                    os.kill(os.getpid(), number)
                over.wait(0.2)

        threading.Thread(target=interrupt, daemon=True).start()
        known, before = accounts_file(), signal.getsignal(number)
        first, second = AccountsRun(("pull", "-o", "{snapshot}"), known, workers=1).run(known.entries)
        over.set()
    assert (first.exit_code, second.exit_code, second.message) == (130, 130, "not begun")
    assert signal.getsignal(number) == before


def test_two_runs_at_once_with_one_folder_for_logs_each_tell_what_their_own_commands_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with many_accounts(tmp_path, monkeypatch, "alpha") as accounts:
        known = accounts_file()
        (first,) = AccountsRun(("pull", "-o", "{snapshot}"), known, workers=1).run(known.entries)
        accounts["alpha"].configure(latency_ms=1_000.0)
        logs, ends = tmp_path / "logs", list[AccountEnd]()
        words = (("pull", "-o", "{snapshot}"), ("pull", "-o", "{folder}/other", "--nonsense"))
        asked = len(accounts["alpha"].log())
        runs = [AccountsRun(each, known, workers=1, logs=logs, tell=ends.append) for each in words]
        slow = threading.Thread(target=runs[0].run, args=(known.entries,))
        slow.start()
        while len(accounts["alpha"].log()) == asked:
            time.sleep(0.05)
        runs[1].run(known.entries)
        slow.join()
    assert [(end.exit_code, end.message.split()[0]) for end in ends] == [
        (64, "No"),
        (0, first.message.split()[0]),
    ]


def test_what_the_database_makes_of_an_interrupt_in_a_query_is_one() -> None:
    assert exit_code_of(RuntimeError("Query interrupted")) == INTERRUPTED
    assert exit_code_of(RuntimeError("something else")) == LeverkitError.exit_code


def test_the_worst_code_is_the_first_in_the_documented_order() -> None:
    order = [64, 12, 6, 4, 1, 5, 3, 11, 8, 130, 2, 0]
    assert [worst(order[at:]) for at in range(len(order))] == order
    assert worst([]) == 0
    assert worst([77, 5]) == 77


def refusal(words: tuple[str, ...], entries: Sequence[AccountEntry] = ()) -> str:
    """Return why a command for many accounts is refused; nothing where it is not."""
    try:
        require_own_files(words, entries)
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "words",
    [
        ("pull", "-o", "snapshot"),
        ("audit", "{snapshot}", "--html", "audit.html"),
        ("audit", "{snapshot}", "--html=audit.html"),
        ("plan", "{snapshot}", "-orun"),
        ("policy", "suggest", "{snapshot}"),
    ],
)
def test_one_file_for_all_accounts_is_refused(words: tuple[str, ...]) -> None:
    assert re.search(r"would be the same for every account: .* \{folder\}/", refusal(words))


def test_a_policy_that_several_accounts_share_is_written_for_none() -> None:
    alpha, beta = (AccountEntry(name=name, folder="/x", policy="policy.csv") for name in ("alpha", "beta"))
    words = ("policy", "suggest", "{snapshot}", "-o", "{policy}")
    assert refusal(words, [alpha]) == ""
    assert "the same for several accounts" in refusal(words, [alpha, beta])


def test_every_command_for_an_account_that_writes_without_an_option_is_known() -> None:
    main: Any = typer.main.get_command(app)
    found = {
        (*path, name): each.default
        for path, group in ((("policy",), main.commands["policy"]), ((), main))
        for name, command in group.commands.items()
        for each in command.params
        if each.name == "out" and each.default is not None and name not in WITHOUT
    }
    known = {words: name for words, name in BY_DEFAULT.items() if words[0] != "doctor"}
    assert {words: str(name) for words, name in found.items() if words != ("doctor",)} == known
    assert str(found["doctor",]) == BY_DEFAULT["doctor", "--contract"]


def test_a_file_of_each_account_is_fine() -> None:
    assert refusal(("audit", "{snapshot}", "--html", "pages/{name}.html")) == ""
