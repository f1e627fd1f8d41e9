"""What an answer means: a value, an error that says what to do next, or nothing usable."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from leverkit.api.models import Listing, Opportunity
from leverkit.api.responses import Response, read
from leverkit.errors import ApiError, Unreachable


class Tagged(msgspec.Struct):
    tags: list[str]


def error(status: int | None, body: Any = None, **answer: Any) -> ApiError:
    content = json.dumps(body).encode() if body is not None else b"<html>"
    with pytest.raises(ApiError) as caught:
        read(Response(status, content, **answer), dict, method="GET", path="/stages/1")
    return caught.value


def test_errors_carry_method_path_status_and_lever_s_own_words() -> None:
    found = error(404, {"code": "ResourceNotFound", "message": "stages 1 was\nnot found"})
    assert (found.method, found.path, found.status) == ("GET", "/stages/1", 404)
    assert str(found).startswith(
        "GET /stages/1: 404 ResourceNotFound: stages 1 was not found. It was deleted"
    )


@pytest.mark.parametrize("status", [None, 301, 400, 401, 403, 404, 429, 500, 503])
def test_errors_say_what_to_do_next_in_one_line(status: int | None) -> None:
    found = error(status, failure="ConnectError: refused." if status is None else "")
    assert found.advice
    assert "\n" not in str(found)


@pytest.mark.parametrize("body", [{"code": 7, "message": None}, [], "text", {"message": "x" * 9999}])
def test_odd_error_bodies_are_survived(body: Any) -> None:
    assert len(str(error(400, body))) < 600


def test_half_an_emoji_in_a_headline_does_not_cost_the_page() -> None:
    content = b'{"headline": "a \\ud83d", "tags": ["b \\ude00!", "\\ud83d\\ude00"]}'
    found = read(Response(200, content), Tagged, method="GET", path="/")
    assert found.tags == ["b \ufffd!", "\U0001f600"]


def test_null_stands_for_a_field_that_is_left_out() -> None:
    content = (
        b'{"id": "o", "contact": "c", "tags": null, "sources": null, "applications": null, "archived": null}'
    )
    found = read(Response(200, content), Opportunity, method="GET", path="/")
    assert (found.tags, found.sources, found.applications, found.archived) == ((), (), (), None)


def test_an_object_where_an_id_was_asked_for_is_its_id() -> None:
    content = b'{"id": "o", "contact": {"id": "c", "name": "x"}, "stage": {"id": "s"}, "createdAt": "12"}'
    found = read(Response(200, content), Opportunity, method="GET", path="/")
    assert (found.contact, found.stage, found.created_at) == ("c", "s", 12)


def test_an_unusable_answer_names_the_field_and_shows_no_value() -> None:
    content = b'{"data": [{"id": "o", "contact": ["ada@example.org"]}]}'
    with pytest.raises(
        Unreachable, match=r"Expected `str`, got `array` - at `\$\.data\[0\]\.contact`"
    ) as caught:
        read(Response(200, content), Listing[Opportunity], method="GET", path="/opportunities")
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"\xff\xfe", b"[" * 100000, b'{"tags": 1}', b'{"tags": ["a']
)
def test_anything_else_than_the_json_expected_is_no_answer(content: bytes) -> None:
    with pytest.raises(Unreachable):
        read(Response(200, content), Tagged, method="GET", path="/")
