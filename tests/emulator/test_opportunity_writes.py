"""Section 3 of the reference: what writes to an opportunity change and return."""

from __future__ import annotations

import httpx
import pytest
from support.emulator_accounts import some, walk
from support.emulator_requests import active, create, first, read, write

from leverkit.emulator import Running

BLANK = {"name": "", "headline": "", "location": "", "phones": [], "emails": [], "links": []}


@pytest.mark.parametrize(
    "verb", ["addTags", "removeTags", "addSources", "removeSources", "stage", "archived"]
)
def test_a_mutation_answers_with_blank_contact_fields_and_no_location(lever: httpx.Client, verb: str) -> None:
    """3.3, 9.4, row 4"""
    opportunity = active(lever)
    answer = write(lever, opportunity["id"], verb)
    assert {name: answer[name] for name in BLANK} == BLANK
    assert "opportunityLocation" not in answer
    after = read(lever, opportunity["id"])
    assert {name: after[name] for name in BLANK} == {name: opportunity[name] for name in BLANK}
    assert after["opportunityLocation"] == opportunity["opportunityLocation"]


@pytest.mark.parametrize("verb", ["addLinks", "removeLinks"])
def test_link_writes_answer_with_the_contact_and_without_location(lever: httpx.Client, verb: str) -> None:
    """3.3"""
    opportunity = active(lever)
    answer = write(lever, opportunity["id"], verb)
    assert (answer["name"], answer["emails"]) == (opportunity["name"], opportunity["emails"])
    assert ("https://example.com/x" in answer["links"]) is (verb == "addLinks")
    assert "opportunityLocation" not in answer


def test_creating_answers_with_the_contact_without_location_and_is_bumped_later(lever: httpx.Client) -> None:
    """3.3, 3.5"""
    posting = first(lever, "/postings")["id"]
    made = create(lever, emails=["n@example.com"], postings=[posting]).json()["data"]
    assert (made["name"], made["emails"]) == ("N", ["n@example.com"])
    after = read(lever, made["id"])
    assert after.pop("opportunityLocation")
    assert after.pop("updatedAt") > made.pop("updatedAt")
    assert after == made


def test_one_call_takes_many_tags_with_anything_in_them(lever: httpx.Client) -> None:
    """3.4, 3.3, 9.4, row 11"""
    opportunity = some(lever)
    tags = ["🦄 pool", "sync: 2026-07-02T06:43:50Z", "San Francisco, CA", "R&D", "Half-Time", "Half-time"]
    assert write(lever, opportunity["id"], "addTags", tags=tags)["tags"] == [*opportunity["tags"], *tags]
    for tag in tags:
        assert [
            item["id"] for item in walk(lever, "/opportunities", tag=tag, contact_id=opportunity["contact"])
        ] == [opportunity["id"]]
    assert {"count": 1, "text": "🦄 pool"} in walk(lever, "/tags")


def test_archived_ones_are_tagged_and_stay_archived(lever: httpx.Client) -> None:
    """3.3, 3.4"""
    found = walk(lever, "/opportunities", archived="true")
    opportunity = next(item for item in found if not item["isAnonymized"])
    answer = write(lever, opportunity["id"], "addTags")
    assert (answer["archived"], answer["tags"]) == (opportunity["archived"], [*opportunity["tags"], "x"])


def test_a_tag_change_bumps_updated_at_and_no_other_time(lever: httpx.Client) -> None:
    """3.3, 9.4"""
    opportunity = some(lever)
    for verb in ("addTags", "removeTags"):
        before = read(lever, opportunity["id"])
        write(lever, opportunity["id"], verb)
        after = read(lever, opportunity["id"])
        assert after["updatedAt"] > (before["updatedAt"] or 0)
        for time in ("createdAt", "lastInteractionAt", "lastAdvancedAt"):
            assert after[time] == before[time]


def test_a_read_after_a_write_shows_what_the_write_returned(lever: httpx.Client) -> None:
    """3.3"""
    opportunity = some(lever)["id"]
    answer, after = write(lever, opportunity, "addTags"), read(lever, opportunity)
    for name in answer.keys() - BLANK.keys():
        assert answer[name] == after[name]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/opportunities/{id}/tags", 404),
        ("POST", "/opportunities/{id}/tags", 404),
        ("PUT", "/opportunities/{id}", 405),
        ("DELETE", "/opportunities/{id}", 405),
        ("POST", "/opportunities/addTags", 405),
        ("POST", "/tags", 405),
        ("DELETE", "/contacts/{contact}", 405),
        ("POST", "/contacts/{contact}/addTags", 404),
    ],
)
def test_tags_are_not_replaced_nor_changed_in_bulk_and_nothing_is_deleted(
    account: Running, lever: httpx.Client, method: str, path: str, status: int
) -> None:
    """3.3, 3.6, 5, 6"""
    before = account.state()
    answer = lever.request(method, path.format(**some(lever)), json={"tags": ["x"]})
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message"})
    assert account.state() == before


def test_there_is_no_etag_and_no_condition_is_heeded(lever: httpx.Client) -> None:
    """3.3"""
    opportunity = some(lever)["id"]
    assert "etag" not in lever.get(f"/opportunities/{opportunity}").headers
    headers = {"if-match": '"other"', "idempotency-key": "k"}
    for tag in ("x", "y"):
        sent = lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": [tag]}, headers=headers)
        assert sent.json()["data"]["tags"][-1] == tag
