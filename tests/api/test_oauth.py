"""OAuth: an access token is refreshed when it is due or refused, once for all, and shown nowhere."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from secrets import token_hex
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


def answering(*answers: tuple[int, bytes]) -> tuple[HTTPServer, RefreshedToken]:
    """Serve a token endpoint with these answers; return it, and a token that asks it."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, content = left.pop(0)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, token_at(f"http://127.0.0.1:{server.server_port}/oauth/token")


def token_at(url: str) -> RefreshedToken:
    file = Path(os.environ["XDG_DATA_HOME"]) / token_hex(8)
    client, refresh = Secret("secret-of-c"), Secret("refresh-of-c")
    return RefreshedToken(client_id="c", client_secret=client, refresh_token=refresh, file=file, url=url)


def test_an_address_that_gives_no_token_is_named_and_trouble_in_passing_is_borne(monkeypatch: Any) -> None:
    monkeypatch.setattr("leverkit.api.auth.time.sleep", lambda _: None)
    good = json.dumps({"access_token": "a" * 9, "refresh_token": "r" * 9, "expires_in": 3600}).encode()
    server, token = answering((200, b"<html>"), (503, b""), (200, good))
    with pytest.raises(UsageError, match="LEVER_TOKEN_URL"):
        token.ready()
    assert token.ready().reveal() == "a" * 9
    server.shutdown()
    server.server_close()


def test_tokens_that_cannot_be_kept_are_not_asked_for(account: Running, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    environ = variables(account, blocked / "tokens")
    with opened(environ) as lever, pytest.raises(UsageError, match="tokens cannot be kept here"):
        lever.tag_counts()
    with opened(environ | {"LEVERKIT_TOKEN_FILE": str(tmp_path / "later")}) as lever:
        assert lever.tag_counts()  # the refresh token was not used up


def test_a_token_endpoint_that_does_not_answer_is_unreachable(monkeypatch: Any) -> None:
    monkeypatch.setattr("leverkit.api.auth.time.sleep", lambda _: None)
    with pytest.raises(Unreachable, match="ConnectError"):
        token_at("http://127.0.0.1:9/oauth/token").ready()


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


@pytest.mark.parametrize(
    ("address", "token_url"),
    [("", "https://auth.lever.co/oauth/token"),
     ("https://api.sandbox.lever.co/v1", "https://sandbox-lever.auth0.com/oauth/token")],
)  # fmt: skip
def test_a_sandbox_has_its_own_token_endpoint(address: str, token_url: str) -> None:
    environ = {"LEVER_REFRESH_TOKEN": "r", "LEVER_CLIENT_ID": "c", "LEVER_CLIENT_SECRET": "s"}
    key = Settings.from_environment(environ | {"LEVER_BASE_URL": address}, {}).key
    assert isinstance(key, RefreshedToken)
    assert key._url == token_url


def test_the_secret_goes_to_no_address_from_another_source() -> None:
    dotenv = {"LEVER_TOKEN_URL": "https://elsewhere.example/token"}
    environ = {"LEVER_REFRESH_TOKEN": "r", "LEVER_CLIENT_ID": "c", "LEVER_CLIENT_SECRET": "s"}
    with pytest.raises(UsageError, match=r"elsewhere.example.*not sent there"):
        Settings.from_environment(environ, dotenv)
