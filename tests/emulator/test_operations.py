"""operations.tsv: every operation of the emulator, what it rests on, and a test that sees it succeed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from support.emulator_accounts import some, walk
from support.emulator_requests import first

from leverkit.emulator.server.routes import ROUTES

BELOW = ("feedback", "forms", "interviews", "notes", "panels")
LISTS = ("feedback_templates", "form_templates", "requisition_fields", "requisitions")


class Operation(NamedTuple):
    method: str
    path: str
    label: str
    test: str


def operations() -> list[Operation]:
    with Path(__file__).with_name("operations.tsv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Operation(*row) for row in rows]


def test_every_operation_has_a_row_with_a_test_that_there_is() -> None:
    assert [(each.method, each.path) for each in operations()] == [
        (each.method, each.path) for each in ROUTES
    ]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [each.test for each in operations() if f"def {each.test}(" not in sources] == []
    assert {each.label for each in operations()} == {"D", "D S", "S", "?"}


@pytest.mark.parametrize("root", ["opportunities", "candidates"])
@pytest.mark.parametrize("kind", BELOW)
def test_what_is_made_below_an_opportunity_is_listed_changed_and_removed(
    lever: httpx.Client, root: str, kind: str
) -> None:
    path, by = f"/{root}/{some(lever)['id']}/{kind}", {"perform_as": first(lever, "/users")["id"]}
    made = lever.post(path, json={"value": "x", "text": "x"}, params=by)
    assert made.status_code == 201, made.text
    one = f"{path}/{made.json()['data']['id']}"
    assert made.json()["data"]["id"] in {item["id"] for item in walk(lever, path)}
    assert lever.get(one).status_code == lever.put(one, json={}, params=by).status_code == 200
    assert lever.delete(one, params=by).status_code == 204
    assert lever.get(one).status_code == 404


@pytest.mark.parametrize("kind", LISTS)
def test_what_is_made_in_a_list_is_listed_changed_and_removed(lever: httpx.Client, kind: str) -> None:
    made = lever.post(f"/{kind}", json={"text": "x", "name": "x"})
    assert made.status_code == 201, made.text
    one = f"/{kind}/{made.json()['data']['id']}"
    assert made.json()["data"]["id"] in {item["id"] for item in walk(lever, f"/{kind}")}
    assert lever.get(one).status_code == lever.put(one, json={}).status_code == 200
    assert lever.delete(one).status_code == 204
    assert lever.get(one).status_code == 404


@pytest.mark.parametrize("root", ["opportunities", "candidates"])
def test_files_are_added_and_removed(lever: httpx.Client, root: str) -> None:
    path = f"/{root}/{some(lever)['id']}/files"
    made = lever.post(
        path, files={"file": ("a.txt", b"x")}, params={"perform_as": first(lever, "/users")["id"]}
    )
    assert made.status_code == 201, made.text
    one = f"{path}/{made.json()['data']['id']}"
    assert lever.get(f"{one}/download").content == b"x"
    assert lever.delete(one).status_code == 204


@pytest.mark.parametrize("root", ["opportunities", "candidates"])
def test_a_posting_is_added_to_an_opportunity(lever: httpx.Client, root: str) -> None:
    postings = [first(lever, "/postings")["id"]]
    added = lever.post(f"/{root}/{some(lever)['id']}/addPostings", json={"postings": postings})
    assert (added.status_code, len(added.json()["data"]["applications"])) == (200, 1)


@pytest.mark.parametrize("kind", ["offers", "resumes"])
@pytest.mark.parametrize("root", ["opportunities", "candidates"])
def test_offers_and_resumes_are_downloaded(lever: httpx.Client, root: str, kind: str) -> None:
    found = (f"/{root}/{item['id']}/{kind}" for item in walk(lever, "/opportunities"))
    path, item = next((path, item) for path in found for item in lever.get(path).json()["data"])
    assert lever.get(f"{path}/{item['id']}/download").content


def test_an_audit_event_is_read(lever: httpx.Client) -> None:
    event = first(lever, "/audit_events")
    assert lever.get(f"/audit_events/{event['id']}").json()["data"] == event


def test_options_of_a_dropdown_are_added_renamed_and_removed(lever: httpx.Client) -> None:
    path = "/requisition_fields/work_type/options"
    added = lever.post(path, json={"values": [{"text": "hourly"}, {"text": "intern"}]})
    assert (added.status_code, added.json()["data"]["text"]) == (201, "intern")
    option = added.json()["data"]["id"]
    renamed = lever.put(path, json={"values": [{"id": option, "text": "trainee"}]})
    assert [each["text"] for each in renamed.json()["data"]["options"]][2:] == ["hourly", "trainee"]
    assert lever.request("DELETE", path, json={"values": [option]}).status_code == 204
    left = lever.get("/requisition_fields/work_type").json()["data"]["options"]
    assert [each["text"] for each in left] == ["full time", "part time", "hourly"]
    for body in ({}, {"values": [1]}, {"values": [{"id": option, "text": "gone"}]}):
        assert lever.put(path, json=body).status_code == 400
    assert lever.post("/requisition_fields/cost_center/options", json={"values": []}).status_code == 400
    assert lever.post("/requisition_fields/none/options", json={}).status_code == 404


def test_head_answers_as_get_does_without_a_body(lever: httpx.Client) -> None:
    for path in ("/tags", f"/opportunities/{some(lever)['id']}", "/no_such_path"):
        head, get = lever.head(path), lever.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    assert lever.head("/opportunities/x/addTags").status_code in (404, 405)


def test_some_postings_have_a_salary_range_and_others_none(reader: httpx.Client) -> None:
    """Section 6: strict clients decode both"""
    ranges = [posting["salaryRange"] for posting in walk(reader, "/postings")]
    assert None in ranges
    given = [each for each in ranges if each]
    assert {tuple(each) for each in given} == {("min", "max", "currency", "interval")}
    assert all(each["min"] < each["max"] for each in given)
