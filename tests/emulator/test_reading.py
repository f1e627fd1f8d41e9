"""Sections 2 and 3 of the reference: lists, orders, tokens, filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from support.emulator_accounts import walk

from leverkit.emulator import Running


def test_the_default_order_is_stage_rank_then_last_advanced_descending_then_id(reader: httpx.Client) -> None:
    """2.2"""
    ranks = {s["id"]: s["rank"] for s in reader.get("/disposition_stages").json()["data"]["stages"]}
    keys = [
        (ranks[o["stage"]], -o["lastAdvancedAt"], o["id"]) for o in walk(reader, "/opportunities", limit=20)
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) > 150


def test_a_token_is_the_key_of_the_first_item_of_the_next_page(reader: httpx.Client) -> None:
    """2.1, 2.2"""
    first = reader.get("/opportunities", params={"limit": 10}).json()
    token = unquote(first["next"])
    second = reader.get("/opportunities", params={"limit": 10, "offset": first["next"]}).json()["data"][0]
    assert first["next"].startswith("%5B")
    assert token.endswith(f',{second["lastAdvancedAt"]},"{second["id"]}"]')
    assert list(first) == ["data", "hasNext", "next"]


@pytest.mark.parametrize("spelling", [lambda token: token, unquote, lambda token: quote(unquote(token))])
def test_tokens_survive_any_encoding(reader: httpx.Client, spelling: Any) -> None:
    """9.4, 2.3, row 16"""
    first = reader.get("/opportunities", params={"limit": 5}).json()["next"]
    pages = [
        reader.get("/opportunities", params={"limit": 5, "offset": t}).json()
        for t in (first, spelling(first))
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "offset", ['[1750000000000,"x"]', "991d8354-02f4-4b11-a59a-052be21e46a1", "{}", "[]"]
)
def test_an_offset_that_does_not_fit_is_refused(reader: httpx.Client, offset: str) -> None:
    """2.3"""
    answer = reader.get("/opportunities", params={"offset": offset})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid offset token")


def test_updated_filters_order_by_updated_at_and_miss_null(reader: httpx.Client) -> None:
    """2.2, 3.1"""
    found = walk(reader, "/opportunities", updated_at_start=0, confidentiality="all", limit=7)
    keys = [(o["updatedAt"], o["id"]) for o in found]
    everything = walk(reader, "/opportunities", confidentiality="all")
    assert keys == sorted(keys)
    assert {o["id"] for o in found} == {o["id"] for o in everything if o["updatedAt"] is not None}


def test_repeated_values_are_a_union_and_different_filters_are_an_intersection(reader: httpx.Client) -> None:
    """3.1"""
    everything = walk(reader, "/opportunities")
    tags = list({tag: None for o in everything for tag in o["tags"]})[:2]
    found = walk(reader, "/opportunities", tag=tags, archived="true")
    wanted = {o["id"] for o in everything if set(tags) & set(o["tags"]) and o["archived"]}
    assert {o["id"] for o in found} == wanted != set()


def test_include_is_subtractive_and_expanded_fields_are_always_in(reader: httpx.Client) -> None:
    """3.1"""
    answer = reader.get(
        "/opportunities", params={"include": ["id", "tags"], "expand": "applications", "limit": 50}
    )
    found = answer.json()["data"]
    assert {tuple(o) for o in found} == {("id", "tags", "applications")}
    applications = [a for o in found for a in o["applications"]]
    assert applications[0]["candidateId"] == applications[0]["opportunityId"]
    assert (
        reader.get("/opportunities", params={"expand": "posting"}).json()["message"]
        == "posting is not expandable"
    )


def test_tag_counts_are_opportunities_active_and_archived(reader: httpx.Client) -> None:
    """3.4, 6"""
    everything = walk(reader, "/opportunities", confidentiality="all")
    listed = walk(reader, "/tags")
    assert {t["text"]: t["count"] for t in listed} == {
        t["text"]: sum(t["text"] in o["tags"] for o in everything) for t in listed
    }
    assert [t["text"].casefold() for t in listed] == sorted(t["text"].casefold() for t in listed)


def test_confidential_ones_are_hidden_by_default_and_refused_without_the_grant(
    library: Running, reader: httpx.Client
) -> None:
    """1.5"""
    default, everything = (
        walk(reader, "/opportunities"),
        walk(reader, "/opportunities", confidentiality="all"),
    )
    hidden = next(o["id"] for o in everything if o["confidentiality"] == "confidential")
    assert hidden not in {o["id"] for o in default}
    with httpx.Client(base_url=library.base_url, auth=(library.restricted_key, "")) as restricted:
        assert restricted.get("/opportunities", params={"confidentiality": "all"}).status_code == 403
        assert restricted.get(f"/opportunities/{hidden}").status_code == 403
        posting = walk(reader, "/postings", confidentiality="confidential")[0]["id"]
        assert restricted.get(f"/postings/{posting}").status_code == 403
        assert len(walk(restricted, "/opportunities")) == len(default)


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"created_at_start": "x"}])
def test_parameters_out_of_range_are_refused(reader: httpx.Client, params: dict[str, Any]) -> None:
    """2, 3.1, row 15"""
    answer = reader.get("/opportunities", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequestError")


def test_candidates_are_opportunities_under_another_path(reader: httpx.Client) -> None:
    """4"""
    opportunity = reader.get("/opportunities", params={"limit": 1}).json()["data"][0]
    assert reader.get("/candidates", params={"limit": 1}).json()["data"] == [opportunity]
    assert reader.get(f"/candidates/{opportunity['id']}").json() == {"data": opportunity}


def test_contacts_share_their_data_and_have_no_tags(reader: httpx.Client) -> None:
    """5"""
    opportunity = next(o for o in walk(reader, "/opportunities") if o["emails"])
    contact = reader.get(f"/contacts/{opportunity['contact']}").json()["data"]
    assert contact["location"] == {"name": opportunity["location"]}
    assert "tags" not in contact
    found = walk(reader, "/opportunities", email=opportunity["emails"][0].upper(), confidentiality="all")
    assert {o["contact"] for o in found} == {opportunity["contact"]}
    assert (
        reader.get("/opportunities", params={"email": "nobody"}).json()["message"]
        == "Email address is not valid"
    )


def test_users_are_active_ones_unless_asked(reader: httpx.Client) -> None:
    """6"""
    active, everyone = walk(reader, "/users"), walk(reader, "/users", includeDeactivated="true")
    assert {u["deactivatedAt"] for u in active} == {None}
    assert len(everyone) > len(active)
    assert walk(reader, "/users", email=active[0]["email"]) == active[:1]
