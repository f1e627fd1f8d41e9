"""Section 7 of the reference: rate limit, errors, headers, units."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, some, walk
from support.emulator_requests import UUID, create

from leverkit.emulator import Running, running

HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "server": "lever-data-api",
    "x-stream-path": "dapi",
    "x-lever-region": "global",
}


def test_the_limit_is_twenty_at_once_and_then_ten_a_second_for_each_key() -> None:
    """7.1, row 25"""
    with running(contacts=2) as account, client(account) as lever, client(account, account.key()) as other:
        assert (account.account.config.rate, account.account.config.burst) == (10.0, 20)
        account.configure(rate=0.001)  # the burst alone, however slow this computer is
        paths = ["/tags", "/stages", "/opportunities", "/users"] * 6
        statuses = [lever.get(path).status_code for path in paths]
        assert statuses == [200] * 20 + [429] * 4
        assert other.get("/tags").status_code == 200
        with client(account) as twin:
            assert twin.get("/users").status_code == 429


def test_two_clients_of_one_key_share_a_rate_limit(account: Running) -> None:
    """7.1"""
    account.configure(rate=0.001, burst=2)
    with client(account) as lever, client(account) as second:
        assert [item.get("/tags").status_code for item in (lever, second, lever)] == [
            200,
            200,
            429,
        ]


@pytest.mark.parametrize("path", ["/tags", "/xyz", "/stages/nope", "/opportunities?limit=0"])
def test_every_answer_has_levers_headers_and_none_about_limits_or_requests(
    lever: httpx.Client, path: str
) -> None:
    """1.1, 7.1, 7.3"""
    headers = lever.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert not [name for name in headers if re.search("ratelimit|retry|request-id|correlation", name)]


def test_a_refusal_by_the_limit_has_levers_headers_too(account: Running, lever: httpx.Client) -> None:
    """7.1, 7.2"""
    account.configure(rate=0.001, burst=1)
    lever.get("/tags")
    answer = lever.get("/tags")
    assert (answer.status_code, set(answer.json())) == (429, {"code", "message"})
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert not [name for name in answer.headers if re.search("ratelimit|retry", name)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "message"),
    [
        ("GET", "/xyz", 404, "ResourceNotFound", "/v1/xyz does not exist"),
        ("GET", "/stages/nope", 404, "ResourceNotFound", "stages nope was not found"),
        ("GET", "/opportunities/nope", 404, "ResourceNotFound", "opportunities nope was not found"),
        ("GET", "/contacts/nope", 404, "ResourceNotFound", "contacts nope was not found"),
        ("GET", "/archive_reasons/nope", 404, "ResourceNotFound", "archive_reasons nope was not found"),
        ("POST", "/opportunities/nope/addTags", 404, "ResourceNotFound", "opportunities nope was not found"),
        (
            "GET",
            "/requisition_fields/nope",
            404,
            "NotFoundError",
            "That requisition field doesn't exist on your account",
        ),
        (
            "DELETE",
            "/requisition_fields/nope",
            404,
            "NotFoundError",
            "That requisition field doesn't exist on your account",
        ),
        ("GET", "/opportunities?expand=posting", 400, "BadRequestError", "posting is not expandable"),
        ("GET", "/opportunities?email=x", 400, "BadRequestError", "Email address is not valid"),
        ("POST", "/opportunities", 400, "BadRequestError", "Missing required parameter: perform_as"),
    ],
)
def test_errors_are_worded_as_levers(
    lever: httpx.Client, method: str, path: str, status: int, code: str, message: str
) -> None:
    """7.2"""
    answer = lever.request(method, path, json={"tags": ["x"]} if method == "POST" else None)
    assert (answer.status_code, answer.json()) == (status, {"code": code, "message": message})


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "status", "status": 500}, 500),
        ({"kind": "status", "status": 503}, 503),
        ({"kind": "status", "status": 403}, 403),
        ({"kind": "throttle"}, 429),
    ],
)
def test_failures_on_demand_come_in_the_envelope(
    account: Running, lever: httpx.Client, fault: dict[str, Any], status: int
) -> None:
    """7.2"""
    account.fault(**fault)
    answer = lever.get("/tags")
    assert (answer.status_code, list(answer.json())) == (status, ["code", "message"])
    assert lever.get("/tags").status_code == 200


def test_a_gateway_error_is_no_json(account: Running, lever: httpx.Client) -> None:
    """7.2, 9.4"""
    account.fault("html", status=502)
    answer = lever.get("/tags")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    with pytest.raises(ValueError, match=r".+"):
        answer.json()


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_connections_break(account: Running, lever: httpx.Client, kind: str) -> None:
    """7.2, 9.4"""
    account.fault(kind)
    with pytest.raises(httpx.TransportError):
        lever.get("/tags")


def test_a_body_or_a_list_may_be_unexpectedly_empty(account: Running, lever: httpx.Client) -> None:
    """7.2, 9.4"""
    account.fault("empty")
    account.fault("no_rows", query="*contact_id=*")
    assert lever.get("/tags").content == b""
    contact = some(lever)["contact"]
    bodies = [lever.get("/opportunities", params={"contact_id": contact}).json() for _ in range(2)]
    assert bodies[0] == {"data": [], "hasNext": False} != bodies[1]


def test_a_moved_resource_names_its_place(account: Running, lever: httpx.Client) -> None:
    """7.2"""
    account.fault("status", status=301, location=f"{account.base_url}/stages", path="/tags")
    moved = lever.get("/tags")
    assert moved.status_code == 301
    assert lever.get(moved.headers["location"]).json()["data"] == walk(lever, "/stages")


def milliseconds(value: Any, name: str = "") -> list[int]:
    """Return every time in an answer, by the names of its fields."""
    if isinstance(value, dict):
        return [time for key, inner in value.items() for time in milliseconds(inner, key)]
    if isinstance(value, list):
        return [time for inner in value for time in milliseconds(inner, name)]
    named = re.search(r"At$|^snoozedUntil$", name) is not None
    assert not named or value is None or type(value) is int, (name, value)
    return [value] if named and value is not None else []


@pytest.mark.parametrize("path", ["/opportunities", "/postings", "/users", "/requisitions", "/audit_events"])
def test_every_time_is_whole_milliseconds(reader: httpx.Client, path: str) -> None:
    """7.3"""
    times = milliseconds(walk(reader, path, confidentiality="all"))
    assert len(times) > 3
    assert all(10**12 < time < 10**13 for time in times)


@pytest.mark.parametrize(
    "path", ["/opportunities", "/postings", "/users", "/archive_reasons", "/requisitions"]
)
def test_ids_are_uuids(reader: httpx.Client, path: str) -> None:
    """7.3"""
    assert all(re.fullmatch(UUID, item["id"]) for item in walk(reader, path))


def test_stage_ids_are_uuids_or_slugs(reader: httpx.Client) -> None:
    """3.5, 7.3, 9.4"""
    kinds = {bool(re.fullmatch(UUID, item["stage"])) for item in walk(reader, "/opportunities")}
    assert kinds == {True, False}


def test_creating_answers_201_and_deleting_204_without_a_body(lever: httpx.Client) -> None:
    """7.3"""
    assert create(lever).status_code == 201
    hook = lever.post("/webhooks", json={"url": "https://example.com", "event": "candidateHired"})
    gone = lever.delete(f"/webhooks/{hook.json()['data']['id']}")
    assert (hook.status_code, gone.status_code, gone.content) == (201, 204, b"")
