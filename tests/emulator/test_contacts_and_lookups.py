"""Sections 4 to 6 of the reference: deprecated candidates, contacts, lookups."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.emulator_accounts import some, walk
from support.emulator_requests import WRITES, create, first, read

from leverkit.emulator import Running
from leverkit.emulator.endpoints.children import KINDS

USER = [
    "id",
    "name",
    "username",
    "email",
    "accessRole",
    "photo",
    "createdAt",
    "deactivatedAt",
    "externalDirectoryId",
    "linkedContactIds",
    "jobTitle",
    "managerId",
]
POSTING = {
    "id",
    "text",
    "state",
    "distributionChannels",
    "user",
    "owner",
    "hiringManager",
    "categories",
    "tags",
    "content",
    "followers",
    "createdAt",
    "updatedAt",
    "confidentiality",
}


# 4


def test_a_new_opportunity_is_a_candidate_with_the_same_id(lever: httpx.Client) -> None:
    """4"""
    opportunity = create(lever).json()["data"]["id"]
    assert lever.get(f"/candidates/{opportunity}").json()["data"] == read(lever, opportunity)


def test_candidates_are_listed_one_for_each_opportunity(lever: httpx.Client) -> None:
    """4"""
    opportunity = some(lever)
    create(lever, contact=opportunity["contact"])
    assert walk(lever, "/candidates", limit=7) == walk(lever, "/opportunities")
    assert len(walk(lever, "/candidates", contact_id=opportunity["contact"])) >= 2


@pytest.mark.parametrize("verb", WRITES)
def test_a_write_to_a_candidate_reaches_its_one_opportunity(lever: httpx.Client, verb: str) -> None:
    """4"""
    opportunity = some(lever)
    sibling = create(lever, contact=opportunity["contact"]).json()["data"]["id"]
    before = read(lever, sibling)
    method, body = WRITES[verb]
    twin = lever.request(method, f"/candidates/{opportunity['id']}/{verb}", json=body)
    assert twin.is_success
    assert read(lever, opportunity["id"])["lastInteractionAt"] >= opportunity["lastInteractionAt"]
    if verb not in ("addLinks", "removeLinks"):
        assert read(lever, sibling) == before
    if verb != "notes":
        shared = {"tags", "sources", "links", "stage", "archived"}
        after = read(lever, opportunity["id"])
        blank = () if "Links" in verb else ("links",)
        assert all(twin.json()["data"][name] == after[name] for name in shared.difference(blank))


@pytest.mark.parametrize("kind", KINDS)
def test_what_hangs_on_a_candidate_is_what_hangs_on_the_opportunity(reader: httpx.Client, kind: str) -> None:
    """4"""
    ids = [item["id"] for item in reader.get("/opportunities", params={"limit": 30}).json()["data"]]
    bodies = [reader.get(f"/opportunities/{item}/{kind}").json() for item in ids]
    assert [reader.get(f"/candidates/{item}/{kind}").json() for item in ids] == bodies


def test_creating_a_candidate_makes_a_surplus_opportunity(lever: httpx.Client) -> None:
    """4, 9.4, row 35"""
    opportunity, user = some(lever), first(lever, "/users")["id"]
    body = {"emails": opportunity["emails"], "tags": ["late"]}
    params = {"perform_as": user, "dedupe": "true"}
    made = lever.post("/candidates", json=body, params=params).json()["data"]
    assert (made["id"] != opportunity["id"], made["contact"]) == (True, opportunity["contact"])
    assert "late" not in read(lever, opportunity["id"])["tags"]
    assert lever.put(f"/candidates/{opportunity['id']}", json={"name": "X"}).status_code == 405


def test_a_posting_is_assigned_to_an_existing_candidate_and_takes_it_from_the_archive(
    lever: httpx.Client,
) -> None:
    """4, 3.6"""
    user = first(lever, "/users")["id"]
    before = walk(lever, "/opportunities")
    opportunity = next(item for item in before if item["archived"] and item["emails"])
    posting = first(lever, "/postings")
    path, body = f"/candidates/{opportunity['id']}/addPostings", {"postings": [posting["id"]]}
    assert lever.post(path, json=body, params={"perform_as": user}).status_code == 200
    after = read(lever, opportunity["id"])
    assert (after["archived"], len(after["applications"])) == (None, 1)
    assert len(walk(lever, "/opportunities")) == len(before)


# 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/contacts", 404),
        ("POST", "/contacts", 404),
        ("POST", "/contacts/{contact}", 405),
        ("DELETE", "/contacts/{contact}", 405),
        ("POST", "/contacts/{contact}/merge", 404),
        ("GET", "/contacts/{contact}/opportunities", 404),
    ],
)
def test_contacts_are_only_read_and_updated_one_by_one(
    lever: httpx.Client, method: str, path: str, status: int
) -> None:
    """5, 9.2"""
    answer = lever.request(method, path.format(**some(lever)), json={})
    assert answer.status_code == status


def test_a_contact_has_levers_fields_and_neither_tags_nor_opportunities(reader: httpx.Client) -> None:
    """5"""
    opportunity = next(item for item in walk(reader, "/opportunities") if item["phones"])
    contact = reader.get(f"/contacts/{opportunity['contact']}").json()["data"]
    expected = ["id", "name", "headline", "isAnonymized", "location", "emails", "phones", "dataProtection"]
    assert list(contact) == expected
    assert (contact["emails"], contact["phones"]) == (opportunity["emails"], opportunity["phones"])
    assert contact["location"] == {"name": opportunity["location"]}
    assert list(contact["dataProtection"]) == ["interviewIntelligence"]
    assert list(contact["dataProtection"]["interviewIntelligence"]) == ["allowed", "expiresAt"]


def test_a_put_of_some_fields_leaves_the_others_and_shows_no_anonymity(lever: httpx.Client) -> None:
    """5"""
    opportunity = some(lever)
    path = f"/contacts/{opportunity['contact']}"
    lever.put(path, json={"headline": "Kept"})
    body = {"name": "Renamed", "emails": ["r@example.com"], "phones": [{"type": "mobile", "value": "1"}]}
    answer = lever.put(path, json={**body, "location": "Oslo"})
    data = answer.json()["data"]
    assert answer.status_code == 200
    assert list(data) == ["id", "name", "headline", "location", "emails", "phones"]
    assert (data["headline"], data["location"]) == ("Kept", {"name": "Oslo"})
    assert read(lever, opportunity["id"])["location"] == "Oslo"
    assert lever.put(path, json={"location": {"name": "Oslo"}}).status_code == 400


def test_an_anonymized_contact_is_not_updated(account: Running, lever: httpx.Client) -> None:
    """5, 9.3"""
    opportunity = account.create(name="N")
    contact = read(lever, opportunity)["contact"]
    account.anonymize(opportunity)
    shown = lever.get(f"/contacts/{contact}").json()["data"]
    assert (shown["isAnonymized"], shown["name"]) == (True, "")
    assert lever.put(f"/contacts/{contact}", json={"name": "X"}).status_code == 400


def test_users_have_no_linked_contacts(reader: httpx.Client) -> None:
    """5, 6"""
    users = walk(reader, "/users", includeDeactivated="true")
    assert {user["linkedContactIds"] for user in users} == {None}
    assert {tuple(user) for user in users} == {tuple(USER)}


# 6


@pytest.mark.parametrize("path", ["/tags", "/sources"])
def test_texts_are_listed_with_counts_in_the_order_of_the_alphabet(
    account: Running, lever: httpx.Client, path: str
) -> None:
    """6"""
    texts = ["zebra", "Zoo", "apple", "Äther", "Half-Time", "Half-time"]
    account.create(tags=texts, sources=texts)
    rows = lever.get(path).json()["data"]
    assert {tuple(row) for row in rows} == {("count", "text")}
    texts = [row["text"] for row in rows]
    assert [text.casefold() for text in texts] == sorted(text.casefold() for text in texts)
    assert texts.index("Half-time") + 1 == texts.index("Half-Time")
    assert walk(lever, path, limit=3) == rows
    for method in ("POST", "PUT", "DELETE"):
        assert lever.request(method, path, json={"text": "x"}).status_code == 405


def test_stages_are_texts_in_pipeline_order_with_the_built_in_ones(reader: httpx.Client) -> None:
    """6, 9.4"""
    stages = walk(reader, "/stages")
    assert {tuple(stage) for stage in stages} == {("id", "text")}
    texts = {stage["id"]: stage["text"] for stage in stages}
    assert (texts["lead-new"], texts["applicant-new"], texts["offer"]) == (
        "New lead",
        "New applicant",
        "Offer",
    )
    assert [item["id"] for item in stages] == [
        item["id"] for item in reader.get("/disposition_stages").json()["data"]["stages"]
    ]
    assert reader.get("/stages/lead-new").json() == {"data": {"id": "lead-new", "text": "New lead"}}


def test_archive_reasons_have_status_and_type_and_are_filtered_by_type(reader: httpx.Client) -> None:
    """6"""
    reasons = walk(reader, "/archive_reasons")
    assert {tuple(reason) for reason in reasons} == {("id", "text", "status", "type")}
    assert {reason["status"] for reason in reasons} == {"active", "inactive"}
    by = {kind: walk(reader, "/archive_reasons", type=kind) for kind in ("hired", "non-hired")}
    assert [reason["text"] for reason in by["hired"]] == ["Hired"]
    assert len(by["non-hired"]) == len(reasons) - 1


def test_postings_have_levers_fields_and_are_newest_first(reader: httpx.Client) -> None:
    """6"""
    found = walk(reader, "/postings", limit=4)
    for posting in found:
        assert set(posting) >= POSTING
        names = {"team", "department", "location", "allLocations", "commitment", "level"}
        assert set(posting["categories"]) == names
        assert {type(tag) for tag in posting["tags"]} <= {str}
    times = [posting["createdAt"] for posting in found]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) > 5


def test_postings_are_filtered_by_state(account: Running, lever: httpx.Client) -> None:
    """6"""
    ids = [posting["id"] for posting in walk(lever, "/postings")]
    states = ["published", "internal", "closed", "draft", "pending", "rejected"]
    for identifier, state in zip(ids, states, strict=False):
        answer = lever.post(f"/postings/{identifier}", json={"state": state})
        assert answer.json()["data"]["state"] == state
    for identifier, state in zip(ids, states, strict=False):
        found = walk(lever, "/postings", state=state)
        assert identifier in {posting["id"] for posting in found}
        assert {posting["state"] for posting in found} == {state}
    assert len(walk(lever, "/postings", state=states[:2])) >= 2


def test_users_are_newest_first_and_active_ones_by_default(reader: httpx.Client) -> None:
    """6"""
    active, everyone = walk(reader, "/users", limit=3), walk(reader, "/users", includeDeactivated="true")
    for users in (active, everyone):
        times = [user["createdAt"] for user in users]
        assert times == sorted(times, reverse=True)
    assert [user for user in everyone if user["deactivatedAt"] is None] == active != everyone


@pytest.mark.parametrize(
    ("name", "field"),
    [("email", "email"), ("accessRole", "accessRole"), ("external_directory_id", "externalDirectoryId")],
)
def test_users_are_filtered(lever: httpx.Client, name: str, field: str) -> None:
    """6"""
    body: dict[str, Any] = {"name": "U", "email": "u@example.com", "accessRole": "admin"}
    made = lever.post("/users", json={**body, "externalDirectoryId": "77"}).json()["data"]
    found = walk(lever, "/users", **{name: made[field]})
    assert made in found
    assert {user[field] for user in found} == {made[field]}
    assert walk(lever, "/users", **{name: "nobody"}) == []
