"""OAuth: an access token is refreshed when it is due or refused, once for all, and shown nowhere."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.emulator_oauth import Client

from leverkit.api.auth import Secret
from leverkit.api.client import ReadOnlyLever
from leverkit.api.oauth import RefreshedToken
from leverkit.emulator import Running, running
from leverkit.errors import AccessDenied, ApiError, Unreachable, UsageError
from leverkit.settings import Settings, connect, connect_async

SCOPES = "offline_access tags:read:admin archive_reasons:read:admin opportunities:read:admin"
READER = """
import leverkit as lk
with lk.connect() as lever:
    for _ in range(5):
        assert lever.tag_counts()
"""


@pytest.fixture
def account() -> Iterator[Running]:
    with running(contacts=10, seed=1, rate=None) as served:
        yield served


def variables(account: Running, file: Path, **more: str) -> dict[str, str]:
    """Return the variables of an application that an account has consented to."""
    app = Client(account)
    return {
        "LEVER_BASE_URL": account.base_url,
        "LEVER_CLIENT_ID": app.id,
        "LEVER_CLIENT_SECRET": app.secret,
        "LEVER_REFRESH_TOKEN": app.tokens(scope=SCOPES)["refresh_token"],
        "LEVER_TOKEN_URL": f"{app.root}/oauth/token",
        "LEVERKIT_TOKEN_FILE": str(file),
        **more,
    }


def opened(environ: dict[str, str]) -> Any:
    return connect(settings=Settings.from_environment(environ, {}), rate=1e6, burst=1000)


def stored(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def test_a_token_is_got_kept_for_its_owner_alone_and_used_by_the_next_client(
    account: Running, tmp_path: Path
) -> None:
    file = tmp_path / "oauth" / "tokens.json"
    environ = variables(account, file)
    with opened(environ) as lever:
        assert lever.tag_counts() == account.state()["tags"]
    first = stored(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first["refresh_token"] != environ["LEVER_REFRESH_TOKEN"]
    with opened(environ) as lever:
        lever.tag_counts()
    assert stored(file) == first


def test_a_token_that_is_due_is_replaced_before_it_is_sent(account: Running, tmp_path: Path) -> None:
    account.configure(oauth_expiry_s=30.0)  # less than the margin: due at once
    environ = variables(account, tmp_path / "tokens")
    with opened(environ) as lever:
        lever.page("/tags")
        first = stored(tmp_path / "tokens")
        lever.page("/tags")
    assert stored(tmp_path / "tokens")["access_token"] != first["access_token"]
    assert {entry["status"] for entry in account.log() if entry["path"] == "/tags"} == {200}


def test_a_token_that_lever_refuses_is_replaced_once_and_the_request_sent_again(
    account: Running, tmp_path: Path
) -> None:
    environ = variables(account, tmp_path / "tokens")
    with opened(environ) as lever:
        lever.page("/tags")
        first = stored(tmp_path / "tokens")
        account.fault("status", status=401, path="/tags")
        lever.page("/tags")
        assert stored(tmp_path / "tokens")["access_token"] != first["access_token"]
        account.fault("status", status=401, path="/tags", times=2)
        with pytest.raises(AccessDenied, match="401"):
            lever.page("/tags")


def test_many_processes_and_threads_refresh_once(account: Running, tmp_path: Path) -> None:
    environ = variables(account, tmp_path / "tokens")
    account.configure(oauth_grace_s=0.0)  # a second refresh by the old token would be refused
    asked = [sys.executable, "-c", READER]
    started = [subprocess.Popen(asked, env={**environ, "PATH": "", "HOME": str(tmp_path)}) for _ in range(2)]
    with opened(environ) as lever:
        threads = [threading.Thread(target=lever.tag_counts) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each.wait() for each in started] == [0, 0]
    assert stored(tmp_path / "tokens")["first"]


def test_the_async_client_refreshes_in_the_same_file(account: Running, tmp_path: Path) -> None:
    environ = variables(account, tmp_path / "tokens")

    async def read() -> dict[str, int]:
        async with connect_async(settings=Settings.from_environment(environ, {})) as lever:
            return await lever.tag_counts()

    assert asyncio.run(read()) == account.state()["tags"]
    assert stored(tmp_path / "tokens")["access_token"]


def test_a_consent_that_is_over_says_to_authorize_again(account: Running, tmp_path: Path) -> None:
    environ = variables(account, tmp_path / "tokens", LEVER_REFRESH_TOKEN="0123456789-worthless")
    with (
        opened(environ) as lever,
        pytest.raises(AccessDenied, match="Authorize the application again") as caught,
    ):
        lever.tag_counts()
    assert caught.value.exit_code == 12
    assert not (tmp_path / "tokens").exists()


def test_a_token_endpoint_that_does_not_answer_is_unreachable(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("leverkit.api.auth.time.sleep", lambda _: None)
    token = RefreshedToken(
        client_id="c",
        client_secret=Secret("secret-of-c"),
        refresh_token=Secret("refresh-of-c"),
        file=tmp_path / "tokens",
        url="http://127.0.0.1:9/oauth/token",
    )
    with pytest.raises(Unreachable, match="ConnectError"):
        token.ready()


def test_another_consent_is_not_mixed_up_with_the_tokens_of_the_one_before(
    account: Running, tmp_path: Path
) -> None:
    first = variables(account, tmp_path / "tokens")
    with opened(first) as lever:
        lever.page("/tags")
    mine = stored(tmp_path / "tokens")
    with opened(variables(account, tmp_path / "tokens")) as lever:
        lever.page("/tags")
    assert stored(tmp_path / "tokens")["first"] != mine["first"]


def test_no_repr_message_or_traceback_shows_a_token(account: Running, tmp_path: Path) -> None:
    environ = variables(account, tmp_path / "tokens")
    with opened(environ) as lever:
        lever.page("/tags")
        account.fault("status", status=400, path="/tags")
        shown = refused(lever) + repr(lever) + str(vars(lever)) + str(vars(lever._session))
    held = stored(tmp_path / "tokens")
    secrets = [environ["LEVER_CLIENT_SECRET"], environ["LEVER_REFRESH_TOKEN"]]
    secrets += [held["access_token"], held["refresh_token"]]
    assert not [secret for secret in secrets if secret in shown]
    key = Settings.from_environment(environ, {}).key
    assert key is not None
    for secret in secrets:  # what another process wrote too, as a job's kernel does
        assert key.is_in(f"before {secret} after")
        assert secret not in key.hidden(f"before {secret} after")


def refused(lever: ReadOnlyLever) -> str:
    """Return the traceback of a refused request, with all local variables."""
    try:
        lever.page("/tags")
    except ApiError as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(trace.format())


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"LEVER_REFRESH_TOKEN": "r"}, "LEVER_CLIENT_ID and LEVER_CLIENT_SECRET"),
        ({"LEVER_REFRESH_TOKEN": "r", "LEVER_API_KEY": "k"}, "are both set"),
        ({"LEVER_ACCESS_TOKEN": "r", "LEVER_API_KEY": "k"}, "are both set"),
        (
            {"LEVER_REFRESH_TOKEN": "r", "LEVER_CLIENT_ID": "c", "LEVER_CLIENT_SECRET": "s",
             "LEVER_TOKEN_URL": "http://elsewhere.example/token"},
            "LEVER_TOKEN_URL must begin with https",
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_right_are_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings.from_environment(environ, {})


def test_the_secret_goes_to_no_address_from_another_source() -> None:
    dotenv = {"LEVER_TOKEN_URL": "https://elsewhere.example/token"}
    environ = {"LEVER_REFRESH_TOKEN": "r", "LEVER_CLIENT_ID": "c", "LEVER_CLIENT_SECRET": "s"}
    with pytest.raises(UsageError, match=r"elsewhere.example.*not sent there"):
        Settings.from_environment(environ, dotenv)
