"""Answers that go round, that unpack to more than fits, and a log that others write."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable

import httpx
import pytest
from support.plan_factory import account, opened

from leverkit.api import http
from leverkit.errors import ApiError, Unreachable


class Changed(httpx.BaseTransport):
    """Real HTTP; the body of each answer is changed on the way, and every page is the first."""

    def __init__(self, change: Callable[[bytes], bytes], **headers: str) -> None:
        self._http, self._change, self._headers = httpx.HTTPTransport(), change, headers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = request.url.copy_remove_param("offset")
        answer = self._http.handle_request(httpx.Request("GET", url, headers=request.headers))
        content = self._change(answer.read())
        answer.close()
        return httpx.Response(answer.status_code, headers=self._headers, stream=httpx.ByteStream(content))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def test_a_listing_that_goes_round_ends() -> None:
    turns = iter("abab")

    def change(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "hasNext": True, "next": next(turns)}).encode()

    with account(contacts=3) as (emulated, _), opened(emulated, transport=Changed(change)) as lever:
        with pytest.raises(ApiError, match="cannot continue"):
            lever.tag_counts()
        assert len(emulated.log()) == 3
        turns = iter("abab")
        with pytest.raises(ApiError, match="cannot continue"):
            list(lever.pages("/tags"))


def test_an_answer_that_unpacks_to_more_than_fits_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_RESPONSE", 10_000)

    def change(body: bytes) -> bytes:
        return gzip.compress(b" " * 1_000_000 + body)

    packed = Changed(change, **{"Content-Encoding": "gzip"})
    with (
        account(contacts=3) as (emulated, _),
        opened(emulated, transport=packed) as lever,
        pytest.raises(Unreachable, match="DecodingError"),
    ):
        lever.tag_counts()


def test_what_httpx_logs_of_our_requests_holds_no_e_mail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with account(contacts=3) as (emulated, _), opened(emulated) as lever:
        list(lever.each("/opportunities", email="ada@example.net"))
        assert lever.user_with("ada@example.net") is None
        assert httpx.get(f"{emulated.base_url}?a=b").status_code
    assert "/opportunities" in caplog.text
    assert "example.net" not in caplog.text
    assert emulated.api_key not in caplog.text
