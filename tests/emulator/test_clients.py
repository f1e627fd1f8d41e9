"""What published clients and connectors send, beyond what the documentation shows."""

from __future__ import annotations

import httpx
import pytest
from support.emulator_accounts import some

from leverkit.emulator.http import forms


def test_a_note_may_come_as_a_url_encoded_form(lever: httpx.Client) -> None:
    """The Ruby gem posts notes so."""
    path = f"/opportunities/{some(lever)['id']}/notes"
    note = lever.post(path, data={"value": "Met at the fair & liked it"}).json()["data"]
    assert note["fields"][0]["value"] == "Met at the fair & liked it"


@pytest.mark.parametrize(
    "form", [{"tags[]": ["a, b", "c"]}, {"tags": ["a, b", "c"]}, {"tags[0]": "a, b", "tags[1]": "c"}]
)
def test_tags_may_come_as_a_url_encoded_form(lever: httpx.Client, form: dict[str, list[str]]) -> None:
    path = f"/opportunities/{some(lever)['id']}/addTags"
    assert lever.post(path, data=form).json()["data"]["tags"][-2:] == ["a, b", "c"]


def test_json_is_read_as_json_whatever_it_is_called(lever: httpx.Client) -> None:
    """curl -d says that it sends a form."""
    path, kind = f"/opportunities/{some(lever)['id']}/addTags", "application/x-www-form-urlencoded"
    answer = lever.post(path, content=b'{"tags": ["x"]}', headers={"content-type": kind})
    assert answer.json()["data"]["tags"][-1] == "x"


def test_a_doubled_slash_is_one(lever: httpx.Client) -> None:
    """A production client in Ruby creates opportunities at /v1//opportunities."""
    user = lever.get("/users").json()["data"][0]["id"]
    url = f"{str(lever.base_url).rstrip('/')}//opportunities"
    assert lever.post(url, json={"name": "N"}, params={"perform_as": user}).status_code == 201
    assert lever.get(f"{url}/").json()["data"][0]["id"]


def test_a_parameter_with_a_trailing_ampersand_and_a_limit_is_no_error(lever: httpx.Client) -> None:
    """1.4: the same client adds limit=100 to every write"""
    user = lever.get("/users").json()["data"][0]["id"]
    path = f"/opportunities/{some(lever)['id']}/addTags?&limit=100&perform_as={user}"
    assert lever.post(path, json={"tags": ["x"]}).status_code == 200


def test_expanding_a_thing_twice_is_expanding_it(lever: httpx.Client) -> None:
    """Found by schemathesis."""
    once, twice = ({"expand": ["owner"] * times, "limit": 5} for times in (1, 2))
    assert lever.get("/opportunities", params=twice).json() == lever.get("/opportunities", params=once).json()


def test_an_imported_note_keeps_its_time_and_is_no_new_interaction(lever: httpx.Client) -> None:
    opportunity = some(lever)
    path = f"/opportunities/{opportunity['id']}"
    note = lever.post(f"{path}/notes", json={"value": "old", "createdAt": 1_500_000_000_000}).json()["data"]
    assert note["createdAt"] == 1_500_000_000_000
    assert lever.get(path).json()["data"]["lastInteractionAt"] == opportunity["lastInteractionAt"]
    refused = lever.post(f"{path}/notes", json={"value": "new", "createdAt": 9_999_999_999_999})
    assert refused.status_code == 400


def test_a_form_names_lists_and_objects_as_php_and_rails_do() -> None:
    pairs = [("archived[reason]", "r"), ("phones[0][type]", "mobile"), ("phones[0][value]", "1")]
    pairs += [("phones[][value]", "2"), ("phones[][value]", "3"), ("links[]", "a"), ("links[]", "b")]
    assert forms.fields(pairs) == {
        "archived": {"reason": "r"},
        "phones": [{"type": "mobile", "value": "1"}, {"value": "2"}, {"value": "3"}],
        "links": ["a", "b"],
    }


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\n\r\n--x--", b"--x\r\nContent-Disposition: a\r\n\r\n"])
def test_a_broken_form_is_refused_and_breaks_nothing(lever: httpx.Client, body: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "multipart/mixed; boundary=\x01"):
        answer = lever.post("/uploads", content=body, headers={"content-type": kind})
        assert answer.status_code == 400
