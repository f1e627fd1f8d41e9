"""Settings: from environment and `.env`, never with a secret in sight."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from leverkit.api.auth import Secret
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.doctor import examine
from leverkit.emulator import running
from leverkit.emulator.background import NotStarted, demo_account
from leverkit.environment import expanded, require_home
from leverkit.errors import AccessDenied, KeyMissing, LeverkitError, Unreachable, UsageError
from leverkit.notebook.job.runner import run
from leverkit.settings import PRODUCTION, Settings, connect, workspace

CANARY = "canary-secret-77"


def settings(dotenv: dict[str, str | None] | None = None, **environ: str) -> Settings:
    return Settings.from_environment(environ, dotenv or {})


def test_without_a_key_it_is_the_demo_account_if_that_was_asked_for() -> None:
    found = settings(LEVERKIT_DEMO="1")
    assert found.demo
    assert (found.base_url, found.perform_as, found.home) == (
        PRODUCTION,
        None,
        Path("~/leverkit").expanduser(),
    )


def test_a_key_means_the_real_account() -> None:
    found = settings(
        LEVER_API_KEY=f" {CANARY}\n", LEVER_PERFORM_AS="ada@example.org", LEVERKIT_WORKSPACE="/w"
    )
    assert found.key is not None
    assert (found.key.reveal(), found.scheme, found.demo) == (CANARY, "basic", False)
    assert (found.perform_as, found.home) == ("ada@example.org", Path("/w"))


def test_a_token_is_sent_as_bearer() -> None:
    assert settings(LEVER_ACCESS_TOKEN="t").scheme == "bearer"


def test_the_environment_wins_over_dotenv_unless_it_is_empty() -> None:
    dotenv = {"LEVER_API_KEY": "file", "LEVER_PERFORM_AS": "file-user", "ODD": None}
    found = settings(dotenv, LEVER_API_KEY="environment", LEVER_PERFORM_AS="")
    assert found.key is not None
    assert (found.key.reveal(), found.perform_as) == ("environment", "file-user")


def test_a_dotenv_above_the_current_directory_is_found_and_stays_out_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / ".env").write_text(f"LEVER_API_KEY={CANARY}$HOME\n")
    monkeypatch.chdir(tmp_path / "deeper")
    for name in ("LEVER_API_KEY", "LEVER_ACCESS_TOKEN", "LEVER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    found = Settings.from_environment()
    assert found.key is not None
    assert found.key.reveal() == f"{CANARY}$HOME"
    assert "LEVER_API_KEY" not in __import__("os").environ


@pytest.mark.parametrize(
    "environ",
    [
        {"LEVER_API_KEY": CANARY, "LEVER_ACCESS_TOKEN": "t"},
        {"LEVER_API_KEY": f"{CANARY} and more"},
        {"LEVER_API_KEY": f"{CANARY}\u00e9"},
        {"LEVER_API_KEY": f"{CANARY}\nX-Header: 1"},
        {"LEVER_BASE_URL": "https://api.lever.co/v1"},
        {"LEVER_BASE_URL": f"https://{CANARY}@api.lever.co/v1", "LEVER_API_KEY": "k"},
        {"LEVER_BASE_URL": "http://api.lever.co/v1", "LEVER_API_KEY": CANARY},
    ],
)
def test_settings_that_cannot_be_right_are_refused_without_their_values(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        settings(**environ)
    assert CANARY not in str(caught.value)
    assert "LEVER_" in str(caught.value)


def test_a_refusal_shows_no_key_even_with_local_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVER_API_KEY", f"{CANARY} x")
    with pytest.raises(UsageError) as caught:
        Settings.from_environment(dotenv={})
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert CANARY not in "".join(trace.format())


def test_a_secret_shows_nowhere() -> None:
    found = settings(LEVER_API_KEY=CANARY)
    assert CANARY not in f"{found!r} {found} {found.key} {found.key!r}"
    with pytest.raises(TypeError):
        __import__("pickle").dumps(found.key)


def test_connect_gives_a_client_that_cannot_write_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    found = settings(LEVER_API_KEY="k")
    with connect(settings=found) as reading, connect(write=True, settings=found) as writing:
        assert type(reading) is ReadOnlyLever
        assert type(writing) is Lever
    assert capsys.readouterr().err == ""


def test_the_workspace_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path))
    assert workspace() == tmp_path


def test_a_wrong_key_is_one_clear_line_without_the_key() -> None:
    with running(contacts=3) as account:
        found = settings(LEVER_API_KEY=CANARY, LEVER_BASE_URL=account.base_url)
        with connect(settings=found) as lever, pytest.raises(AccessDenied) as caught:
            lever.account_id()
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "\n" not in str(caught.value)
    assert CANARY not in "".join(trace.format())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "https://lever.invalid/v1"])
def test_an_account_out_of_reach_is_one_clear_line(url: str) -> None:
    lever = ReadOnlyLever(base_url=url, key=Secret("k"), pace=Pace(1e6, 100), sleep=lambda _: None)
    with lever, pytest.raises(Unreachable, match="LEVER_BASE_URL") as caught:
        lever.account_id()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, LeverkitError)


def test_webhook_secrets_are_several_while_one_is_rotated_and_show_nowhere() -> None:
    settings = Settings.from_environment({"LEVER_WEBHOOK_SECRETS": "old-one, new-one"}, {})
    assert [secret.reveal() for secret in settings.webhook_secrets] == ["old-one", "new-one"]
    assert "old-one" not in repr(settings)


STRANGER = "https://stranger.example/v1"


@pytest.mark.parametrize("name", ["LEVER_API_KEY", "LEVER_ACCESS_TOKEN"])
def test_a_key_goes_to_a_strange_host_only_if_one_source_names_both(name: str) -> None:
    key, address = {name: CANARY}, {"LEVER_BASE_URL": STRANGER}
    for environ, dotenv in ((key, address), (address, key)):
        with pytest.raises(UsageError, match=r"stranger\.example.*the key was not sent there") as caught:
            settings({**dotenv}, **environ)
        assert CANARY not in str(caught.value)
    assert settings(**key, **address).host == settings({**key, **address}).host == "stranger.example"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://api.lever.co/v1", True),
        ("https://api.sandbox.lever.co/v1", True),
        ("https://API.LEVER.CO/v1", True),
        ("http://127.0.0.1:9/v1", True),
        ("http://localhost:9/v1", True),
        ("https://evillever.co/v1", False),
        ("https://lever.co.example/v1", False),
        ("https://127.0.0.1.example/v1", False),
    ],
)
def test_only_hosts_of_lever_and_this_computer_get_a_key_from_another_source(url: str, safe: bool) -> None:
    if safe:
        assert settings({"LEVER_BASE_URL": url}, LEVER_API_KEY=CANARY).key_source == "the environment"
    else:
        with pytest.raises(UsageError, match="was not sent"):
            settings({"LEVER_BASE_URL": url}, LEVER_API_KEY=CANARY)


def test_the_line_on_the_connection_names_account_host_and_both_sources() -> None:
    found = settings(
        {"LEVER_BASE_URL": "http://127.0.0.1:9/v1"}, LEVER_API_KEY=CANARY, LEVERKIT_ACCOUNT_NAME="acme"
    )
    assert found.connection == (
        "connecting to account acme at 127.0.0.1:9 (.env), with the key from the environment"
    )


def test_a_file_named_in_the_environment_is_read_instead_of_what_lies_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LEVER_API_KEY=nearby\n")
    (tmp_path / "named").write_text(f"LEVER_API_KEY={CANARY}\n")
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment({"LEVERKIT_ENV_FILE": "named"})
    assert found.key is not None
    assert (found.key.reveal(), found.key_source) == (CANARY, "named")


@pytest.mark.parametrize(
    ("environ", "asked", "person", "demo"),
    [
        ({}, False, False, False),
        ({}, False, True, True),
        ({}, True, False, True),
        ({"LEVERKIT_DEMO": "1"}, False, False, True),
        ({"LEVERKIT_DEMO": "0"}, False, True, False),
        ({"LEVERKIT_DEMO": "1", "LEVER_API_KEY": "k"}, True, True, False),
    ],
)
def test_without_a_key_a_job_gets_the_demo_account_only_if_asked_for_and_a_key_always_wins(
    environ: dict[str, str], asked: bool, person: bool, demo: bool
) -> None:
    found = Settings.from_environment(environ, {}, demo=asked, person=person)
    assert found.demo is demo
    if found.key is None and not demo:
        with pytest.raises(KeyMissing, match="no key is set, so nothing was done") as caught:
            connect(settings=found)
        assert caught.value.exit_code == 12


def test_an_unclear_wish_for_the_demo_is_refused() -> None:
    with pytest.raises(UsageError, match="LEVERKIT_DEMO"):
        settings(LEVERKIT_DEMO="maybe")


@pytest.mark.parametrize(("text", "shown"), [("debug", True), ("DEBUG", True), ("", False), ("0", False)])
def test_the_log_is_shown_where_a_variable_asks_for_it(text: str, shown: bool) -> None:
    assert Settings.from_environment({"LEVER_API_KEY": "k" * 9, "LEVERKIT_LOG": text}, {}).log is shown


def test_a_log_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="LEVERKIT_LOG must be debug"):
        Settings.from_environment({"LEVERKIT_LOG": "verbose"}, {})


@pytest.mark.skipif(sys.platform == "win32", reason="a user of Windows always has a home folder")
def test_without_a_home_folder_each_use_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(UsageError, match="set LEVERKIT_WORKSPACE"):
        expanded("~/leverkit")
    with pytest.raises(UsageError, match="set HOME"):
        require_home()
    with pytest.raises(UsageError, match="set HOME"):
        run("any.ipynb", "out")
    with pytest.raises(NotStarted, match="set XDG_CACHE_HOME"):
        demo_account()
    consent = {"LEVER_REFRESH_TOKEN": "r", "LEVER_CLIENT_ID": "c", "LEVER_CLIENT_SECRET": "s"}
    with pytest.raises(UsageError, match="set LEVERKIT_TOKEN_FILE"):
        Settings.from_environment(consent, {}, person=False)
    (kernel,) = [check for check in examine(Settings()).checks if check.what == "kernel"]
    assert (kernel.ok, "set HOME" in kernel.found) == (False, True)
