"""Faults on demand: each kind does what it says, counts how often, and leaves the rest alone."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from support.emulator_accounts import served, some, walk

from leverkit.emulator import Running
from leverkit.emulator.config import Config
from leverkit.emulator.http.faults import Fault, Faults


def test_a_fault_of_an_unknown_kind_or_option_is_refused(account: Running) -> None:
    with pytest.raises(msgspec.ValidationError, match="flood"):
        account.fault("flood")
    with pytest.raises(msgspec.ValidationError, match="colour"):
        account.fault("reset", colour="red")


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        ({"kind": "throttle"}, 429, "TooManyRequestsError"),
        ({"kind": "status", "status": 401}, 401, "UnauthorizedError"),
        ({"kind": "status", "status": 403}, 403, "ForbiddenError"),
        ({"kind": "status", "status": 503}, 503, "maintenance"),
        ({"kind": "html", "status": 502}, 502, "<html>"),
        ({"kind": "empty"}, 200, ""),
    ],
)
def test_answers_that_take_the_place_of_the_real_one(
    account: Running, lever: httpx.Client, options: dict[str, Any], status: int, text: str
) -> None:
    fault = account.fault(**options, path="/tags")
    assert lever.get("/stages").status_code == 200
    answer = lever.get("/tags")
    assert (answer.status_code, text in answer.text, fault.fired) == (status, True, 1)
    assert lever.get("/tags").json()["data"]


def test_a_throttle_may_name_a_time_to_wait(account: Running, lever: httpx.Client) -> None:
    account.fault("throttle", retry_after=1.5)
    assert lever.get("/tags").headers["retry-after"] == "1.5"


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_connections_break_before_or_within_the_answer(
    account: Running, lever: httpx.Client, kind: str
) -> None:
    account.fault(kind)
    with pytest.raises(httpx.TransportError):
        lever.get("/tags")
    assert lever.get("/tags").status_code == 200


def test_half_of_the_json_is_no_json(account: Running, lever: httpx.Client) -> None:
    account.fault("malformed")
    with pytest.raises(ValueError, match=r".+"):
        lever.get("/tags").json()


@pytest.mark.parametrize(("when", "changed"), [("before", False), ("after", True)])
def test_the_effect_happens_or_not_before_the_answer_is_lost(
    account: Running, lever: httpx.Client, when: str, changed: bool
) -> None:
    opportunity = some(lever)["id"]
    account.fault("reset", method="POST", when=when)
    with pytest.raises(httpx.TransportError):
        lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["x"]})
    assert ("x" in account.state()["opportunities"][opportunity]) is changed


def test_an_ignored_write_answers_as_if_it_had_worked(account: Running, lever: httpx.Client) -> None:
    opportunity, before = some(lever), account.state()
    account.fault("ignored", method="POST", times=None)
    answer = lever.post(f"/opportunities/{opportunity['id']}/addTags", json={"tags": ["x"]})
    user = lever.get("/users").json()["data"][0]["id"]
    created = lever.post("/opportunities", json={"name": "N"}, params={"perform_as": user})
    assert (answer.json()["data"]["tags"][-1], created.status_code) == ("x", 201)
    assert account.state() == before
    assert lever.get(f"/opportunities/{opportunity['id']}").json()["data"] == opportunity


def test_a_stale_read_shows_what_was_and_the_next_what_is(account: Running, lever: httpx.Client) -> None:
    opportunity = some(lever)
    account.fault("stale", path="/opportunities/*", method="GET", ms=60_000, skip=1, times=1)
    account.add_tags(opportunity["id"], ["fresh"])
    seen = [
        "fresh" in lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["tags"] for _ in range(3)
    ]
    assert seen == [True, False, True]


@pytest.mark.parametrize(("kind", "times"), [("duplicate", 2), ("drop", 0)])
def test_a_row_at_a_page_edge_comes_twice_or_not_at_all(
    account: Running, lever: httpx.Client, kind: str, times: int
) -> None:
    everything = [item["id"] for item in walk(lever, "/opportunities")]
    account.fault(kind, path="/opportunities")
    found = [item["id"] for item in walk(lever, "/opportunities", limit=5)]
    odd = [item for item in everything if found.count(item) != 1]
    assert [found.count(item) for item in odd] == [times]


def test_offsets_are_refused_and_only_offsets(account: Running, lever: httpx.Client) -> None:
    account.fault("refuse_offset", times=None)
    first = lever.get("/opportunities", params={"limit": 5})
    answer = lever.get("/opportunities", params={"limit": 5, "offset": first.json()["next"]})
    assert (first.status_code, answer.status_code) == (200, 400)
    assert answer.json()["message"].startswith("Invalid offset token")


def test_the_clock_jumps(account: Running, lever: httpx.Client) -> None:
    opportunity = some(lever)["id"]
    now = account.do(lambda held: held.now())
    account.fault("clock", ms=3_600_000)
    lever.get("/tags")
    written = lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["x"]}).json()["data"]
    assert written["updatedAt"] >= now + 3_600_000


def test_delays_and_chances_are_counted_and_repeat_with_their_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault(kind="status", times=None, probability=0.3, seed=seed, skip=2))
        return [faults.pick("GET", "/tags", "", Config()) is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert struck(1)[:2] == [False, False]
    assert 30 < sum(struck(1)) < 90


def test_faults_match_by_query_and_are_cleared(account: Running, lever: httpx.Client) -> None:
    account.fault("status", query="*archived=true*", times=None)
    assert lever.get("/opportunities").status_code == 200
    assert lever.get("/opportunities", params={"archived": "true"}).status_code == 500
    account.clear_faults()
    assert lever.get("/opportunities", params={"archived": "true"}).status_code == 200


def test_accidents_come_by_share_and_leave_a_usable_account() -> None:
    """Row 26"""
    shares = {"error_share": 0.2, "gateway_share": 0.2, "maintenance_share": 0.2, "reset_share": 0.2}
    with served(**shares) as (account, lever):
        seen: set[object] = set()
        for _ in range(60):
            try:
                seen.add(lever.get("/tags").status_code)
            except httpx.TransportError:
                seen.add("reset")
        assert seen == {200, 500, 502, 503, "reset"}
        assert {entry["fault"] for entry in account.log()} == {None, "status", "html", "reset"}


def everything(account: Running) -> str:
    """Return all that requests can change, as text."""

    def shown(held: Any) -> str:
        rows = sorted(row.raw for row in held.rows.values())
        hanging = sorted((key, items) for key, items in held.children.items() if items)
        return repr((rows, hanging, held.postings, held.users, held.lists, held.webhooks, held.uploads))

    text: str = account.do(shown)
    return text


def test_an_ignored_write_of_any_kind_changes_nothing_and_sends_no_event(
    account: Running, lever: httpx.Client
) -> None:
    """Each write of the route table, with the bodies of its own description."""
    root = account.base_url.removesuffix("/v1") + "/_emulator"
    paths = lever.get(f"{root}/openapi.json").json()["paths"]
    before, done = everything(account), 0
    account.fault("ignored", times=None)
    for path, method, operation in (
        (path, method, item) for path, methods in paths.items() for method, item in methods.items()
    ):
        if method != "get":
            done += sent(lever, path, method, operation).is_success
            assert everything(account) == before, (method, path)
    assert done > 60
    assert account.deliveries() == []


def sent(lever: httpx.Client, path: str, method: str, operation: dict[str, Any]) -> httpx.Response:
    """Send a request that is made of the examples in a description."""
    params: dict[str, Any] = {}
    for item in operation["parameters"]:
        value = next(iter(item.get("examples", {"": {"value": "none"}}).values()))["value"]
        if item["in"] == "path":
            path = path.replace("{" + item["name"] + "}", value)
        elif "examples" in item:
            params[item["name"]] = value
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        return lever.request(method, path, params=params, files={"file": ("f.txt", b"x")})
    body = next(iter(content.get("application/json", {}).get("examples", {}).values()), {"value": {}})
    return lever.request(method, path, params=params, json=body["value"] if content else None)
