"""A response means a value, an error with advice, or nothing usable; threads decode without a race."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from leverkit.api.models import Listing, Opportunity, User, listing
from leverkit.api.responses import Response, prepare_type, read
from leverkit.errors import ApiError, Unreachable, Unreadable

CHILDREN = 30  # without `prepare_type`, four in ten of them die by a signal

RESPONSE = """
from leverkit.api.responses import Response, read
from leverkit.api.models import Opportunity, listing
response = Response(200, b'{"data": [{"id": "o", "contact": "c"}]}')
decode = lambda: read(response, listing(Opportunity), method="GET", path="/opportunities")
"""
DELIVERY = """
from leverkit.webhook import sign, verify
body = sign("candidateHired", {"opportunityId": "o"}, secret="s", token="t", triggered_at=1)
decode = lambda: verify(body, secrets=["s"], now_ms=1)
"""
RACE = f"""
import os, sys, threading

def begin():
    gate.wait()
    decode()

for _ in range({CHILDREN}):
    child = os.fork()
    if not child:
        sys.setswitchinterval(1e-6)
        gate = threading.Barrier(8)
        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Tagged(msgspec.Struct):
    tags: list[str]


def error(status: int | None, body: Any = None, **fields: Any) -> ApiError:
    content = json.dumps(body).encode() if body is not None else b"<html>"
    with pytest.raises(ApiError) as caught:
        read(Response(status, content, **fields), dict, method="GET", path="/stages/1")
    return caught.value


def test_errors_carry_method_path_status_and_levers_code() -> None:
    found = error(404, {"code": "ResourceNotFound", "message": "stages 1 was\nnot found"})
    assert (found.method, found.path, found.status) == ("GET", "/stages/1", 404)
    assert str(found).startswith("GET /stages/1: 404 ResourceNotFound: It was deleted")
    assert found.lever_text == "stages 1 was not found"


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 429, 500])
def test_levers_text_is_in_no_message_of_an_error(status: int) -> None:
    body = {"code": "Ada Lovelace <ada@example.org>", "message": "Ada Lovelace, ada@example.org"}
    found = error(status, body)
    assert "ada" not in f"{found} {found!r} {found.args} {found.advice} {found.code}".lower()
    assert found.lever_text == "Ada Lovelace, ada@example.org"


@pytest.mark.parametrize("status", [None, 301, 400, 401, 403, 404, 429, 500, 503])
def test_errors_say_what_to_do_next_in_one_line(status: int | None) -> None:
    found = error(status, failure="ConnectError: refused." if status is None else "")
    assert found.advice
    assert "\n" not in str(found)


@pytest.mark.parametrize("body", [{"code": 7, "message": None}, [], "text", {"message": "x" * 9999}])
def test_an_odd_error_body_gives_a_short_message(body: Any) -> None:
    assert len(str(error(400, body))) < 600


def test_half_an_emoji_in_a_headline_does_not_make_a_page_unreadable() -> None:
    content = b'{"headline": "a \\ud83d", "tags": ["b \\ude00!", "\\ud83d\\ude00"]}'
    found = read(Response(200, content), Tagged, method="GET", path="/")
    assert found.tags == ["b \ufffd!", "\U0001f600"]


def test_null_is_read_as_a_missing_field() -> None:
    content = (
        b'{"id": "o", "contact": "c", "tags": null, "sources": null, "applications": null, "archived": null}'
    )
    found = read(Response(200, content), Opportunity, method="GET", path="/")
    assert (found.tags, found.sources, found.applications, found.archived) == ((), (), (), None)


def test_an_expanded_object_is_read_as_its_id() -> None:
    content = b'{"id": "o", "contact": {"id": "c", "name": "x"}, "stage": {"id": "s"}, "createdAt": "12"}'
    found = read(Response(200, content), Opportunity, method="GET", path="/")
    assert (found.contact, found.stage, found.created_at) == ("c", "s", 12)


def test_the_error_of_an_unreadable_response_names_the_field_and_shows_no_value() -> None:
    content = b'{"data": [{"id": "o", "contact": ["ada@example.org"]}]}'
    with pytest.raises(
        Unreadable, match=r"Expected `str`, got `array` - at `\$\.data\[0\]\.contact`"
    ) as caught:
        read(Response(200, content), Listing[Opportunity], method="GET", path="/opportunities")
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100000, b'{"tags": ["a'])
def test_what_is_no_json_is_unreachable(content: bytes) -> None:
    with pytest.raises(Unreachable):
        read(Response(200, content), Tagged, method="GET", path="/")


@pytest.mark.parametrize("content", [b"null", b'{"tags": 1}'])
def test_json_of_another_form_is_unreadable_and_as_the_answer_to_a_write_unknown(content: bytes) -> None:
    for method, error in {"GET": Unreadable, "POST": Unreachable}.items():
        with pytest.raises(error):
            read(Response(200, content), Tagged, method=method, path="/")


@pytest.mark.parametrize("decode", [RESPONSE, DELIVERY], ids=["response", "delivery"])
def test_threads_may_decode_a_new_type_at_once(decode: str) -> None:
    ended = subprocess.run([sys.executable, "-c", decode + RACE], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("0\n" * CHILDREN, "")


def test_an_equal_type_is_replaced_by_the_prepared_one() -> None:
    first = prepare_type(Listing[User])
    assert prepare_type(listing(User)) is first
    page = read(Response(200, b'{"data": [{"id": "u"}]}'), listing(User), method="GET", path="/users")
    assert page.data == [User(id="u")]
    assert prepare_type(Opportunity) is Opportunity
