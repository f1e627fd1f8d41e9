"""The log: one line for each request sent, with its id; never the key, nor what may be about a person."""

from __future__ import annotations

import logging
import re

import httpx
import pytest
from support.clients import reader, scripted

from leverkit.emulator import running
from leverkit.errors import ApiError
from leverkit.settings import Settings, connect

LINE = re.compile(r"GET /\S+ \d+ \d+ ms request=[0-9a-f]{8} attempt=\d")


def test_each_request_is_a_line_without_personal_values(caplog: pytest.LogCaptureFixture) -> None:
    with running(contacts=5, rate=None) as account, reader(account) as lever:
        account.fault("status", status=503)
        with caplog.at_level(logging.DEBUG, logger="leverkit.api"):
            person = next(lever.each("/opportunities", personal=True))
            list(lever.each("/opportunities", email="ada@example.org", tag=["Ada's"], contact_id=["c", "d"]))
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == len(account.log())
        assert all(LINE.fullmatch(line) for line in lines)
        assert [re.sub(r".*request=(\w+) attempt=(\d)", r"\1 \2", line) for line in lines[:2]] == [
            f"{lines[0].partition('request=')[2][:8]} {attempt}" for attempt in (1, 2)
        ]
        assert "email=…&tag=…&contact_id=(2)" in lines[-1].replace("&limit=100", "").replace("limit=100&", "")
        text = "\n".join(lines)
        assert not [each for each in ("ada", "Ada", account.api_key, person["name"]) if each in text]


def test_nothing_is_logged_without_a_wish(capfd: pytest.CaptureFixture[str]) -> None:
    lever, _ = scripted()
    list(lever.tags())
    assert capfd.readouterr() == ("", "")


def test_the_variable_shows_the_log_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("leverkit.api")
    with running(contacts=3, rate=None) as account:
        environ = {
            "LEVER_API_KEY": account.api_key,
            "LEVER_BASE_URL": account.base_url,
            "LEVERKIT_LOG": "debug",
        }
        try:
            with connect(settings=Settings.from_environment(environ, {})) as lever:
                lever.page("/tags")
        finally:
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
    assert LINE.search(capfd.readouterr().err)


def test_an_error_carries_all_that_finds_its_request() -> None:
    with (
        running(contacts=3, rate=None) as account,
        reader(account) as lever,
        pytest.raises(ApiError) as caught,
    ):
        lever.get("/postings/none")
    error = caught.value
    assert (error.method, error.path, error.status, error.code) == (
        "GET",
        "/postings/none",
        404,
        "ResourceNotFound",
    )
    assert error.advice
    assert re.fullmatch("[0-9a-f]{8}", error.request_id)
    assert error.request_id in str(error)


def test_requests_name_the_version_and_an_id_and_levers_own_id_wins() -> None:
    lever, requests = scripted()
    list(lever.tags())
    assert re.fullmatch(r"leverkit/\d+\.\d+\S*", requests[0].headers["user-agent"])
    assert re.fullmatch("[0-9a-f]{8}", requests[0].headers["x-request-id"])
    theirs = {"x-request-id": "lever-17"}
    lever._session._http = httpx.Client(
        base_url="https://lever.test/v1",
        transport=httpx.MockTransport(lambda _: httpx.Response(404, headers=theirs, json={})),
    )
    with pytest.raises(ApiError) as caught:
        lever.page("/tags")
    assert caught.value.request_id == "lever-17"
