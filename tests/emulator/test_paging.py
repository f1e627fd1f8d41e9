"""Section 2 of the reference: pages, their tokens, their order."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from support.emulator_accounts import client, walk
from support.emulator_requests import UUID

from leverkit.emulator import Running, running

YEAR = 365 * 86_400_000


def pages(lever: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the bodies of all pages of a listing."""
    bodies = [lever.get(path, params=params).json()]
    while bodies[-1]["hasNext"]:
        bodies.append(lever.get(path, params={**params, "offset": bodies[-1]["next"]}).json())
    return bodies


def test_a_page_has_a_hundred_by_default_and_any_number_from_one_to_a_hundred(reader: httpx.Client) -> None:
    """2"""
    assert len(reader.get("/opportunities").json()["data"]) == 100
    for limit in (1, 2, 99, 100):
        assert len(reader.get("/opportunities", params={"limit": limit}).json()["data"]) == limit


def test_every_page_but_the_last_has_data_has_next_and_next(reader: httpx.Client) -> None:
    """2, 9.4"""
    *others, last = pages(reader, "/opportunities", limit=40)
    assert {tuple(body) for body in others} == {("data", "hasNext", "next")}
    assert {body["hasNext"] for body in others} == {True}
    assert (list(last), last["hasNext"]) == (["data", "hasNext"], False)


@pytest.mark.parametrize(
    "path",
    ["/tags", "/sources", "/stages", "/archive_reasons", "/users", "/opportunities/deleted", "/postings"],
)
def test_a_list_that_fits_has_no_next(lever: httpx.Client, path: str) -> None:
    """2"""
    body = lever.get(path).json()
    assert (list(body), body["hasNext"]) == (["data", "hasNext"], False)
    assert len(body["data"]) < 100


@pytest.mark.parametrize(
    "name", ["opportunities", "candidates", "stages", "archive_reasons", "postings", "users"]
)
def test_one_object_is_wrapped_in_data(reader: httpx.Client, name: str) -> None:
    """2"""
    item = reader.get(f"/{name}", params={"limit": 1}).json()["data"][0]
    assert reader.get(f"/{name}/{item['id']}").json() == {"data": item}


@pytest.mark.parametrize(
    ("path", "params", "form"),
    [
        ("/opportunities", {}, rf"%5B\d+(\.\d+)?%2C\d{{13}}%2C%22{UUID}%22%5D"),
        ("/candidates", {}, rf"%5B\d+(\.\d+)?%2C\d{{13}}%2C%22{UUID}%22%5D"),
        ("/opportunities", {"updated_at_start": 1}, rf"%5B\d{{13}}%2C%22{UUID}%22%5D"),
        ("/postings", {}, rf"%5B\d{{13}}%2C%22{UUID}%22%5D"),
        ("/feedback_templates", {}, rf"%5B%22[^%]+%22%2C%22{UUID}%22%5D"),
    ],
)
def test_a_token_is_a_json_array_encoded_once(
    reader: httpx.Client, path: str, params: dict[str, Any], form: str
) -> None:
    """2, 2.1: nowhere the dotted form of the documentation"""
    *others, _ = pages(reader, path, limit=1 if path == "/feedback_templates" else 7, **params)
    assert others != []
    for body in others:
        assert re.fullmatch(form, body["next"]), body["next"]


def test_whole_ranks_are_integers_in_tokens_and_others_fractions(lever: httpx.Client) -> None:
    """2.1"""
    ranks = {unquote(body["next"]).split(",")[0][1:] for body in pages(lever, "/opportunities", limit=1)[:-1]}
    assert {"1", "261"} < ranks
    assert any("." in rank for rank in ranks)
    assert not any(rank.endswith(".0") for rank in ranks)


def test_at_every_boundary_the_token_is_the_key_of_the_next_item_and_never_of_the_last(
    reader: httpx.Client,
) -> None:
    """2.2, 2.3"""
    stages = reader.get("/disposition_stages").json()["data"]["stages"]
    ranks = {stage["id"]: stage["rank"] for stage in stages}
    bodies = pages(reader, "/opportunities", limit=13)
    assert len(bodies) > 10
    for body, after in pairwise(bodies):
        item, last = after["data"][0], body["data"][-1]
        assert json.loads(unquote(body["next"])) == [ranks[item["stage"]], item["lastAdvancedAt"], item["id"]]
        assert last["id"] not in body["next"]
        assert after.get("next") != body["next"]


def test_ties_of_stage_and_time_are_in_the_order_of_ids(account: Running, lever: httpx.Client) -> None:
    """2.2"""
    same = {"stage": "offer", "createdAt": 1_700_000_000_000}
    made = {account.create(**same) for _ in range(12)}
    found = [item["id"] for item in walk(lever, "/opportunities", stage_id="offer", limit=5)]
    assert [item for item in found if item in made] == sorted(made)


def test_active_and_archived_ones_are_interleaved(reader: httpx.Client) -> None:
    """2.2, 9.4: lists hold both by default"""
    kinds = [item["archived"] is None for item in walk(reader, "/opportunities", stage_id="lead-new")]
    turns = sum(kind is not other for kind, other in pairwise(kinds))
    assert turns > 3


def test_disposition_stages_hold_the_pipeline_with_ranks_and_the_reasons(reader: httpx.Client) -> None:
    """2.2, 6"""
    body = reader.get("/disposition_stages").json()
    assert (list(body), list(body["data"])) == (["data"], ["stages", "archiveReasons"])
    stages = body["data"]["stages"]
    assert {tuple(stage) for stage in stages} == {("id", "text", "pipeline", "rank", "hasInterview")}
    built_in = {
        stage["id"]: stage["rank"] for stage in stages if "-" not in stage["id"] or len(stage["id"]) < 20
    }
    assert built_in == {
        "lead-new": 1,
        "lead-reached-out": 3,
        "lead-responded": 5,
        "applicant-new": 101,
        "offer": 261,
    }
    assert [stage["rank"] for stage in stages if stage["id"] not in built_in] == [
        105.5,
        201,
        230.5,
        231,
        231.5,
        265.5,
    ]
    assert list(dict.fromkeys(stage["pipeline"] for stage in stages)) == [
        "lead",
        "applicant",
        "screen",
        "onsite",
        "offer",
    ]
    kinds = {reason["text"]: reason["type"] for reason in body["data"]["archiveReasons"]}
    assert (kinds["Hired"], kinds["No response - OLD"]) == ("hired", None)


def test_other_tokens_outlive_what_they_name_too(account: Running, lever: httpx.Client) -> None:
    """2.2"""
    opportunity = account.create(tags=["!! first", "!! second", "!! third"])
    for path, gone in (("/tags", "!! second"), ("/feedback_templates", "")):
        page = lever.get(path, params={"limit": 1}).json()
        rest = walk(lever, path, offset=page["next"])
        if gone:
            account.remove_tags(opportunity, [gone])
        else:
            assert lever.delete(f"{path}/{rest[0]['id']}").status_code == 204
        assert walk(lever, path, offset=page["next"]) == rest[1:]


def test_recorded_pages_alone_are_served_in_their_order(reader: httpx.Client, tmp_path: Path) -> None:
    """2.1, 2.2: their stages are in the order of the pipeline, and their ranks are whole in tokens"""
    recorded = walk(reader, "/opportunities")
    (tmp_path / "opportunities.jsonl").write_text("\n".join(map(json.dumps, recorded)))
    with running(load=tmp_path, rate=None) as account, client(account) as lever:
        assert walk(lever, "/opportunities", limit=30) == recorded
        assert not [body for body in pages(lever, "/opportunities", limit=30)[:-1] if ".0%2C" in body["next"]]


def test_loaded_dispositions_are_served_as_they_stand(reader: httpx.Client, tmp_path: Path) -> None:
    """2.2"""
    shown = reader.get("/disposition_stages").json()
    shown["data"]["archiveReasons"].reverse()
    (tmp_path / "disposition_stages.json").write_text(json.dumps(shown))
    (tmp_path / "opportunities.json").write_text(reader.get("/opportunities").text)
    with running(load=tmp_path, rate=None) as account, client(account) as lever:
        assert lever.get("/disposition_stages").json() == shown


def test_a_token_does_not_expire_and_serves_another_run(account: Running, lever: httpx.Client) -> None:
    """2.2, 2.3, row 17"""
    token = lever.get("/opportunities", params={"limit": 5}).json()["next"]
    before = lever.get("/opportunities", params={"limit": 5, "offset": token}).json()
    account.do(lambda held: setattr(held, "skew_ms", 5 * YEAR))
    with httpx.Client(base_url=account.base_url, auth=(account.key(), "")) as other:
        assert other.get("/opportunities", params={"limit": 5, "offset": token}).json() == before


def test_a_token_of_another_sort_is_refused_in_levers_words_and_the_first_page_is_not(
    reader: httpx.Client,
) -> None:
    """2.3, 7.2, 9.4"""
    token = reader.get("/opportunities", params={"limit": 5}).json()["next"]
    updated = {"updated_at_start": 0, "limit": 5}
    answer = reader.get("/opportunities", params={**updated, "offset": token})
    expected = {
        "code": "BadRequestError",
        "message": "Invalid offset token: Offset token is invalid for sort",
    }
    assert (answer.status_code, answer.json()) == (400, expected)
    start = reader.get("/opportunities", params=updated)
    assert start.status_code == 200
    swapped = reader.get("/opportunities", params={"offset": start.json()["next"]})
    assert swapped.json() == expected


def test_a_tag_write_moves_an_opportunity_to_the_end_of_the_order_of_updates(
    account: Running, lever: httpx.Client
) -> None:
    """2.2: a job that tags while it pages by updates meets its own again"""
    first = lever.get("/opportunities", params={"updated_at_start": 0, "limit": 2}).json()
    opportunity = first["data"][0]["id"]
    lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["again"]})
    rest = walk(lever, "/opportunities", updated_at_start=0, limit=2, offset=first["next"])
    assert rest[-1]["id"] == opportunity
